"""What teachers would still be asked: the questions that are known, less what the ledger holds."""

from pathlib import Path
from typing import NamedTuple

from pipeline.execute import Execution
from pipeline.models.ledger import Ledger
from pipeline.stages.sample import SampleRecipe, questions
from pipeline.step import Step
from pipeline.store import Store
from schemas.example import Chosen


class Asking(NamedTuple):
    """A teacher's questions, and the samples of them that no ledger holds."""

    questions: int
    missing: int


def left_to_ask(step: Step, execution: Execution, store: Store, ledger_root: Path) -> Asking | None:
    """What a sample step would ask now; None while its questions are not all known."""
    recipe: SampleRecipe = step.recipe
    units = execution.ran[step.name].units
    if not units or len(execution.outputs["choose"]) != units:
        return None
    columns = next((read.columns for read in step.reads if read.name == "chosen" and read.columns), tuple(Chosen.columns))
    asked = missing = 0
    ledger = Ledger(ledger_root)
    try:
        for shard, made in sorted(execution.outputs["choose"].items()):
            images = store.read(execution.outputs["gather"][shard]["images"]) if "image" in recipe.sees else None
            for question in questions(store.read(made["chosen"], columns), recipe, images):
                asked += 1
                keys = [question.request.key(index) for index in question.request.samples]
                missing += len(keys) - len(ledger.known(keys))
    finally:
        ledger.close()
    return Asking(asked, missing)
