"""What a source is: where its files are, which layouts they come in, and how a row reads."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import SourceError
from schemas.example import AnswerType
from schemas.vocabulary import Modality
from sources.formats import describe


class Access(StrEnum):
    """Who may have a dataset."""

    OPEN = "open"
    GATED = "gated"
    REGISTERED = "registered"
    CREDENTIALED = "credentialed"
    KAGGLE = "kaggle"


class Row(NamedTuple):
    """One upstream row, read. A row with a `fault` becomes a reject with that reason.

    `domain` and `task` follow from modality, body part and answer where they are empty. `time_series`: float32, lead after lead.
    `traces`: completions that upstream publishes beside the question, verbatim but for the tags around a thought.
    """

    row: str
    question: str = ""
    answer_type: AnswerType = AnswerType.MCQ
    gold: Mapping[str, Any] = {}
    options: tuple[str, ...] = ()
    context: str = ""
    images: tuple[bytes, ...] = ()
    modality: str = Modality.TEXT
    subject: str = ""
    domain: str = ""
    body_part: str = ""
    task: str = ""
    time_series: bytes = b""
    traces: tuple[str, ...] = ()
    group: str = ""
    license: str = ""
    fault: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Part:
    """A piece of upstream files that is read as one work unit.

    `files` are all files that its rows depend on (the table first, then image files), so that their
    digests identify the part; `start` and `stop` bound it (rows, bytes or row groups: the layout's own);
    `about` holds what its rows depend on besides (the class names of a folder of images); `first` is the place of
    its first row in the file, where bytes bound it.
    """

    root: Path
    files: tuple[Path, ...]
    start: int = 0
    stop: int = -1
    about: tuple[str, ...] = ()
    first: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names below the root, in order."""
        return tuple(file.relative_to(self.root).as_posix() for file in self.files)


@dataclass(frozen=True)
class Layout:
    """One way in which a dataset's files exist in the wild.

    `find` returns the parts of a split in a file or folder, none where something else lies there. Both
    functions are module-level ones or partials of such: layouts cross process boundaries. `unverified` says what is
    assumed of files that no one here has seen; it is told whenever the layout is read.
    """

    name: str
    find: Callable[[Path, str], tuple[Part, ...]]
    read: Callable[[Part], Iterator[Row]]
    unverified: str = ""


@dataclass(frozen=True)
class Source:
    """A dataset: its facts, and its layouts from the most to the least specific.

    `place` says which files a person puts into `path` where they cannot be fetched, `apply` where to ask for them.
    `sizes` (rows) and `images` by split and `question_tokens` (a mean; 71 is what OctoMed publishes of its questions)
    are what upstream says: a plan counts with them where no file is there.
    """

    name: str
    version: int
    title: str
    homepage: str
    license: str
    access: Access
    task: str
    modality: str
    rows: str
    splits: tuple[str, ...]
    default_split: str
    layouts: tuple[Layout, ...]
    raw_row: str
    repo: str = ""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    note: str = ""
    citation: str = ""
    benchmark_only: bool = False
    place: str = ""
    apply: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    images: Mapping[str, int] = field(default_factory=dict[str, int])
    question_tokens: int = 71

    def layout_for(self, path: Path, split: str | None) -> Layout:
        """The first layout that fits what lies at a path.

        Raises: SourceError where the path is not there, the split is unknown, or no layout fits.
        """
        return self.fit(path, split)[0]

    def parts(self, path: Path, split: str | None) -> tuple[Part, ...]:
        """The pieces in which a split is read (None: the default split), in the order of the files.

        Raises: SourceError as `layout_for` does.
        """
        return self.fit(path, split)[1]

    def fit(self, path: Path, split: str | None) -> tuple[Layout, tuple[Part, ...]]:
        """The layout that fits, with its parts.

        Raises: SourceError as `layout_for` does.
        """
        wanted = split or self.default_split
        if wanted not in self.splits:
            known = ", ".join(self.splits)
            raise SourceError(f'{self.name} has no split "{wanted}", only {known}. Name one of these as split.')
        if not path.exists():
            raise SourceError(f"{self.name}: {path} does not exist. Name the file or folder as path, or leave path out to fetch it.")
        found = self._find(path, wanted)
        if found is not None:
            return found
        there = [split for split in self.splits if split != wanted and self._holds(path, split)]
        known = "; ".join(layout.name for layout in self.layouts)
        raise SourceError(
            f"{self.name}: no layout of its {wanted} split fits {path}, where there is {describe(path)}; known are {known}. "
            f"{self.place or 'Point path to the files as upstream publishes them.'}"
            + (f" Or name another split, whose files are there: {', '.join(there)}." if there else "")
        )

    def _find(self, path: Path, split: str) -> tuple[Layout, tuple[Part, ...]] | None:
        for layout in self.layouts:
            try:
                parts = layout.find(path, split)
            except OSError as error:
                at = error.filename or path
                raise SourceError(f"{self.name}: {at} cannot be read: {error.strerror}. Check its permissions.") from error
            if parts:
                return layout, parts
        return None

    def _holds(self, path: Path, split: str) -> bool:
        """Whether a split's files are there and can be read."""
        try:
            return self._find(path, split) is not None
        except SourceError:
            return False
