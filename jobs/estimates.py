"""Estimates: tokens and money that a teacher's missing answers will take, and what they cannot exceed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean, pstdev

from jobs.asking import requests_of
from jobs.budgets import urls_of
from pipeline.execute import Execution
from pipeline.models.ledger import Ledger
from pipeline.models.prices import Price, price_of
from pipeline.models.tokens import bound, estimate
from pipeline.step import Step
from pipeline.store import Store
from schemas.manifest import Manifest

# A ledger may hold millions of answers; the mean of this many is close enough.
_MOST_READ = 10_000


@dataclass(frozen=True)
class Estimate:
    """What is expected and, as `most_…`, what cannot be passed. Expected completion tokens are the mean over the `known` answers of the
    model in the ledger (`spread`: their standard deviation) and None without any, as is money where no price is known (10^-9 USD)."""

    known: int
    spread: float | None
    prompt_tokens: int
    completion_tokens: int | None
    cost_nanousd: int | None
    most_prompt_tokens: int
    most_completion_tokens: int
    most_cost_nanousd: int | None


def estimate_of(step: Step, execution: Execution, store: Store, ledger_root: Path, manifest: Manifest) -> Estimate:
    """What the missing answers of a sample step whose questions are known will take.

    Raises: LedgerError.
    """
    recipe = step.recipe
    missing = prompt = most_prompt = 0
    ledger = Ledger(ledger_root)
    try:
        for shard in sorted(execution.outputs["choose"]):
            for request in requests_of(step, execution, store, shard):
                keys = [request.key(index) for index in request.samples]
                left = len(keys) - len(ledger.known(keys))
                if left:
                    missing += left
                    prompt += left * estimate(request)
                    most_prompt += left * bound(request)
        history = _history(ledger, recipe.model)
    finally:
        ledger.close()
    told = next((teacher.price for teacher in manifest.teachers if teacher.name == recipe.teacher), None)
    price = price_of(recipe.model, urls_of(recipe.teacher), told)
    completion = round(missing * fmean(history)) if history else None
    most_completion = missing * recipe.max_tokens
    return Estimate(
        len(history),
        pstdev(history) if history else None,
        prompt,
        completion,
        None if completion is None else _cost(price, prompt, completion),
        most_prompt,
        most_completion,
        _cost(price, most_prompt, most_completion),
    )


def _cost(price: Price | None, prompt: int, completion: int) -> int | None:
    """At the dearest: with all of the prompts cached, or none."""
    if price is None:
        return None
    return max(price.cost_nanousd(prompt, completion), price.cost_nanousd(prompt, completion, prompt))


def _history(ledger: Ledger, model: str) -> Sequence[int]:
    """Completion tokens of answers that the model gave before."""
    read = (entry for entry in islice(ledger.entries(), _MOST_READ) if entry.model == model)
    return [entry.completion.completion_tokens for entry in read if entry.completion.completion_tokens]
