"""A model that is not asked: what the ledger holds of it, and nothing else."""

from collections.abc import Sequence

from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.models.open import Taught
from pipeline.step import Context
from schemas.errors import PinError


class Recorded:
    """A teacher's or judge's answers of an earlier build."""

    wanted = answered = 0

    def __init__(self, recipe: Taught, context: Context) -> None:
        self._recipe = recipe
        self._ledger = Ledger(context.ledger)

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """The answers.

        Raises: PinError where the ledger lacks one.
        """
        keys = [[request.key(sample) for sample in request.samples] for request in requests]
        wanted = [key for asked in keys for key in asked]
        known = self._ledger.get(wanted)
        missing = sum(key not in known for key in wanted)
        if missing:
            raise PinError(
                f"The ledger {self._ledger.root} lacks {missing:,} of {len(wanted):,} answers of {self._recipe.teacher} "
                f"({self._recipe.model}), and a locked rebuild asks nobody. Name the store of the corpus with --store."
            )
        return [tuple(known[key] for key in asked) for asked in keys]

    def close(self) -> None:
        """Gives back the ledger's files."""
        self._ledger.close()


def open_recorded(recipe: Taught, context: Context) -> Recorded:
    """The answers that a step was given before."""
    return Recorded(recipe, context)
