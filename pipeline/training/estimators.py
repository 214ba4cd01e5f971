"""DRPO for other trainers: advantage estimators with the signatures of verl's and EasyR1's hooks, and the domains that these leave out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from pipeline.training.drpo import Drpo, DrpoRecipe
from schemas.errors import UsageError

Estimate = Callable[..., tuple[Any, Any]]
_DOMAINS: ContextVar[Any] = ContextVar("domains", default=None)
_HOW = "wrap the trainer's compute_advantage: ray_trainer.compute_advantage = with_domains(ray_trainer.compute_advantage)"


def drpo_estimator(recipe: DrpoRecipe | None = None) -> Estimate:
    """A function to register by `@register_adv_est("drpo")` (verl) or `@register_adv_estimator("drpo")` (EasyR1).

    Both call it with token_level_rewards and response_mask, (rollouts, tokens) tensors, and with index, a question's name for each
    rollout; neither with domains, which `with_domains` hands over. It returns advantages and returns, of that shape.
    """
    drpo = Drpo(recipe or DrpoRecipe())

    def estimate(token_level_rewards: Any, response_mask: Any, index: Any = None, **_: Any) -> tuple[Any, Any]:
        domains = _DOMAINS.get()
        if index is None or domains is None:
            raise UsageError(f"DRPO was called without {'questions (uid)' if index is None else 'domains'}; {_HOW}.")
        rewards = token_level_rewards.sum(-1).detach().cpu().double().numpy()
        rows: dict[Any, list[int]] = {}
        for place, name in enumerate(index):
            rows.setdefault(name, []).append(place)
        counts = sorted({len(places) for places in rows.values()})
        if len(counts) != 1 or counts[0] < 2:
            raise UsageError(
                f"DRPO: questions have {', '.join(map(str, counts))} rollouts; give each the same number, two or more (rollout.n)."
            )
        places = np.array(list(rows.values()))
        scaled = np.empty(len(rewards))
        scaled[places] = drpo.advantages(rewards[places], [str(domains[one[0]]) for one in places])
        told = token_level_rewards.new_tensor(scaled)[:, None] * response_mask
        return told, told

    return estimate


def with_domains(compute_advantage: Callable[..., Any], column: str = "data_source") -> Callable[..., Any]:
    """The trainer's `compute_advantage(data, …)`, in which the estimator finds the domain of every rollout in that column of the data."""

    @wraps(compute_advantage)
    def computed(data: Any, *args: Any, **told: Any) -> Any:
        if column not in data.non_tensor_batch:
            raise UsageError(
                f"DRPO: the data have no column {column}; they have {', '.join(sorted(data.non_tensor_batch))}. Name the domain's."
            )
        with _told(data.non_tensor_batch[column]):
            return compute_advantage(data, *args, **told)

    return computed


@contextmanager
def _told(domains: Any) -> Iterator[None]:
    token = _DOMAINS.set(domains)
    try:
        yield
    finally:
        _DOMAINS.reset(token)
