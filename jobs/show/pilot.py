"""What is said of a pilot: what all questions will take by it, and how far off it was."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.models.prices import usd

if TYPE_CHECKING:
    from jobs.pilots import Guess, Pilot, Told

_KINDS = {"requests": "requests", "prompt_tokens": "prompt tokens", "completion_tokens": "completion tokens"}


def pilot_lines(found: "Pilot") -> Iterator[str]:
    """A line for the pilot, and one or two for each that it asked."""
    yield f"Pilot of {found.asked:,} of {found.questions:,} questions, for all of them (± two standard errors):"
    for one in found.told:
        yield f"  {one.name} expected: {_listed(one)}."
        if one.actual is not None:
            yield f"  {one.name} took: {_took(one)}."


def _listed(one: "Told") -> str:
    parts = [f"{guess.expected:,} ± {guess.margin:,} {name}" for kind, name in _KINDS.items() if (guess := one.guesses[kind])]
    return ", ".join([*parts, _money(one.guesses["cost_nanousd"])])


def _money(guess: "Guess | None") -> str:
    return "price unknown" if guess is None else f"{usd(guess.expected)} ± {usd(guess.margin)}"


def _took(one: "Told") -> str:
    assert one.actual is not None
    parts = [f"{getattr(one.actual, kind):,} {name}{_error(one, kind)}" for kind, name in _KINDS.items()]
    if one.actual.cost_nanousd is not None:
        parts.append(f"{usd(one.actual.cost_nanousd)}{_error(one, 'cost_nanousd')}")
    return ", ".join(parts)


def _error(one: "Told", kind: str) -> str:
    error = one.error(kind)
    return "" if error is None else f" (estimate {error:+.1%})"
