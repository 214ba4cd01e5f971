"""Published traces as a source: each layout by its columns, the gold from the right place, the completions beside it."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import SourceError
from schemas.example import AnswerType
from schemas.manifest import Dataset
from sources.source import Row
from sources.traces import traces_source
from tests.fixtures.corpora import png

OCTOMED = {
    "id": "7",
    "question": "What is shown?",
    "options": ["Cyst", "Stone"],
    "answer": "B",
    "responses": ["<think>x</think> \\boxed{B}", "", "A"],
}
HUATUO = {
    "Question": "Which virus?",
    "Complex_CoT": "Let me see.",
    "Response": "It is parvovirus B19.",
    "Ground-True Answer": "Parvovirus B19",
}
M23K = {
    "prompt": "A man of 40?\nA. Nimodipine\nB. Labetalol",
    "answer_letter": "B",
    "answer_string": "Labetalol",
    "reasoning": "Okay.",
    "distilled_answer_string": "Labetalol, so \\boxed{B}.",
}
MEDREASON = {
    "question": "Made up of all, except:",
    "options": "Answer Choices:\nA. Perineus\nB. Colle's fascia",
    "answer": "Colle's fascia. Explanation: it is not.",
    "reasoning": "Finding reasoning paths: …",
}
MEDVLTHINKER = {
    "question": "<image>Which side?",
    "options": '{"A": "left", "B": "right"}',
    "answer_label": "A",
    "answer": "left",
    "reasoning": "<think>l</think><answer>A</answer>",
}


def read(folder: Path, *raw: dict[str, Any]) -> list[Row]:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in raw))
    return rows_in(folder)


def rows_in(folder: Path) -> list[Row]:
    source = traces_source(Dataset(name="mine", kind="traces", path="x", license="MIT"))
    layout, parts = source.fit(folder, None)
    return [row for part in parts for row in layout.read(part)]


@pytest.mark.parametrize(
    ("raw", "kind", "gold", "options", "traces"),
    [
        (OCTOMED, "mcq", {"index": 1}, ("Cyst", "Stone"), ("<think>x</think> \\boxed{B}", "A")),
        (OCTOMED | {"answer": "stone"}, "mcq", {"index": 1}, ("Cyst", "Stone"), ("<think>x</think> \\boxed{B}", "A")),
        (OCTOMED | {"options": [], "answer": "Stone"}, "open", {"values": ["Stone"]}, (), ("<think>x</think> \\boxed{B}", "A")),
        (HUATUO, "open", {"values": ["Parvovirus B19"]}, (), ("<think>\nLet me see.\n</think>\n\nIt is parvovirus B19.",)),
        (M23K, "mcq", {"index": 1}, ("Nimodipine", "Labetalol"), ("<think>\nOkay.\n</think>\n\nLabetalol, so \\boxed{B}.",)),
        (
            M23K | {"prompt": "A man of 40?\nA. Nimodipine,\n  for three weeks\nB. Labetalol\n\nAnswer with a letter."},
            "mcq",
            {"index": 1},
            ("Nimodipine, for three weeks", "Labetalol"),
            ("<think>\nOkay.\n</think>\n\nLabetalol, so \\boxed{B}.",),
        ),
        (
            MEDREASON,
            "mcq",
            {"index": 1},
            ("Perineus", "Colle's fascia"),
            ("<think>\nFinding reasoning paths: …\n</think>\n\nColle's fascia. Explanation: it is not.",),
        ),
        (MEDVLTHINKER, "mcq", {"index": 0}, ("left", "right"), ("<think>l</think><answer>A</answer>",)),
    ],
)
def test_each_layout_is_known_by_its_columns(raw: Any, kind: str, gold: Any, options: Any, traces: Any, tmp_path: Path) -> None:
    (row,) = read(tmp_path, raw)
    assert (row.answer_type, row.gold, row.options, row.traces) == (AnswerType(kind), gold, options, traces)
    assert (row.fault, row.modality) == ("", "text")
    assert "<image>" not in row.question


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (OCTOMED | {"answer": "C"}, "gold out of range"),
        (OCTOMED | {"answer": "Polyp"}, "gold not among options"),
        (OCTOMED | {"answer": None}, "no gold"),
        (HUATUO | {"Ground-True Answer": None}, "no gold"),
        (M23K | {"answer_string": "Nimodipine"}, "gold contradicts itself"),
        (M23K | {"prompt": "A man of 40?"}, "options unreadable"),
        (MEDREASON | {"options": "B. one\nA. two"}, "options unreadable"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(raw: Any, fault: str, tmp_path: Path) -> None:
    assert [row.fault for row in read(tmp_path, raw)] == [fault]


def test_octomed_parquet_brings_its_image_and_its_id(tmp_path: Path) -> None:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    row = OCTOMED | {"image": {"bytes": png(1), "path": "1.png"}, "image_hash": "x"}
    schema = pa.schema([("id", pa.string()), ("image", image), ("image_hash", pa.string()), ("question", pa.string())])
    for name in ("options", "responses"):
        schema = schema.append(pa.field(name, pa.list_(pa.string())))
    pq.write_table(
        pa.Table.from_pylist([row, row | {"id": "8", "image": None}], schema=schema.append(pa.field("answer", pa.string()))),
        tmp_path / "x.parquet",
    )
    seen, told = rows_in(tmp_path)
    assert (seen.row, seen.images, seen.modality) == ("7", (png(1),), "image")
    assert (told.row, told.images, told.modality) == ("8", (), "text")


def test_columns_that_no_layout_has_are_told_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"OctoMed; HuatuoGPT-o1; m23k; MedVLThinker; MedReason"):
        read(tmp_path, {"q": "Why?", "a": "So"})


@pytest.mark.skipif("MEDTRACE_DATA" not in os.environ, reason="MEDTRACE_DATA names no folder of real files")
def test_real_traces_of_huatuogpt_read_whole() -> None:
    found = rows_in(Path(os.environ["MEDTRACE_DATA"]) / "huatuogpt_o1" / "data")
    assert len(found) == 109
    assert not [row for row in found if row.fault]
    first = found[0]
    assert (first.gold, first.answer_type) == ({"values": ["Parvovirus B19 infection"]}, AnswerType.OPEN)
    assert first.traces[0].startswith("<think>\nAlright, let's start")
    assert first.traces[0].count("</think>") == 1
