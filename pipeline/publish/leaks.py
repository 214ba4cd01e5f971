"""What an audit asks about benchmarks: no published row repeats one, and the findings beside the shards are those that were decided."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.benchmark import Benchmark, Item, asked
from pipeline.publish.alike import Alike
from pipeline.publish.checks import Row
from pipeline.publish.corpus import Corpus, CorpusShard, first_line
from pipeline.publish.findings import Check, Findings, Status, not_checked
from pipeline.publish.overlaps import OVERLAPS, Evidence, count_evidence
from pipeline.publish.similar import SIMILAR, count_similar
from pipeline.publish.texts import question_in
from pipeline.rulings import Ruling, decide, rulings_of
from pipeline.texts.decide import Decision
from schemas.errors import SchemaError
from schemas.graph import Finding, Overlap

BATCH_ROWS = 1024


class Leaks:
    """No question that a benchmark also holds, by the search that a build makes; what the manifest decided to keep is counted aside."""

    def __init__(self, benchmarks: Mapping[str, Sequence[Item]], rulings: Sequence[Ruling], alike: Alike | None = None) -> None:
        self.findings = Findings("overlaps", "questions")
        self._held = {name: Benchmark(rows) for name, rows in benchmarks.items()}
        self._rulings = rulings
        self._alike = alike
        self._waiting: list[tuple[Item, str, str]] = []
        self._files: list[tuple[str, ...]] = []
        self._seen: set[str] = set()

    def feed(self, shard: CorpusShard, row: Row) -> None:
        """Looks at the question of a row, once."""
        if shard.config == "rejected" or row["question_id"] in self._seen:
            return
        self._seen.add(row["question_id"])
        self.findings.seen += 1
        options = json.loads(row["options_json"])
        stem = question_in(row["prompt"][-1]["content"] if row["prompt"] else "", options)
        question = asked(row["question_id"], stem, "", options, row["answer_type"], row["answer"])
        self._waiting.append((Item(question, tuple(row.get("image_digests", ()))), row["source"], shard.name))
        self._files.append(tuple(image["path"].partition(".")[0] for image in row.get("images", ())))
        if len(self._waiting) >= BATCH_ROWS:
            self.close()

    def close(self) -> None:
        """Looks at the questions that still wait."""
        items = [item for item, _, _ in self._waiting]
        for name, held in self._held.items():
            for met in held.find([self._beside(name, *pair) for pair in zip(items, self._files, strict=True)]):
                item, source, shard = self._waiting[met.candidate]
                row = held.rows[met.benchmark].question.id
                told: dict[str, str | float] = {
                    Finding.benchmark: name,
                    Finding.row: row,
                    Finding.kind: met.kind.value,
                    Finding.rule: met.rule,
                }
                told |= {Finding.id: item.question.id, Finding.source: source, Finding.score: met.score, Finding.found: met.decision.value}
                ruled = decide(told, self._rulings)
                if ruled.decision is Decision.LEAK:
                    where = f"{item.question.id} in {shard} meets {name} {row} ({met.rule}, score {met.score:.2f})"
                    self.findings.add(f"{met.kind.value} of a benchmark", where)
                else:
                    self.findings.asides["kept by the manifest" if ruled.why else "reported, for a person to look at"] += 1
        self._waiting.clear()
        self._files.clear()

    def _beside(self, benchmark: str, item: Item, files: Sequence[str]) -> Item:
        """The item with what a benchmark holds of its pictures."""
        if self._alike is None:
            return item
        found = ((digest, self._alike.shown(benchmark, file)) for digest, file in zip(item.images, files, strict=False))
        return replace(item, shown=tuple((digest, held) for digest, held in found if held))


def check_overlaps(leaks: Leaks | None, unmet: Sequence[str]) -> Check:
    """What was found against the benchmarks that are there; `unmet` are those that are not."""
    made = leaks.findings.check() if leaks else None
    if made and (made.status is Status.FAILED or not unmet):
        return made
    if unmet:
        return not_checked("overlaps", f"the files of {', '.join(unmet)} are not here")
    return Check("overlaps", Status.OK, "no benchmark is named", {})


def check_evidence(corpus: Corpus, published: Collection[str]) -> Check:
    """The findings beside the shards keep their contract, are those that the lock counts, and were decided and acted on as the manifest says."""
    findings = Findings("evidence", "findings")
    told = corpus.lock.get("overlaps")
    _check_similar(corpus, findings)
    if told is None:
        findings.note = "no benchmark is named"
        if corpus.manifest.benchmark:
            findings.add("no findings beside the shards", f"the manifest names {', '.join(one.name for one in corpus.manifest.benchmark)}")
        return findings.check()
    path = corpus.path / OVERLAPS
    rulings = rulings_of(corpus.manifest)
    try:
        counted = count_evidence(Evidence.beside(corpus.path), rulings)
        rows = Overlap.conform(pq.read_table(path, use_threads=False).replace_schema_metadata(None), OVERLAPS).to_pylist()
    except (OSError, pa.ArrowException, SchemaError, KeyError) as error:
        findings.add("findings cannot be read", f"{OVERLAPS}: {first_line(error)}")
        return findings.check()
    if counted != told:
        findings.add("lock tells of other findings", OVERLAPS)
    for row in rows:
        findings.seen += 1
        where = f"{row[Overlap.id]} beside {row[Overlap.benchmark]} {row[Overlap.row]}"
        ruled = decide(row, rulings)
        if (ruled.decision.value, ruled.why) != (row[Overlap.decision], row[Overlap.why]):
            findings.add("decision is not the manifest's", f"{where}: {row[Overlap.decision]}")
        if row[Overlap.decision] == Decision.LEAK and row[Overlap.id] in published:
            findings.add("leak that is published", where)
    return findings.check()


def _check_similar(corpus: Corpus, findings: Findings) -> None:
    """The pairs in nearly the same words are those that the lock counts."""
    told = corpus.lock.get("similar")
    try:
        if told is not None and count_similar(corpus.path / SIMILAR) != told:
            findings.add("lock tells of other pairs in nearly the same words", SIMILAR)
    except (OSError, pa.ArrowException, KeyError) as error:
        findings.add("findings cannot be read", f"{SIMILAR}: {first_line(error)}")
