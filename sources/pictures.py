"""The images of a table: found by the names its rows say, in folders and archives beside it, and listed in its parts."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from os.path import splitext
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import SourceError
from sources.archives import is_archive, open_archive
from sources.files import Record, cut, home, located, records, to_row
from sources.formats import Format, check_name, columns_of, format_of
from sources.images import IMAGE_SUFFIXES, load
from sources.rows import Fault
from sources.source import Part, Row

PART_IMAGES = 500
Names = Callable[[Record], Sequence[str]]


class Place(NamedTuple):
    """Where an image lies: a file, or a member of an archive."""

    file: Path
    member: str = ""


class Pictures:
    """The images below a folder or in some files, by relative name; the shortest path wins where only the end of a name is told."""

    def __init__(self, root: Path, files: Iterable[Path], suffixes: frozenset[str] = IMAGE_SUFFIXES) -> None:
        # Names stand alone where they can, for there may be millions.
        self._by_end: dict[str, str | list[str]] = {}
        self._whole: dict[str, Path] = {}
        self._archives: set[Path] = set()
        self._by_folder: dict[str, list[str]] = {}
        for file in files:
            if is_archive(file):
                archive = open_archive(file)
                held = [name for name in archive.names if splitext(name)[1].lower() in suffixes]
                inner = [] if held else [name for name in archive.names if is_archive(Path(name))]
                if inner:
                    raise SourceError(
                        f"{file} holds no images but the archive {inner[0]!r}. Unpack {file.name} once, so that {inner[0]} lies beside it."
                    )
                self._archives.add(file)
                for name in held:
                    self._add(name, file)
            elif file.suffix.lower() in suffixes:
                self._add(file.relative_to(root).as_posix(), file)

    def _add(self, name: str, file: Path) -> None:
        if name in self._whole:
            return
        self._whole[name] = file
        for end in _ends(name):
            if end == name:
                continue
            known = self._by_end.setdefault(end, name)
            if isinstance(known, list):
                known.append(name)
            elif known is not name:
                self._by_end[end] = [known, name]

    def __len__(self) -> int:
        return len(self._whole)

    def find(self, name: str) -> Place:
        """The image of a name as a row tells it.

        Raises: Fault where the name leads out of the folder, or there is no such image.
        """
        told = name.strip()
        if not told or "\0" in told or told.startswith(("/", "\\")) or ".." in told.replace("\\", "/").split("/") or told[1:2] == ":":
            raise Fault("image path refused" if told else "image missing", told[:120])
        told = told.removeprefix("./")
        if told in self._whole:
            return self._place(told)
        alike: Sequence[str] = next((names for end in _ends(told) if (names := self._ending(end))), ())
        fitting = [whole for whole in alike if whole.endswith("/" + told)]
        if fitting:
            least = min(whole.count("/") for whole in fitting)
            return self._place(_only([whole for whole in fitting if whole.count("/") == least], told))
        # Upstream's paths begin with folders of its own machine (data/v2/…): the longest common end decides.
        shared = [(_common(told, whole), whole) for whole in alike]
        best = max((length for length, _ in shared), default=0)
        return self._place(_only([whole for length, whole in shared if length == best], told))

    def _ending(self, end: str) -> Sequence[str]:
        """The names that end so."""
        known = self._by_end.get(end, [])
        names = known if isinstance(known, list) else [known]
        return [*names, end] if end in self._whole else names

    def _place(self, name: str) -> Place:
        file = self._whole[name]
        return Place(file, name if file in self._archives else "")

    def read(self, name: str) -> bytes:
        """The bytes of the image of that name. Raises: Fault, SourceError."""
        return read_place(self.find(name), name)

    def below(self, folder: str) -> tuple[str, ...]:
        """The names of the images below every folder of that name, sorted."""
        if not self._by_folder:
            for name in sorted(self._whole):
                for above in set(name.split("/")[:-1]):
                    self._by_folder.setdefault(above, []).append(name)
        return tuple(self._by_folder.get(folder, ()))


def _ends(name: str) -> Iterator[str]:
    """The last three folders and names of a path, the last two, and its own name: many sets call all images alike."""
    parts = name.split("/")
    return ("/".join(parts[-count:]) for count in (3, 2, 1) if count <= len(parts))


def _only(names: Sequence[str], told: str) -> str:
    if len(names) != 1:
        raise Fault("image named unclearly" if names else "image missing", told[:120])
    return names[0]


def _common(one: str, other: str) -> int:
    count = 0
    for ours, theirs in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def read_place(place: Place, name: str) -> bytes:
    """The bytes at a place. Raises: Fault where they are none, SourceError where they cannot be read."""
    if not place.member:
        return load(place.file, name)
    content = open_archive(place.file).read(place.member)
    if not content:
        raise Fault("image empty", name[:120])
    return content


def picture_files(root: Path, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> tuple[Path, ...]:
    """The image files and archives below a folder, sorted; hidden ones and links that lead out of it left out.

    Raises: SourceError where a name is not UTF-8.
    """
    home = root.resolve()
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not (path.suffix.lower() in suffixes or is_archive(path)):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                continue
            check_name(path)
            found.append(path)
    return tuple(found)


def with_pictures(
    parts: Iterable[Part], root: Path, names: Names, part_rows: int = PART_IMAGES, suffixes: frozenset[str] = IMAGE_SUFFIXES
) -> tuple[Part, ...]:
    """The parts, each with the image files and archives that its rows name behind its own files; long JSON lists are cut by rows."""
    pictures = Pictures(root, picture_files(root, suffixes), suffixes)
    return tuple(_listed(piece, pictures, names) for part in parts for piece in _pieces(part, part_rows))


def _pieces(part: Part, part_rows: int) -> Iterator[Part]:
    if part.files[0].suffix.lower() != ".json" or part.start or part.stop >= 0:
        yield part
        return
    count = sum(1 for _ in records(part))
    for start in range(0, max(count, 1), part_rows):
        yield replace(part, start=start, stop=min(start + part_rows, count)) if count > part_rows else part


def _listed(part: Part, pictures: Pictures, names: Names) -> Part:
    found: dict[Path, None] = {}
    for name in (name for record in records(part) for name in names(record)):
        try:
            found[pictures.find(name).file] = None
        except Fault:
            continue
    return replace(part, files=(*part.files, *found))


@lru_cache(maxsize=4)
def pictures_of(root: Path, files: tuple[Path, ...], suffixes: frozenset[str] = IMAGE_SUFFIXES) -> Pictures:
    """The images of a part, by the names that its rows say."""
    return Pictures(root, files, suffixes)


def read_pictured(
    part: Part,
    *,
    row: Callable[..., Row],
    id: tuple[str, ...] = (),
    skip: Callable[[Record], bool] | None = None,
    chosen: Callable[[Record, str], bool] | None = None,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
) -> Iterator[Row]:
    """Each record of a part as a row that takes `pictures`; those that `skip` tells, or `chosen` does not for the part's split, are of another."""
    held = pictures_of(part.root, part.files[1:], suffixes)
    for record in records(part):
        if record.fault or not ((skip and skip(record)) or (chosen and not chosen(record, part.about[0]))):
            yield to_row(record, partial(row, pictures=held), id)


def find_pictured(
    path: Path,
    split: str,
    *,
    patterns: Mapping[str, tuple[str, ...]],
    format: Format,
    needs: tuple[str, ...],
    names: Names,
    about: tuple[str, ...] = (),
    tells_split: bool = False,
    part_rows: int = PART_IMAGES,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
) -> tuple[Part, ...]:
    """The parts of a split's tables with the images that their rows name, wherever below the folder these lie.

    `tells_split`: rows of several splits stand in one table, and the part says which is wanted.
    """
    tables = [
        file
        for file in located(path, patterns.get(split, ()))
        if format_of(file) is format and not set(needs).difference(columns_of(file, format))
    ]
    root = home(path)
    told = (split, *about) if tells_split else about
    parts = [replace(part, about=told) for table in tables for part in cut(root, table, part_rows=part_rows)]
    return with_pictures(parts, root, names, part_rows, suffixes) if parts else ()


def cells_of(*columns: str) -> Names:
    """The names in some columns."""
    return partial(_cells, columns=columns)


def _cells(record: Record, *, columns: tuple[str, ...]) -> Sequence[str]:
    said: list[Any] = [record.cells.get(column) for column in columns]
    return [name for name in said if isinstance(name, str) and name]
