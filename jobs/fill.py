"""Filling: a corpus's withheld pictures come back from upstream's files, where each is the one that its rows name."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs.audit import ingested
from jobs.steps.pictures import bound_recipe
from pipeline.images.frames import Frame
from pipeline.publish.corpus import Corpus, check_outside, check_tables, read_corpus
from pipeline.publish.fill import fill, withheld
from pipeline.publish.lock import library_versions
from pipeline.stages.bound_images import bound_images
from schemas.errors import CorpusError, StoreError, UsageError
from schemas.image import Image


@dataclass(frozen=True)
class Filled:
    """A corpus whose pictures are there. `images`: how many were put back."""

    out: Path
    sources: tuple[str, ...]
    images: int

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "out": str(self.out), "sources": list(self.sources)}


def run(path: Path, places: Mapping[str, Path], out: Path) -> Filled:
    """Puts the pictures of some sources back, from upstream's files; at `out` a corpus of its own.

    Raises: UsageError where the corpus withholds nothing of a source; CorpusError where a picture is not in the files or comes out
    otherwise; SourceError, StoreError.
    """
    corpus = read_corpus(path)
    held = sorted(corpus.lock.get("withheld") or {})
    unknown = sorted(set(places) - set(held))
    if unknown or not places:
        known = f"only of {', '.join(held)}" if held else "of none of its sources"
        what = f"--source {unknown[0]}=…: the" if unknown else "Name a source with --source NAME=PATH: the"
        raise UsageError(f"{what} corpus withholds pictures {known}.")
    if out.resolve() == path.resolve():
        raise UsageError(f"{path} would take its own place. Name another folder with --out: the filled copy is not to be passed on.")
    check_outside(out, path)
    check_tables(corpus)
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fill-", dir=out.absolute().parent) as folder:
            pictures, tables = Path(folder) / "pictures", Path(folder) / "tables"
            pictures.mkdir()
            count = sum(_collect(corpus, name, place, pictures) for name, place in sorted(places.items()))
            fill(corpus, out, sorted(places), lambda name: (pictures / name).read_bytes(), tables)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}. Make room or choose another folder with --out.") from error
    return Filled(out, tuple(sorted(places)), count)


def _collect(corpus: Corpus, source: str, place: Path, folder: Path) -> int:
    """Puts the withheld pictures of a source into a folder under their names; returns how many."""
    wanted = withheld(corpus, {source})
    missing, other = dict(wanted), dict[str, str]()
    dataset = next(one for one in corpus.manifest.source if one.name == source)
    recipe = bound_recipe(corpus.manifest)
    for _, tables in ingested([(dataset, place, Frame(corpus.manifest.images.frame))]):
        images = tables["images"]
        for start in range(images.num_rows):
            if (digest := images[Image.digest][start].as_py()) not in missing:
                continue
            row = images.slice(start, 1)
            row = bound_images(row, recipe)["images"]
            name, data = missing.pop(digest), row[Image.bytes][0].as_py()
            if hashlib.sha256(data).hexdigest() != name.partition(".")[0]:
                other[digest] = name
            (folder / name).write_bytes(data)
    if missing:
        shown = next(iter(sorted(missing)))
        raise CorpusError(
            f"{len(missing):,} of {len(wanted):,} pictures of {source} are not in {place}: the first has upstream's sha256 {shown}. "
            f"Name the files of the revision that {corpus.path / 'lock.json'} locks."
        )
    if other:
        raise CorpusError(_changed(corpus, source, other))
    return len(wanted)


def _changed(corpus: Corpus, source: str, other: Mapping[str, str]) -> str:
    """Why pictures whose upstream bytes are right come out otherwise: another version of what cleans and shrinks them."""
    then, now = corpus.lock["libraries"].get("pillow"), library_versions()["pillow"]
    which = f"pillow {now} is here, {then} made them" if then != now else "another medtrace made them"
    return (
        f"{len(other):,} pictures of {source} come out in other bytes than the corpus names, though upstream's are the same: {which}. "
        f"Install what {corpus.path / 'lock.json'} names under libraries, then fill again."
    )
