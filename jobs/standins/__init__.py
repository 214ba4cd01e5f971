"""Stand-ins: invented rows in a dataset's exact layout, for trying a manifest where its files are not at hand. They teach nothing."""

from pathlib import Path

from jobs.standins import clinical, labelled, pictured, scans, texts
from jobs.standins.drawn import dice
from schemas.errors import ManifestError, SourceError
from sources import by_name

MARK = "STAND-IN.txt"


def write_standin(name: str, folder: Path, split: str | None = None, rows: int = 12, seed: int = 0) -> None:
    """Writes invented files of a dataset into a folder that is empty or not there yet.

    Raises: ManifestError for an unknown dataset or split, SourceError where other files are there.
    """
    source = by_name(name)
    wanted = split or source.default_split
    if wanted not in source.splits:
        raise ManifestError(f'{name} has no split "{wanted}", only {", ".join(source.splits)}. Name one of these.')
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file())):
        raise SourceError(f"{folder} holds other files already. Name a folder that is empty or not there yet.")
    writers = texts.WRITERS | pictured.WRITERS | labelled.WRITERS | clinical.WRITERS | scans.WRITERS
    folder.mkdir(parents=True, exist_ok=True)
    writers[name](folder, wanted, rows, dice(f"{name} {wanted}", seed))
    (folder / MARK).write_text(f"Invented rows in the layout of {source.title}, written by medtrace. No patient, no medicine.\n")
