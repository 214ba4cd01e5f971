"""Redaction: a corpus without some of its questions, their traces, pictures and findings, as a version of its own."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.groups import row_name
from pipeline.publish.corpus import Corpus, CorpusShard, read_corpus
from pipeline.publish.finish import finish
from pipeline.publish.layout import shard_options
from pipeline.publish.lock import Shard, SourceFacts
from pipeline.publish.overlaps import Evidence
from pipeline.publish.similar import SIMILAR
from pipeline.store import Store
from pipeline.takedown import Takedown, told_by
from schemas.corpus import CONFIGS, Rl, Tally
from schemas.errors import CorpusError, StoreError
from schemas.graph import Overlap
from schemas.image import Image
from schemas.manifest import read_manifest
from schemas.similar import Similar

_VERSION = re.compile(r"^(\s*version\s*=\s*).*$", re.MULTILINE)
_NAME = re.compile(r"^\s*name\s*=.*$", re.MULTILINE)
_TABLE = re.compile(r"^\s*\[", re.MULTILINE)
_NTH = re.compile(r"(.*)\+redacted\.(\d+)")


@dataclass
class Found:
    """What of a corpus goes: questions, traces by config, pictures that nothing else shows, and questions that share a picture and stay."""

    questions: set[str] = field(default_factory=set[str])
    rows: Counter[str] = field(default_factory=Counter[str])
    traces: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    pictures: set[str] = field(default_factory=set[str])
    sharing: set[str] = field(default_factory=set[str])


def find(corpus: Corpus, source: str, names: Collection[str], ids: Collection[str]) -> Found:
    """What goes with some rows of a source: `names` as `pipeline.groups` makes them are met by `told`, `ids` are those of questions."""
    found, shown = Found(), dict[str, set[str]]()
    columns = (Rl.question_id, Rl.source, Rl.source_row, Rl.source_group, "image_digests")
    for config in CONFIGS:
        here = [column for column in columns if column in CONFIGS[config].columns]
        for _, table in corpus.read(config, here):
            for row in table.to_pylist():
                if row[Rl.source] == source and (row[Rl.question_id] in ids or not told(row).isdisjoint(names)):
                    found.questions.add(row[Rl.question_id])
                for digest in row.get("image_digests", ()):
                    shown.setdefault(digest, set()).add(row[Rl.question_id])
    for digest, questions in shown.items():
        if questions & found.questions:
            found.pictures |= {digest} if questions <= found.questions else set()
            found.sharing |= questions - found.questions
    return found


def brought_back(corpus: Corpus, takedown: Takedown) -> int:
    """How many questions of a corpus a list names; none is looked for where the corpus's own list names as much."""
    own = told_by(corpus.lock["build"])
    if takedown.both(own) == own:
        return 0
    return sum(len(find(corpus, source, set(names), ()).questions) for source, names in takedown.sources.items())


def told(row: dict[str, str]) -> set[str]:
    """The names that a published row goes by on a takedown list."""
    return {row_name(row[Rl.source], row[Rl.source_row]), row[Rl.source_group], row[Rl.question_id]} - {""}


def redact(path: Path, out: Path, source: str, found: Found, takedown: Takedown, version: str = "") -> str:
    """Lays the corpus out at `out` without what was found, the takedown list in its lock; returns its version.

    Raises: CorpusError, StoreError.
    """
    corpus = read_corpus(path)
    manifest_text = _with_version((path / "manifest.toml").read_text(encoding="utf-8"), version or next_version(corpus.lock["version"]))
    manifest = read_manifest(manifest_text, str(path / "manifest.toml"))
    with _beside(out) as folder:
        store = Store(Path(folder))
        chunked = manifest.publish.content_defined_chunking
        shards = [shard for place, held in enumerate(corpus.shards) if (shard := _kept(store, held, place, found, chunked)) is not None]
        evidence = _evidence(store, corpus, found) if corpus.lock.get("overlaps") else None
        facts = {str(place): facts_of(one) for place, one in enumerate(corpus.lock["datasets"])}
        build = _asked_as(corpus.lock["build"], takedown)
        finish(
            out,
            shards,
            _tallies(corpus, source, found),
            manifest,
            manifest_text,
            corpus.lock["manifest"]["name"],
            facts,
            build,
            evidence,
            _similar(store, corpus, found) if corpus.lock.get("similar") else None,
            corpus.lock.get("filled") or (),
        )
    return manifest.version


def _asked_as(build: Mapping[str, Any], takedown: Takedown) -> dict[str, Any]:
    """What a lock says of a build that had the list."""
    recipes = dict(build.get("recipes") or {})
    for source in takedown.sources:
        if (name := f"ingest[{source}]") in recipes:
            recipes[name] = {**recipes[name], "takedown": list(takedown.names(source))}
    return {**build, **({"recipes": recipes} if recipes else {}), "takedown": takedown.model_dump(mode="json")}


def _beside(out: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder for tables on the way, on the disk of `out`."""
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".redact-", dir=out.absolute().parent)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}. Make room or choose another folder with --out.") from error


def next_version(version: str) -> str:
    """The version of a corpus from which something was taken."""
    before = _NTH.fullmatch(version)
    return f"{before[1]}+redacted.{int(before[2]) + 1}" if before else f"{version}+redacted.1"


def _with_version(text: str, version: str) -> str:
    """A manifest's text with another version."""
    table = _TABLE.search(text)
    head, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    line = f"version = {_quoted(version)}"
    if _VERSION.search(head):
        return _VERSION.sub(lambda _: line, head, count=1) + rest
    return _NAME.sub(lambda match: f"{match[0]}\n{line}", head, count=1) + rest


def _quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _kept(store: Store, held: CorpusShard, place: int, found: Found, chunked: bool) -> Shard | None:
    """A shard without the questions that go; None where nothing is left."""
    gone = pa.array(sorted(found.questions), pa.string())
    contract = CONFIGS[held.config]
    parts: list[pa.Table] = []
    for table in held.tables():
        goes = pc.is_in(table["question_id"], value_set=gone)
        lost = table.filter(goes)
        found.rows[held.config] += lost.num_rows
        _count(found, held.config, lost)
        parts.append(table.filter(pc.invert(goes)))
    if not parts or not (rows := pa.concat_tables(parts)).num_rows:
        return None
    options = shard_options(contract, chunked=chunked)
    ref = store.put("publish", f"{place:032x}", f"{held.config}-{held.split}", rows.cast(contract.schema), [], options)
    path = store.path(ref.step, ref.key, ref.output)
    return Shard(held.config, held.split, held.label, path, ref.rows, ref.nbytes, ref.digest())


def _count(found: Found, config: str, lost: pa.Table) -> None:
    """Traces that go, by fate and reason, each once."""
    if config in ("sft", "rejected"):
        reasons = lost["reason"].to_pylist() if config == "rejected" else ["kept"] * lost.num_rows
        found.traces.update(("select", reason) for reason in reasons)
        found.traces.update(("judge", verdict) for verdict in lost["verdict"].to_pylist())
    if config == "rl":
        found.traces.update(("sample", reason or "asked") for reason in lost["no_trace"].to_pylist())


def _evidence(store: Store, corpus: Corpus, found: Found) -> Evidence:
    """The findings of questions that stay, and the thumbnails that they name; a taken question that was left out as a leak goes too."""
    beside = Evidence.beside(corpus.path)
    rows = pq.read_table(beside.overlaps, use_threads=False).replace_schema_metadata(None)
    stays = rows.filter(pc.invert(pc.is_in(rows[Overlap.id], value_set=pa.array(sorted(found.questions), pa.string()))))
    images = pq.read_table(beside.thumbnails, use_threads=False).replace_schema_metadata(None)
    named = pc.unique(pa.concat_arrays([stays[name].combine_chunks() for name in (Overlap.image, Overlap.benchmark_image)]))
    images = images.filter(pc.is_in(images[Image.digest], value_set=named))
    paths = [_put(store, name, table) for name, table in (("overlaps", stays), ("thumbnails", images))]
    return Evidence(*paths)


def _similar(store: Store, corpus: Corpus, found: Found) -> Path:
    """The pairs in nearly the same words of which both stay."""
    rows = pq.read_table(corpus.path / SIMILAR, use_threads=False).replace_schema_metadata(None)
    gone = pa.array(sorted(found.questions), pa.string())
    goes = pc.or_(pc.is_in(rows[Similar.id], value_set=gone), pc.is_in(rows[Similar.other], value_set=gone))
    return _put(store, "similar", rows.filter(pc.invert(goes)))


def _put(store: Store, name: str, table: pa.Table) -> Path:
    ref = store.put("overlaps", "0" * 32, name, table, [])
    return store.path(ref.step, ref.key, ref.output)


def _tallies(corpus: Corpus, source: str, found: Found) -> pa.Table:
    """The funnel with what goes told as taken down on the way in, as a build with the list tells it."""
    counts: Counter[tuple[str, str, str]] = Counter({(stage, name, reason): count for stage, name, reason, count in corpus.lock["tallies"]})
    counts["ingest", source, "taken down"] += found.rows["rl"]
    counts["choose", source, "chosen"] -= found.rows["rl"]
    if counts["rl", source, "kept"]:
        counts["rl", source, "kept"] -= found.rows["rl"]
    for (stage, reason), count in found.traces.items():
        counts[stage, source, reason] -= count
    names = (Tally.stage, Tally.source, Tally.reason)
    return Tally.from_rows(dict(zip(names, key, strict=True)) | {Tally.count: count} for key, count in sorted(counts.items()) if count)


def facts_of(one: Mapping[str, Any]) -> SourceFacts:
    """What a lock says of a dataset.

    Raises: CorpusError where it was written in another form.
    """
    told = dict(one)
    files = told.pop("files", ())
    try:
        return SourceFacts(**told, files=tuple((file["path"], file["sha256"], file["size"]) for file in files))
    except (TypeError, KeyError) as error:
        raise CorpusError(f"lock.json tells a dataset in a form of another version: {error}. Rebuild the corpus first.") from error
