"""The datasets medtrace knows: upstream files in, rows out. No network."""

from schemas.errors import ManifestError
from sources import headqa, medmcqa, medqa, mmlu_med, pubmedqa, vqa_rad
from sources.source import Source

SOURCES = (medmcqa.SOURCE, medqa.SOURCE, pubmedqa.SOURCE, headqa.SOURCE, mmlu_med.SOURCE, vqa_rad.SOURCE)


def by_name(name: str) -> Source:
    """The dataset of that name.

    Raises: ManifestError that lists the known ones.
    """
    for source in SOURCES:
        if source.name == name:
            return source
    known = ", ".join(source.name for source in SOURCES)
    raise ManifestError(f'No dataset is called "{name}"; known are {known}. Name one of them, or give kind = "table" or "imagefolder".')
