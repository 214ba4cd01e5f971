"""The traces and findings that a report shows: drawn by hash, each stratum in turn, cut to a bounded size."""

import hashlib
import json
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.publish.corpus import Corpus
from pipeline.publish.layout import IMAGE_BYTES
from pipeline.publish.markdown import line
from pipeline.publish.overlaps import OVERLAPS, THUMBNAILS
from pipeline.publish.report.cut import marked, parts_of
from pipeline.publish.report.thumbnail import Thumbnails
from pipeline.publish.texts import question_in
from pipeline.verify.regions import find_regions
from pipeline.verify.think import split_think
from schemas.corpus import CONFIGS, Rl, Thumbnail
from schemas.example import AnswerType
from schemas.graph import Overlap

TRACES = 120
FINDINGS = 60
TEXT_CHARS = 4_000
THOUGHT_CHARS = 8_000
OPTION_CHARS = 500
OPTIONS = 26
PICTURES = 4
BOXES = 64
_FINDING_PLACE = (Overlap.benchmark, Overlap.rule, Overlap.decision)

Row = dict[str, Any]


class Pictured(NamedTuple):
    """The published pictures of a question: bytes and upstream digests, in order."""

    blobs: list[bytes]
    digests: list[str]


def draw(items: Iterable[tuple[Hashable, str]], many: int) -> set[str]:
    """Ids of (stratum, id): of each stratum in turn the one whose hash is lowest, until there are so many."""
    strata: dict[Any, list[tuple[bytes, str]]] = {}
    for stratum, id in items:
        held = strata.setdefault(stratum, [])
        held.append((hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest(), id))
        if len(held) > 4 * many:
            held.sort()
            del held[many:]
    rows = [sorted(set(strata[stratum]))[:many] for stratum in sorted(strata)]
    turns = [held[turn][1] for turn in range(max(map(len, rows), default=0)) for held in rows if turn < len(held)]
    return set(turns[:many])


def shown_traces(corpus: Corpus, thumbnails: Thumbnails) -> list[Row]:
    """The drawn traces as the page shows them, by source, verdict and id.

    Raises: CorpusError where a shard cannot be read.
    """
    ids = draw(_strata(corpus), TRACES)
    drawn = pa.array(sorted(ids), pa.string())
    rows: dict[str, Row] = {}
    for config in ("sft", "sft_text", "rejected"):
        columns = [str(column) for column in CONFIGS[config].columns if column not in ("images", "completion", "verl_prompt")]
        for shard in corpus.of(config):
            if not any(ids & set(table["id"].to_pylist()) for table in shard.tables(["id"])):
                continue
            for row in pa.concat_tables(
                table.filter(pc.is_in(table["id"], value_set=drawn)) for table in shard.tables(columns)
            ).to_pylist():
                rows.setdefault(row["id"], row | {"kept": config != "rejected"})
    pictures = read_pictures(corpus, {row["question_id"] for row in rows.values()})
    ordered = sorted(rows.values(), key=lambda row: (row["source"], row["verdict"], row["id"]))
    return [_shown(row, pictures.get(row["question_id"]), thumbnails) for row in ordered]


def _strata(corpus: Corpus) -> Iterable[tuple[Hashable, str]]:
    for config in ("sft", "sft_text", "rejected"):
        for _, table in corpus.read(config, ["id", "source", "verdict"]):
            for id, source, verdict in zip(*(table[name].to_pylist() for name in ("id", "source", "verdict")), strict=True):
                yield (source, verdict), id


def _shown(row: Row, pictures: Pictured | None, thumbnails: Thumbnails) -> Row:
    options = json.loads(row["options_json"])
    asked = row["problem"].replace("<image>", "").strip()
    thought = split_think(row["response"])
    start, stop = row["answer_start"], row["answer_stop"]
    answer = thought.answer.lstrip()
    at = thought.answer_start + len(thought.answer) - len(answer)
    inner = row["response"].find(thought.think) if thought.think else -1
    blobs = pictures.blobs if pictures else []
    return {
        "id": row["id"],
        "source": row["source"],
        "row": row["source_row"],
        "licence": row["license"],
        "modality": row["modality"],
        "task": row["answer_type"],
        "teacher": row["teacher"],
        "model": row["model"],
        "verdict": row["verdict"],
        "rule": row["rule"],
        "kept": row["kept"],
        "reason": row.get("reason", ""),
        "error": parts_of(row.get("error", ""), (), TEXT_CHARS),
        "flags": row["flags"],
        "sample": row["sample"],
        "finish": row["finish_reason"],
        "tokens": row["completion_tokens"],
        "cost": row["cost_nanousd"],
        "question": parts_of(question_in(asked, options) or asked, (), TEXT_CHARS),
        "options": [parts_of(str(option), (), OPTION_CHARS) for option in options[:OPTIONS]],
        "gold": parts_of(row["answer"], (), OPTION_CHARS),
        "thought": parts_of(thought.think, _within(start, stop, inner, len(thought.think)), THOUGHT_CHARS),
        "answer": parts_of(answer, _within(start, stop, at, len(answer)), TEXT_CHARS),
        "images": [one for blob in blobs[:PICTURES] if (one := thumbnails.of(blob))],
        "boxes": _boxes(row) if len(blobs) == 1 else None,
        "pictures": len(row.get("image_digests") or (pictures.digests if pictures else ())),
    }


def _boxes(row: Row) -> Row | None:
    """The gold's boxes and, where a teacher answered, those that were read out of the answer, in pixels of the one picture; None where it has none."""
    gold = json.loads(row["grading_json"])
    if row["answer_type"] != AnswerType.BBOX or gold.get("frame", "pixel") != "pixel" or not gold.get("width") or not gold.get("height"):
        return None
    names = [line(name) for name in gold.get("labels") or [""] * len(gold["boxes"])]
    found = find_regions(row["response"]) if row["teacher"] else None
    said = [[round(edge, 1) for edge in box] for box in found.boxes[:BOXES]] if found else []
    told = {"width": gold["width"], "height": gold["height"], "gold": gold["boxes"][:BOXES], "said": said}
    return told | {"labels": names[:BOXES]}


def _within(start: int | None, stop: int | None, at: int, size: int) -> list[tuple[int, int]]:
    """A span of the response in one of its parts that begins at `at`; none where it stands elsewhere."""
    if start is None or stop is None or at < 0 or not at <= start < stop <= at + size:
        return []
    return [(start - at, stop - at)]


def read_pictures(corpus: Corpus, questions: Collection[str]) -> dict[str, Pictured]:
    """The pictures of some questions; only row groups that hold one of them are read."""
    found: dict[str, Pictured] = {}
    for shard in corpus.of("rl"):
        with pq.ParquetFile(shard.path, read_dictionary=[IMAGE_BYTES]) as file:
            for group in range(file.metadata.num_row_groups):
                ids = file.read_row_group(group, columns=[Rl.id], use_threads=False)[Rl.id].to_pylist()
                places = [place for place, id in enumerate(ids) if id in questions]
                if not places:
                    continue
                table = file.read_row_group(group, columns=[Rl.images, Rl.image_digests], use_threads=False)
                for place in places:
                    images = table[Rl.images][place].as_py() or []
                    found[ids[place]] = Pictured([one["bytes"] for one in images], table[Rl.image_digests][place].as_py())
    return found


def shown_findings(corpus: Corpus, thumbnails: Thumbnails) -> list[Row]:
    """The drawn findings of overlap as the page shows them, the pictures of both sides by the thumbnails beside the findings."""
    if not corpus.lock.get("overlaps"):
        return []
    path = corpus.path / OVERLAPS
    columns = (*_FINDING_PLACE, Overlap.id, Overlap.row)
    narrow = pq.read_table(path, columns=list(columns), use_threads=False)
    keys = [
        (tuple(place), f"{id}\0{row}\0{place}") for *place, id, row in zip(*(narrow[name].to_pylist() for name in columns), strict=True)
    ]
    wanted = draw(keys, FINDINGS)
    places = [place for place, (_, key) in enumerate(keys) if key in wanted][:FINDINGS]
    rows = pq.read_table(path, use_threads=False).take(pa.array(places, pa.int64())).to_pylist()
    small = _thumbnails(corpus, {row[column] for row in rows for column in (Overlap.image, Overlap.benchmark_image)})
    rows.sort(key=lambda row: (row[Overlap.benchmark], row[Overlap.decision], -row[Overlap.score], row[Overlap.id], row[Overlap.row]))
    return [_finding(row, small, thumbnails) for row in rows]


def _thumbnails(corpus: Corpus, digests: set[str]) -> dict[str, bytes]:
    """The thumbnails of some images, by digest."""
    found: dict[str, bytes] = {}
    if not corpus.lock["overlaps"].get("thumbnails"):
        return found
    with pq.ParquetFile(corpus.path / THUMBNAILS) as file:
        for group in range(file.metadata.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            asked = table.filter(pc.is_in(table[Thumbnail.digest], value_set=pa.array(sorted(digests), pa.string())))
            found |= {row[Thumbnail.digest]: row[Thumbnail.image]["bytes"] for row in asked.to_pylist()}
    return found


def _finding(row: Row, small: Mapping[str, bytes], thumbnails: Thumbnails) -> Row:
    told = {name: row[name] for name in ("id", "source", "benchmark", "row", "kind", "rule", "decision", "found", "why")}
    ours, theirs = (small.get(row[column], b"") for column in (Overlap.image, Overlap.benchmark_image))
    return told | {
        "score": round(row[Overlap.score], 3),
        "ours": marked(row[Overlap.text], row[Overlap.spans], TEXT_CHARS),
        "ourOptions": [parts_of(option, (), OPTION_CHARS) for option in row[Overlap.options][:OPTIONS]],
        "theirs": marked(row[Overlap.benchmark_text], row[Overlap.benchmark_spans], TEXT_CHARS),
        "theirOptions": [parts_of(option, (), OPTION_CHARS) for option in row[Overlap.benchmark_options][:OPTIONS]],
        "picture": bool(row[Overlap.image]),
        "image": thumbnails.of_small(ours) if ours else "",
        "theirImage": thumbnails.of_small(theirs) if theirs else "",
    }
