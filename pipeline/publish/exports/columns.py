"""From published columns to those of a trainer: whole tables in, whole tables out, row by row the same rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.fingerprint import canonical_json
from pipeline.verify.gold import Gold
from schemas.corpus import EXTRA_INFO, MESSAGES
from schemas.example import AnswerType
from schemas.features import IMAGE, IMAGES, publishable

Make = Callable[[pa.Table], pa.Table]

PART = pa.struct([("type", pa.string()), ("text", pa.string())])
TYPED = pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(PART))]))
GRADED_INFO = pa.struct([*EXTRA_INFO, ("answer_type", pa.string()), ("options_json", pa.string()), ("grading_json", pa.string())])


def as_published(table: pa.Table) -> pa.Table:
    """The columns as they are."""
    return table


def without_images(make: Make) -> Make:
    """The rows of questions without images, and no images column: a model of text refuses one."""

    def made(table: pa.Table) -> pa.Table:
        bare = pc.equal(pc.list_value_length(table["images"]), 0)
        return make(table.filter(bare)).drop_columns(["images"])

    return made


def typed(table: pa.Table) -> pa.Table:
    """TRL's typed contents: a part for each image before the text of the first user turn, parts of nothing but type and text."""
    counts = pc.list_value_length(table["images"]).to_pylist() if "images" in table.column_names else [0] * table.num_rows
    for name in ("prompt", "completion"):
        if name in table.column_names:
            turns = table[name].to_pylist()
            pictured = counts if name == "prompt" else [0] * len(counts)
            table = _put(table, name, name, [_typed(one, count) for one, count in zip(turns, pictured, strict=True)], TYPED)
    return table


def _typed(turns: Sequence[Mapping[str, str]], images: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for turn in turns:
        pictures = images if turn["role"] == "user" else 0
        images -= pictures
        content = [{"type": "image", "text": None}] * pictures + [{"type": "text", "text": turn["content"]}]
        made.append({"role": turn["role"], "content": content})
    return made


def verl_sft(table: pa.Table) -> pa.Table:
    """verl's multi-turn rows: the marked prompt and the completion as one list of messages."""
    turns = zip(table["verl_prompt"].to_pylist(), table["completion"].to_pylist(), strict=True)
    return _put(table, "verl_prompt", "messages", [asked + told for asked, told in turns], MESSAGES).drop_columns(["completion"])


def verl_rl(table: pa.Table) -> pa.Table:
    """verl's rows for RL: `extra_info` also holds what a typed reward needs."""
    info = zip(
        table["extra_info"].to_pylist(), *(table[name].to_pylist() for name in ("answer_type", "options_json", "grading_json")), strict=True
    )
    told = [one | {"answer_type": kind, "options_json": options, "grading_json": gold} for one, kind, options, gold in info]
    table = _put(table, "extra_info", "extra_info", told, GRADED_INFO)
    table = table.rename_columns({"verl_prompt": "prompt", "source": "data_source", "answer_type": "ability"})
    return table.drop_columns(["options_json", "grading_json"])


def easyr1(table: pa.Table) -> pa.Table:
    """EasyR1's rows: its reward sees the answer alone, which therefore says its type, its gold and the options."""
    told = zip(*(table[name].to_pylist() for name in ("answer", "answer_type", "options_json", "grading_json")), strict=True)
    answers = [
        canonical_json({"gold": gold, "type": kind, "options": json.loads(options), "grading": json.loads(grading) if grading else None})
        for gold, kind, options, grading in told
    ]
    return _put(table, "answer", "answer", answers, pa.string()).drop_columns(["answer_type", "options_json", "grading_json"])


def medmo(table: pa.Table) -> pa.Table:
    """Turns for Qwen3-VL as MedMO's card shows them: typed contents, and golds that are boxes as `Label <box>[[…]]</box>`."""
    kinds = zip(*(table[name].to_pylist() for name in ("teacher", "answer_type", "options_json", "grading_json")), strict=True)
    boxed = [_box_text(*kind) for kind in kinds]
    told = zip(table["completion"].to_pylist(), boxed, strict=True)
    table = _put(table, "completion", "completion", [[turns[0] | {"content": box}] if box else turns for turns, box in told], MESSAGES)
    table = typed(table)
    both = [asked + answered for asked, answered in zip(table["prompt"].to_pylist(), table["completion"].to_pylist(), strict=True)]
    table = _put(table, "prompt", "messages", both, TYPED)
    sized = [box is not None for box in boxed]
    return table.drop_columns(["completion", "teacher", "answer_type", "options_json", "grading_json"]).filter(pa.array(sized, pa.bool_()))


def _box_text(teacher: str, answer_type: str, options_json: str, grading_json: str) -> str | None:
    """A gold of boxes in MedMO's words, in thousandths of the picture; '' for other rows, None where the picture's size is not known."""
    if teacher or answer_type != AnswerType.BBOX:
        return ""
    gold = Gold.from_json(answer_type, json.loads(options_json), grading_json)
    if not (gold.width and gold.height):
        return None
    scale = (1000 / gold.width, 1000 / gold.height) * 2
    labels: dict[str, list[list[int]]] = {}
    for box, label in zip(gold.boxes, gold.box_labels or ("",) * len(gold.boxes), strict=True):
        labels.setdefault(label, []).append([round(edge * factor) for edge, factor in zip(box, scale, strict=True)])
    return "\n".join(f"{label} <box>{json.dumps(boxes)}</box>".strip() for label, boxes in labels.items())


def finished(table: pa.Table) -> pa.Schema:
    """The schema under which a table is written: every list, image and message told to `datasets`, old and new."""
    plain = [IMAGES if field.name == "images" else IMAGE if field.name == "image" else field.type for field in table.schema]
    told = publishable(pa.schema([field.with_type(kind) for field, kind in zip(table.schema, plain, strict=True)]).remove_metadata())
    return pa.schema([field.with_type(table.schema.field(field.name).type) for field in told], told.metadata)


def _put(table: pa.Table, old: str, name: str, values: Sequence[Any], kind: pa.DataType) -> pa.Table:
    """The table with other values in the place of a column."""
    return table.set_column(table.column_names.index(old), pa.field(name, kind), pa.chunked_array([pa.array(values, kind)]))
