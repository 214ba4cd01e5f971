"""Whether published images show one picture in train and in heldout, or one that a benchmark holds, by the machinery of a build."""

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pipeline.benchmark import Shown
from pipeline.images.cluster import Drawn, apart, joined, sketch_of
from pipeline.images.decode import measure
from pipeline.images.near import Candidate, near, ranked
from pipeline.images.phash import perceptual_hashes
from pipeline.images.spill import Spill
from pipeline.publish.findings import Findings
from schemas.manifest import Images

Read = Callable[[], Iterable[tuple[str, bytes]]]
BenchmarkImages = Callable[[], Iterable[tuple[str, str, bytes]]]
BITS = 64


class Published(NamedTuple):
    """An image of a corpus: in which splits it stands, and where it was met first."""

    splits: frozenset[str]
    where: str


class Alike:
    """What is known of the pictures of a corpus and of benchmarks after their images were read, and candidates read again."""

    def __init__(
        self, asked: Images, published: Mapping[str, Published], ours: Read, theirs: BenchmarkImages | None, *, changed: bool = False
    ) -> None:
        """`changed`: pictures are published otherwise than they were compared, smaller or masked."""
        self.findings = Findings("pictures", "images")
        self.findings.seen = len(published)
        self._benchmarks: defaultdict[str, dict[str, str]] = defaultdict(dict)
        known = {digest: _candidate(data) for digest, data in ours()}
        for name, upstream, data in theirs() if theirs else ():
            image = _candidate(data)
            self._benchmarks[name].setdefault(image.digest, upstream)
            known.setdefault(image.digest, image)
        images = ranked([image for image in known.values() if image.phash64])
        found = near(images, asked.radius, published)
        wanted = {images[place].digest for place in found.candidates().tolist()}
        self._images = {image.digest: image for image in images}
        with tempfile.TemporaryFile() as file:
            drawn = Spill(file)
            for digest, data in ours():
                if digest in wanted:
                    drawn.put(digest, _drawn(data, asked))
            for _, _, data in theirs() if theirs and wanted - set(drawn.pixels) else ():
                digest = hashlib.sha256(data).hexdigest()
                if digest in wanted and digest not in drawn.pixels:
                    drawn.put(digest, _drawn(data, asked))
            self._members, self._pixels = joined(images, found, drawn.draw), drawn.pixels
        self._held = {name: self._pictures_of(digests) for name, digests in self._benchmarks.items()}
        self._look(published, changed)

    def _look(self, published: Mapping[str, Published], changed: bool) -> None:
        """Finds pictures on both sides. Those that were changed were told apart as they were before: what is alike now is only told."""
        for digests in self._pictures_of(published).values():
            train, heldout = ([one for one in digests if split in published[one].splits] for split in ("train", "heldout"))
            if len(digests) == 1 or not train or not heldout:
                continue
            if changed:
                self.findings.asides["alike in train and heldout as they are published"] += 1
            else:
                self.findings.add("picture in train and heldout", f"{published[train[0]].where} and {published[heldout[0]].where}")

    def shown(self, benchmark: str, digest: str) -> Shown | None:
        """The nearest image of a benchmark that shows the picture of a published image."""
        theirs = self._benchmarks.get(benchmark, {})
        if digest in theirs:
            return Shown(theirs[digest], "pixels", 1.0)
        held = self._held[benchmark].get(self._members[digest].keeper) if theirs and digest in self._members else None
        if not held:
            return None
        mine = self._pixels[digest]
        same = next((one for one in held if mine and self._pixels[one] == mine), None)
        if same:
            return Shown(theirs[same], "pixels", 1.0)
        distance, nearest = min((apart(self._images[digest].phash64, self._images[one].phash64), one) for one in held)
        return Shown(theirs[nearest], "picture", 1 - distance / BITS)

    def _pictures_of(self, digests: Iterable[str]) -> dict[str, list[str]]:
        """The images of each picture."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for digest in sorted(digests):
            if digest in self._members:
                found[self._members[digest].keeper].append(digest)
        return found


def _candidate(data: bytes) -> Candidate:
    found = perceptual_hashes(data)
    return Candidate(hashlib.sha256(data).hexdigest(), *found[:5], len(data))


def _drawn(data: bytes, asked: Images) -> Drawn:
    pixels = measure(data).pixels_digest
    return Drawn(pixels, sketch_of(data) if pixels and asked.near != "none" else None)
