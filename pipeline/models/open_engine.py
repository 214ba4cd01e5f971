"""Opening a model in the process where it is used, when the first answer is missing: what the ledger holds needs no engine."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipeline.models.engine_args import Weights
from pipeline.models.generate import Completion, Request
from pipeline.models.ledger import Ledger
from pipeline.step import Answered, Context

if TYPE_CHECKING:
    from pipeline.models.vllm import VllmTeacher


class LazyEngine:
    """An engine that is started by the first question whose answer the ledger does not hold."""

    def __init__(self, weights: Weights, context: Context) -> None:
        self._weights = weights
        self._root = context.ledger
        self._ledger = Ledger(context.ledger)
        self._engine: VllmTeacher | None = None
        self._opening = Lock()

    def __call__(self, requests: Sequence[Request]) -> list[tuple[Completion, ...]]:
        """As `VllmTeacher` answers.

        Raises: TeacherError where an answer is missing and the model cannot be loaded; EngineError where its engine died.
        """
        keys = [[request.key(sample) for sample in request.samples] for request in requests]
        known = self._ledger.get([key for asked in keys for key in asked])
        if all(key in known for asked in keys for key in asked):
            return [tuple(known[key] for key in asked) for asked in keys]
        return self._opened()(requests)

    @property
    def told(self) -> Answered:
        """The samples that were not in the ledger, and how many of them now are."""
        return self._engine.told if self._engine else Answered()

    def close(self) -> None:
        """Ends the engine and closes the ledger's files."""
        if self._engine is not None:
            self._engine.close()
        self._ledger.close()

    def _opened(self) -> "VllmTeacher":
        from pipeline.models.vllm import VllmTeacher

        with self._opening:
            if self._engine is None:
                self._engine = VllmTeacher(self._weights, Ledger(self._root))
            return self._engine


def open_engine(recipe: Any, context: Context, *, weights: Weights) -> LazyEngine:
    """The model of a sample step whose weights lie here; where they lie is no part of what it is."""
    return LazyEngine(weights, context)
