"""What a build warns of: it went well, and something asked for had no effect."""

from pathlib import Path

from jobs.build import Built
from pipeline.publish.overlaps import idle_rulings
from pipeline.store import Store


def warnings_of(built: Built, store: Path) -> list[str]:
    """A sentence for each rule of the manifest that decides about nothing, once the findings are known."""
    found = built.execution.refs("decide_overlaps", "overlaps")
    return idle_rulings(Store(store).path(found[0].step, found[0].key, found[0].output), built.manifest) if found else []
