"""Privacy: which rows hold identifiers of persons, and that none of them is sent away without permission."""

import os
from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from jobs.asking import left_to_ask
from jobs.served import receivers, runs_here
from pipeline.graph import Execution, Graph
from pipeline.models.endpoints import endpoint_for
from pipeline.models.withhold import NEXT
from pipeline.stages.sample import SampleRecipe, takes
from pipeline.step import Step
from pipeline.store import Store
from schemas.errors import ManifestError
from schemas.example import AnswerType, Chosen, Identified
from schemas.manifest import Manifest

_COLUMNS = (Chosen.id, Chosen.source, Chosen.images, Chosen.answer_type, Chosen.identifiers)


def has_remote(manifest: Manifest, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether some teacher or the judge is not on this machine.

    Raises: TeacherError where an endpoint is not told.
    """
    return any(endpoint_for(one.name, environ).remote for one in receivers(manifest, environ))


def check_texts(graph: Graph, execution: Execution, store: Store, environ: Mapping[str, str] = os.environ) -> None:
    """Refuses what would send rows away that hold identifiers of persons; what is not chosen yet is not looked at.

    Raises: ManifestError naming the rows by source and what permits them.
    """
    for step in graph.steps:
        if step.open is None or runs_here(step) or not endpoint_for(step.recipe.teacher, environ).remote:
            continue
        held: Counter[str] = Counter()
        for ref in execution.refs("choose", "chosen"):
            held.update(_withheld(step, store.read(ref, _COLUMNS)))
        known = left_to_ask(step, execution, store, store.root / "ledger") if held else None
        if held and (known is None or known.missing):
            told = ", ".join(f"{count:,} of {source}" for source, count in sorted(held.items()))
            rows = "row holds" if held.total() == 1 else "rows hold"
            raise ManifestError(
                f"Teacher {step.recipe.teacher} is remote, and {held.total():,} {rows} identifiers of persons in its text ({told}). {NEXT}"
            )


def _withheld(step: Step, chosen: pa.Table) -> list[str]:
    """The sources of the rows that a teacher or judge could be asked about and that may not be sent away."""
    rows = (row for row in chosen.to_pylist() if row[Chosen.identifiers])
    recipe = step.recipe
    if isinstance(recipe, SampleRecipe):
        return [row[Chosen.source] for row in rows if takes(row[Chosen.images], recipe.sees, recipe.earlier)]
    return [row[Chosen.source] for row in rows if row[Chosen.answer_type] == AnswerType.OPEN]


def identified(store: Store, execution: Execution) -> Counter[tuple[str, str]] | None:
    """Rows by source and kind of identifier that was found in them; None while not all rows are scanned."""
    ran = execution.ran.get("scan_text")
    if ran is None or not ran.units or ran.left or ran.failed:
        return None
    counts: Counter[tuple[str, str]] = Counter()
    for ref in execution.refs("scan_text", "identified"):
        rows = store.read(ref, (Identified.id, Identified.source, Identified.kind)).to_pylist()
        counts.update((source, kind) for _, source, kind in {tuple(row.values()) for row in rows})
    return counts
