"""The audit: what a published corpus says of itself, proved from its files alone."""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.benchmark import Item
from pipeline.fingerprint import digest_columns, table_digest
from pipeline.publish.agree import Agree, TakenDown, Withheld
from pipeline.publish.alike import Alike, BenchmarkImages
from pipeline.publish.audit_lock import check_counts, check_licences
from pipeline.publish.checks import Answers, Forms, Ids, Rates, RowCheck, Splits
from pipeline.publish.corpus import Corpus, CorpusShard, first_line, read_corpus
from pipeline.publish.findings import Check, Findings, Status
from pipeline.publish.finish import file_of
from pipeline.publish.identifiers import Identifiers
from pipeline.publish.image_privacy import ImagePrivacy
from pipeline.publish.layout import GROUP_BYTES, SHARD_BYTES
from pipeline.publish.leaks import Leaks, check_evidence, check_overlaps
from pipeline.publish.lock import Facets, add_facets, judge_model
from pipeline.publish.pictures import Pictures, images_of
from pipeline.publish.send.place import is_hubs
from pipeline.publish.texts import Texts
from pipeline.rulings import rulings_of
from pipeline.takedown import told_by
from schemas.contract import Contract
from schemas.corpus import CONFIGS
from schemas.features import huggingface_metadata

IMAGE_PATH = "images.list.element.path"
METADATA = (b"huggingface", b"medtrace")
UNSEEN = "withheld pictures, compared with benchmarks by the sha256 of their files alone"

Progress = Callable[[str, int, int], None]
Benchmarks = Callable[[], Mapping[str, Sequence[Item]]]


@dataclass(frozen=True)
class Audit:
    """The checks of a corpus, in order."""

    path: Path
    strict: bool
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        """Whether a check failed; under `strict` also whether one could not be made."""
        bad = (Status.FAILED, Status.NOT_CHECKED) if self.strict else (Status.FAILED,)
        return any(check.status in bad for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The audit as JSON values."""
        return {
            "corpus": self.path.name,
            "strict": self.strict,
            "failed": self.failed,
            "checks": [check.to_json() for check in self.checks],
        }


def audit(
    path: Path,
    strict: bool = False,
    progress: Progress | None = None,
    benchmarks: Benchmarks | None = None,
    benchmark_images: BenchmarkImages | None = None,
) -> Audit:
    """Every check of a corpus; `progress` is told the phase, the shards done and their number; `benchmarks` gives rows by name.

    `benchmark_images` gives name, upstream digest and cleaned bytes of their images, each time that it is called.

    Shards whose bytes or columns are not what they should be are named and read no further.
    Raises: CorpusError where lock or manifest cannot be read.
    """
    corpus = read_corpus(path)
    tell = progress or (lambda phase, done, total: None)
    files, whole = _check_files(corpus, tell)
    tables, sound = _check_tables(whole, tell)
    pictures, pictured = Pictures(), [shard for shard in sound if "images" in CONFIGS[shard.config].columns]
    for done, shard in enumerate(pictured):
        tell("images", done, len(pictured))
        pictures.feed(shard)
    persons = ImagePrivacy()
    for digest, data in images_of(pictured):
        persons.look(data, pictures.published[digest].where)
    changed = corpus.manifest.images.max_pixels is not None or corpus.manifest.privacy.pictures == "mask"
    alike = Alike(corpus.manifest.images, pictures.published, partial(images_of, pictured), benchmark_images, changed=changed)
    leaks, unmet = _leaks(corpus, benchmarks, alike)
    texts, rates = Texts(), Rates(corpus.manifest.select.rl.order)
    answers = Answers(corpus.lock["policy"], corpus.lock["verifier"], judge_model(corpus.lock))
    ids = Ids()
    rows: list[RowCheck] = [ids, Splits(), answers, Forms(), rates, texts, Identifiers(), Agree(corpus.lock["verifier"])]
    withheld = Withheld(corpus.manifest, corpus.lock)
    rows += [TakenDown(told_by(corpus.lock["build"])), withheld]
    _look_at_files(corpus, texts)
    facets = _scan(sound, [*rows, *([leaks] if leaks else [])], tell)
    if leaks:
        leaks.close()
    if len(sound) == len(corpus.shards):
        rates.close()
        withheld.close()
    if withheld.pictures:
        alike.findings.asides[UNSEEN] += len(set().union(*withheld.pictures.values()))
    checks = [
        files,
        tables,
        check_counts(corpus, sound, facets, whole=files.status is Status.OK),
        *(check.findings.check() for check in rows),
        pictures.findings.check(),
    ]
    checks += [persons.findings.check(), alike.findings.check()]
    checks += [check_overlaps(leaks, unmet), check_evidence(corpus, ids.questions), check_licences(corpus, facets)]
    return Audit(path, strict, tuple(checks))


def _check_files(corpus: Corpus, tell: Progress) -> tuple[Check, list[CorpusShard]]:
    """The files are those of the lock, byte for byte; the shards of which that is true."""
    findings = Findings("files", "files")
    named = {one["path"]: one["sha256"] for one in corpus.lock["files"]} | {shard.name: shard.sha256 for shard in corpus.shards}
    sizes = {one["path"]: one["size"] for part in ("files", "shards") for one in corpus.lock[part] if "size" in one}
    present = {
        name for path in corpus.path.rglob("*") if not path.is_dir() and not is_hubs(name := path.relative_to(corpus.path).as_posix())
    }
    for name in sorted(present - set(named) - {"lock.json"}):
        findings.add("file that the lock does not name", name)
    right: set[str] = set()
    for done, (name, sha256) in enumerate(named.items()):
        tell("files", done, len(named))
        findings.seen += 1
        if name not in present:
            findings.add("missing file", name)
        elif (corpus.path / name).is_symlink():
            findings.add("a link in place of a file", name)
        elif (held := file_of(corpus.path, name)).sha256 != sha256:
            findings.add("other bytes than the lock names", name)
        else:
            right.add(name)
            if held.size != sizes.get(name, held.size):
                findings.add("other size than the lock names", f"{name}: {held.size:,} bytes")
    for name in ("README.md", "manifest.toml"):
        if name not in named:
            findings.add("file that the lock does not name", name)
    return findings.check(), [shard for shard in corpus.shards if shard.name in right]


def _check_tables(shards: list[CorpusShard], tell: Progress) -> tuple[Check, list[CorpusShard]]:
    """Columns, metadata, row counts and logical digests; the shards whose columns can be read on."""
    findings = Findings("tables", "shards")
    sound: list[CorpusShard] = []
    for done, shard in enumerate(shards):
        tell("tables", done, len(shards))
        findings.seen += 1
        try:
            with pq.ParquetFile(shard.path) as file:
                schema, rows = file.schema_arrow, file.metadata.num_rows
                faults = schema_faults(schema, CONFIGS[shard.config])
                faults += bound_faults(file.metadata, shard.path.stat().st_size)
                faults += [] if _unusable(faults) else _value_faults(file, shard)
        except (OSError, pa.ArrowException) as error:
            findings.add("not readable as Parquet", f"{shard.name}: {first_line(error)}")
            continue
        if rows != shard.rows:
            faults.append(f"other number of rows: {rows}, locked {shard.rows}")
        for fault in faults:
            kind, _, what = fault.partition(": ")
            findings.add(kind, f"{shard.name}: {what}")
        if not _unusable(faults):
            sound.append(shard)
    return findings.check(), sound


def bound_faults(held: pq.FileMetaData, size: int, most_bytes: int = SHARD_BYTES, group_bytes: int = GROUP_BYTES) -> list[str]:
    """Where a shard is too large to be read in parts: more than `most_bytes` though it could be cut, a row group over `group_bytes`, or
    pages without an index.
    """
    groups = [held.row_group(place) for place in range(held.num_row_groups)]
    faults = [f"file over {most_bytes:,} bytes: {size:,}"] if size > most_bytes and len(groups) > 1 else []
    # Levels and lengths come on top of the values that a group's bound counts.
    largest = max((group.total_byte_size for group in groups if group.num_rows > 1), default=0)
    faults += [f"row group over {group_bytes:,} bytes: {largest:,}"] if largest > group_bytes * 1.1 else []
    leaves = (group.column(place) for group in groups if group.num_rows for place in range(held.num_columns))
    return faults if all(leaf.has_offset_index for leaf in leaves) else [*faults, "no page index: readers must scan whole row groups"]


def _unusable(faults: list[str]) -> bool:
    """Whether rows cannot be looked at: columns are missing, of another type or hold nulls."""
    return any(fault.startswith("column ") for fault in faults)


def schema_faults(schema: pa.Schema, contract: type[Contract]) -> list[str]:
    """What of a shard's schema is not as its contract says."""
    faults = [f"column missing: {name}" for name in contract.columns if name not in schema.names]
    faults += [f"column unknown: {name}" for name in schema.names if name not in contract.columns]
    if faults:
        return faults
    faults += [
        f"column of another type: {column} is {schema.field(column).type}"
        for column in contract.columns
        if schema.field(column).type != column.type
    ]
    told = (schema.metadata or {}).get(b"huggingface")
    wanted = huggingface_metadata(contract.schema)[b"huggingface"]
    try:
        if told is None or json.loads(told) != json.loads(wanted):
            faults.append("huggingface metadata: missing or of other columns, so that images load as plain bytes")
    except ValueError:
        faults.append("huggingface metadata: not JSON")
    faults += [f"metadata unknown: {key.decode('utf-8', 'replace')}" for key in schema.metadata or {} if key not in METADATA]
    if "images" in schema.names and not schema.field("images").nullable:
        faults.append("images not nullable: `datasets` then loads them as plain bytes")
    return faults


def _value_faults(file: pq.ParquetFile, shard: CorpusShard) -> list[str]:
    """Nulls where the contract has none, and other values than locked; one column is in memory at a time."""
    digests: dict[str, str] = {}
    faults: list[str] = []
    nbytes = 0
    for column in CONFIGS[shard.config].columns:
        table = file.read(columns=[column], use_threads=False)
        digested = digest_columns(table)
        digests |= digested.columns
        nbytes += digested.nbytes
        if not column.nullable and any(has_nulls(chunk) for chunk in table[column].chunks):
            faults.append(f"column with nulls: {column}")
    if table_digest({name: digests[name] for name in file.schema_arrow.names}) != shard.digest:
        faults.append(f"other values than the lock names: digest {shard.digest}")
    elif nbytes != shard.nbytes:
        faults.append(f"other size of values than the lock names: {nbytes:,}, locked {shard.nbytes:,}")
    return faults


def has_nulls(array: pa.Array) -> bool:
    """Whether a value, or a value within it, is null."""
    if array.null_count:
        return True
    if pa.types.is_list(array.type):
        return has_nulls(array.flatten())
    return pa.types.is_struct(array.type) and any(has_nulls(child) for child in array.flatten())


def _scan(shards: list[CorpusShard], checks: list[RowCheck], tell: Progress) -> dict[tuple[str, str], Facets]:
    """Feeds every row to every check; returns what was counted, by config and split."""
    found: dict[tuple[str, str], Facets] = {}
    for done, shard in enumerate(shards):
        tell("rows", done, len(shards))
        columns = [IMAGE_PATH if column == "images" else str(column) for column in CONFIGS[shard.config].columns]
        counted = found.setdefault((shard.config, shard.split), {})
        for table in shard.tables(columns):
            add_facets(counted, table)
            for row in table.to_pylist():
                for check in checks:
                    check.feed(shard, row)
    return found


def _leaks(corpus: Corpus, benchmarks: Benchmarks | None, alike: Alike) -> tuple[Leaks | None, list[str]]:
    """The check against the benchmarks that are there, and the names of those that are not."""
    named = [one.name for one in corpus.manifest.benchmark]
    held = benchmarks() if named and benchmarks is not None else {}
    met = {name: rows for name, rows in held.items() if rows}
    return Leaks(met, rulings_of(corpus.manifest), alike) if met else None, [name for name in named if name not in met]


def _look_at_files(corpus: Corpus, texts: Texts) -> None:
    """Looks at the texts beside the shards; one that cannot be read is told by the check of files."""
    for name in ("lock.json", "manifest.toml", "README.md"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts.look((corpus.path / name).read_text(encoding="utf-8"), name)
