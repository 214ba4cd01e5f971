"""The difference of two corpora: rows by id, counts by facet, shards, manifest keys."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.fingerprint import canonical_json
from pipeline.publish.corpus import Corpus, CorpusShard, read_corpus
from schemas.corpus import CONFIGS

SHOWN = 20
FACETS = ("verdict", "reason", "no_trace", "license")
_OF_DATASET = ("title", "license", "access", "homepage", "revision", "citation")
_IMAGE_PATH = "images.list.element.path"


@dataclass(frozen=True)
class RowsDiff:
    """How the rows of one config and source differ; a row that changed its split is a changed one."""

    config: str
    source: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True)
class CountDiff:
    """A count that differs: rows of a facet's value in a config, or a reason in the funnel."""

    where: str
    value: str
    old: int
    new: int


@dataclass(frozen=True)
class KeyDiff:
    """A manifest key that differs; None where it is not there."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True)
class ShardsDiff:
    """Shards by digest: the same in both, and those of one corpus alone (relative paths)."""

    identical: int
    old_only: tuple[str, ...]
    new_only: tuple[str, ...]


@dataclass(frozen=True)
class Diff:
    """How a corpus differs from an older one. `examples`: up to 20 ids by "config added", "config removed", "config changed".

    `made`: what they were made of and with, where that differs: licences, revisions and files of the datasets, verifier, versions of
    steps and libraries. It may differ where the corpora are the same.
    """

    rows: tuple[RowsDiff, ...]
    counts: tuple[CountDiff, ...]
    shards: ShardsDiff
    manifest: tuple[KeyDiff, ...]
    examples: Mapping[str, tuple[str, ...]]
    made: tuple[KeyDiff, ...] = ()

    @property
    def same(self) -> bool:
        """Whether both hold the same rows in the same shards, asked for in the same way."""
        return not (self.rows or self.counts or self.manifest or self.shards.old_only or self.shards.new_only)

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON values."""
        return {"same": self.same, **asdict(self)}


def diff(old: Path, new: Path) -> Diff:
    """The difference of two corpora. Shards with one digest in both are not read.

    Raises: CorpusError where one of them cannot be read.
    """
    before, after = read_corpus(old), read_corpus(new)
    shared = _keys(before) & _keys(after)
    rows: list[RowsDiff] = []
    examples: dict[str, tuple[str, ...]] = {}
    for config in CONFIGS:
        were = _rows(shard for shard in before.of(config) if _key(shard) not in shared)
        are = _rows(shard for shard in after.of(config) if _key(shard) not in shared)
        found = {
            "added": {id: source for id, (source, _) in are.items() if id not in were},
            "removed": {id: source for id, (source, _) in were.items() if id not in are},
            "changed": {id: source for id, (source, digest) in are.items() if id in were and were[id][1] != digest},
        }
        counted = {kind: Counter(sources.values()) for kind, sources in found.items()}
        for source in sorted({source for sources in counted.values() for source in sources}):
            rows.append(RowsDiff(config, source, *(counted[kind][source] for kind in ("added", "removed", "changed"))))
        examples |= {f"{config} {kind}": tuple(sorted(ids)[:SHOWN]) for kind, ids in found.items() if ids}
    return Diff(
        tuple(rows),
        tuple(_count_diffs(before, after)),
        _shard_diff(before, after),
        tuple(_manifest_diffs(before, after)),
        examples,
        tuple(_made_diffs(before, after)),
    )


def _key(shard: CorpusShard) -> tuple[str, str, str]:
    return shard.config, shard.split, shard.digest


def _keys(corpus: Corpus) -> set[tuple[str, str, str]]:
    return {_key(shard) for shard in corpus.shards}


def _rows(shards: Iterable[CorpusShard]) -> dict[str, tuple[str, bytes]]:
    """Source and digest of each row by id; images enter by their path, which names their sha256."""
    found: dict[str, tuple[str, bytes]] = {}
    for shard in shards:
        columns = [_IMAGE_PATH if column == "images" else str(column) for column in CONFIGS[shard.config].columns]
        for table in shard.tables(columns):
            for row in table.to_pylist():
                digest = hashlib.sha256(f"{shard.split}\0{canonical_json(row)}".encode("utf-8", "surrogatepass")).digest()
                found[row["id"]] = (row["source"], digest)
    return found


def _count_diffs(before: Corpus, after: Corpus) -> list[CountDiff]:
    were, are = _counts(before), _counts(after)
    return [CountDiff(*place, were[place], are[place]) for place in sorted(set(were) | set(are)) if were[place] != are[place]]


def _counts(corpus: Corpus) -> Counter[tuple[str, str]]:
    """Rows by config, split and facet, the reasons of every stage, and the findings of overlap."""
    found: Counter[tuple[str, str]] = Counter()
    for config, splits in corpus.lock["counts"].items():
        for split, held in splits.items():
            found[f"{config} rows", split] += held["rows"]
            for facet in FACETS:
                for value, count in held.get(facet, {}).items():
                    found[f"{config} {facet}", value] += count
    for stage, source, reason, count in corpus.lock["tallies"]:
        found[f"{stage} of {source}", reason] += count
    for benchmark, kind, rule, decision, findings, *_ in (corpus.lock.get("overlaps") or {}).get("counts", ()):
        found[f"overlaps with {benchmark}", f"{kind}, {rule}: {decision}"] += findings
    return found


def _shard_diff(before: Corpus, after: Corpus) -> ShardsDiff:
    shared = _keys(before) & _keys(after)
    return ShardsDiff(
        sum(_key(shard) in shared for shard in after.shards),
        tuple(shard.name for shard in before.shards if _key(shard) not in shared),
        tuple(shard.name for shard in after.shards if _key(shard) not in shared),
    )


def _manifest_diffs(before: Corpus, after: Corpus) -> list[KeyDiff]:
    were, are = (dict(_flat("", corpus.manifest.model_dump(mode="json", by_alias=True))) for corpus in (before, after))
    return [KeyDiff(key, were.get(key), are.get(key)) for key in sorted(set(were) | set(are)) if were.get(key) != are.get(key)]


def _made_diffs(before: Corpus, after: Corpus) -> list[KeyDiff]:
    were, are = (dict(_flat("", _made(corpus.lock))) for corpus in (before, after))
    return [KeyDiff(key, were.get(key), are.get(key)) for key in sorted(set(were) | set(are)) if were.get(key) != are.get(key)]


def _made(lock: Mapping[str, Any]) -> dict[str, Any]:
    """What a lock says of a corpus's making, each dataset by its role and name."""
    datasets: dict[str, Any] = {}
    for one in lock["datasets"]:
        files = {told["path"]: told["sha256"] for told in one.get("files", ())}
        datasets[f"{one['role']} {one['name']}"] = {key: one.get(key, "") for key in _OF_DATASET} | {"files": files}
    return {name: lock.get(name) for name in ("medtrace", "verifier", "policy", "judge", "license", "libraries", "build")} | datasets


def _flat(at: str, value: Any) -> list[tuple[str, Any]]:
    """Keys with dots and their values; datasets and teachers go by their names, other lists by place."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _flat(f"{at}.{key}" if at else key, item)]
    if isinstance(value, list) and value:
        named = [item["name"] if isinstance(item, dict) and "name" in item else str(place) for place, item in enumerate(value)]
        return [pair for name, item in zip(named, value, strict=True) for pair in _flat(f"{at}[{name}]", item)]
    return [(at, value)]
