"""Whether every published image decodes and is the one that its name says."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.images.decode import measure
from pipeline.publish.alike import Published
from pipeline.publish.corpus import CorpusShard, first_line
from pipeline.publish.findings import Findings
from pipeline.publish.layout import IMAGE_BYTES


class Pictures:
    """Every image decodes, and `images.path` names the sha256 of its bytes."""

    def __init__(self) -> None:
        self.findings = Findings("images", "images")
        self.published: dict[str, Published] = {}
        self._faults: dict[str, str] = {}

    def feed(self, shard: CorpusShard) -> None:
        """Looks at the images of a shard, each distinct one decoded once."""
        try:
            for ids, images in _groups(shard):
                self._look(shard, ids, images)
        except (OSError, pa.ArrowException) as error:
            self.findings.add("images cannot be read", f"{shard.name}: {first_line(error)}")

    def _look(self, shard: CorpusShard, ids: list[str], images: pa.ListArray) -> None:
        structs = images.flatten()
        data = structs.field("bytes")
        data = data if pa.types.is_dictionary(data.type) else data.dictionary_encode()
        digests = [self._digest(value) for value in data.dictionary]
        paths = structs.field("path").to_pylist()
        places = data.indices.to_pylist()
        at = 0
        for id, count in zip(ids, images.value_lengths().to_pylist(), strict=True):
            for place in range(at, at + count):
                digest, where = digests[places[place]], f"{id} in {shard.name}"
                before = self.published.get(digest, Published(frozenset(), where))
                self.published[digest] = Published(before.splits | {shard.split}, before.where)
                self._one(where, digest, paths[place])
            at += count

    def _one(self, where: str, digest: str, path: str) -> None:
        self.findings.seen += 1
        if self._faults[digest]:
            self.findings.add(self._faults[digest], f"{where}: {path}")
        if path.partition(".")[0] != digest:
            self.findings.add("path does not name the bytes", f"{where}: {path}")

    def _digest(self, value: pa.Scalar) -> str:
        """The sha256 of an image; decodes it where it is new."""
        data = value.as_py()
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._faults:
            self._faults[digest] = measure(data).fault
        return digest


def images_of(shards: Iterable[CorpusShard]) -> Iterator[tuple[str, bytes]]:
    """Every distinct image with the sha256 of its bytes; what cannot be read is left out."""
    seen: set[str] = set()
    for shard in shards:
        with suppress(OSError, pa.ArrowException):
            for _, images in _groups(shard):
                data = images.flatten().field("bytes")
                for value in data.dictionary if pa.types.is_dictionary(data.type) else data.unique():
                    digest = hashlib.sha256(value.as_py()).hexdigest()
                    if digest not in seen:
                        seen.add(digest)
                        yield digest, value.as_py()


def _groups(shard: CorpusShard) -> Iterator[tuple[list[str], pa.ListArray]]:
    """Ids and images, a row group at a time, repeated bytes held once."""
    with pq.ParquetFile(shard.path, read_dictionary=[IMAGE_BYTES]) as file:
        for group in range(file.metadata.num_row_groups):
            table = file.read_row_group(group, columns=["id", "images"], use_threads=False)
            ids = table["id"].to_pylist()
            start = 0
            for chunk in table["images"].chunks:
                yield ids[start : start + len(chunk)], chunk
                start += len(chunk)
