"""Ingest: every upstream row is an example or a reject, and an example's identity is its content."""

import hashlib
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image as Pillow

from pipeline.images.clean import CLEAN_VERSION
from pipeline.stages.ingest import IngestRecipe, ingest
from schemas.example import AnswerType, Example, Reject
from schemas.image import Image
from sources.source import Row


def recipe(source: str = "a", **told: Any) -> IngestRecipe:
    return IngestRecipe(
        source=source, dataset="d", dataset_version=1, layout="l", split="train", license="MIT", clean_version=CLEAN_VERSION, **told
    )


def row(name: str = "1", question: str = "Which colour?", **told: Any) -> Row:
    given: dict[str, Any] = {"options": ("yellow", "green"), "gold": {"index": 1}}
    return Row(name, question, **(given | told))


def made(*rows: Row, source: str = "a", **told: Any) -> dict[str, pa.Table]:
    tables = ingest(rows, "f.jsonl", recipe(source, **told))
    return {
        "examples": Example.conform(tables["examples"]),
        "images": Image.conform(tables["images"]),
        "rejects": Reject.conform(tables["rejects"]),
    }


def one(*rows: Row, **told: Any) -> dict[str, Any]:
    (example,) = made(*rows, **told)["examples"].to_pylist()
    return example


def drawn(red: int = 9) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (3, 2), (red, 8, 7)).save(out, "PNG")
    return out.getvalue()


def test_a_row_becomes_an_example() -> None:
    example = one(row(group="case 1", subject="skin", context="Once."))
    assert example | {Example.id: "", Example.key: b"", Example.content: ""} == {
        Example.id: "",
        Example.key: b"",
        Example.source: "a",
        Example.split: "train",
        Example.row: "1",
        Example.group: "case 1",
        Example.question: "Which colour?",
        Example.context: "Once.",
        Example.options: ["yellow", "green"],
        Example.answer_type: "mcq",
        Example.answer: "B",
        Example.gold_json: '{"index":1}',
        Example.images: [],
        Example.modality: "text",
        Example.time_series: b"",
        Example.domain: "text",
        Example.body_part: "",
        Example.task: "qa",
        Example.subject: "skin",
        Example.traces: [],
        Example.license: "MIT",
        Example.content: "",
    }


def test_the_licence_of_a_row_goes_before_that_of_its_source() -> None:
    assert one(row(license="CC0-1.0"))[Example.license] == "CC0-1.0"


CHANGES: list[dict[str, Any]] = [
    {"question": "Which colour"},
    {"context": "x"},
    {"options": ("green", "yellow")},
    {"options": ("yellow", "green", "red")},
    {"gold": {"index": 0}},
    {"images": (b"not an image",)},
    {"answer_type": AnswerType.MULTI, "gold": {"indexes": [1]}},
]


@pytest.mark.parametrize("change", CHANGES, ids="+".join)
def test_any_other_content_is_another_example(change: dict[str, Any]) -> None:
    assert one(row(**change))[Example.id] != one(row())[Example.id]


def test_row_name_group_and_domain_are_no_identity_but_the_source_is() -> None:
    assert one(row("2", group="g", subject="d"))[Example.id] == one(row())[Example.id]
    assert one(row(), source="b")[Example.id] != one(row())[Example.id]


def test_content_is_compared_across_sources_without_case_blanks_forms_and_order_of_options() -> None:
    content = one(row())[Example.content]
    same = [
        row(question="  which   COLOUR? "),
        row(question="Ｗhich colour?"),
        row(options=("green", "Yellow"), gold={"index": 0}),
        row(gold={"index": 0}),
    ]
    assert {one(other, source="b")[Example.content] for other in same} == {content}
    others = [row(question="Which colours?"), row(context="x"), row(options=("yellow", "red")), row(question="Which", context="colour?")]
    assert content not in {one(other)[Example.content] for other in others}


def test_exact_texts_and_shared_images_have_one_place_in_the_trie() -> None:
    lead = one(row())[Example.key][:8]
    assert one(row(gold={"index": 0}), source="b")[Example.key][:8] == lead
    assert one(row(gold={"index": 0}))[Example.key] != one(row())[Example.key]
    picture = drawn()
    keys = {one(row(question=question, images=(picture, drawn(1))))[Example.key][:8] for question in ("x", "y")}
    assert keys == {hashlib.sha256(picture).digest()[:8]}


def test_examples_are_by_key_and_images_by_digest_each_once() -> None:
    rows = [row(str(number), f"Question {number}?", images=(drawn(number % 3),)) for number in range(12)]
    forward, backward = made(*rows), made(*reversed(rows))
    keys = forward["examples"][Example.key].to_pylist()
    assert keys == sorted(keys)
    assert forward["examples"].equals(backward["examples"])
    assert forward["images"][Image.digest].to_pylist() == sorted(hashlib.sha256(drawn(red)).hexdigest() for red in range(3))
    assert forward["images"].equals(backward["images"])


def test_an_image_keeps_both_digests_and_its_size() -> None:
    (image,) = made(row(images=(drawn(),)))["images"].to_pylist()
    assert image[Image.digest] == hashlib.sha256(drawn()).hexdigest()
    assert image[Image.published_digest] == hashlib.sha256(image[Image.bytes]).hexdigest()
    assert image[Image.size] == len(image[Image.bytes]) > 0
    assert (image[Image.format], image[Image.fault]) == ("png", "")


def test_a_broken_image_is_kept_with_its_fault_and_its_example_too() -> None:
    tables = made(row(images=(b"no image",)))
    (image,) = tables["images"].to_pylist()
    assert (image[Image.bytes], image[Image.size], image[Image.format], image[Image.published_digest]) == (b"", 0, "", "")
    assert image[Image.fault]
    assert tables["examples"].num_rows == 1


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (Row("1", fault="no such column", detail="cop"), "no such column"),
        (row(question="  \n"), "no question"),
        (row(options=("one",), gold={"index": 0}), "fewer than two options"),
        (row(options=("one", " ")), "empty option"),
        (row(options=tuple(map(str, range(27)))), "too many options"),
        (row(gold={}), "no gold"),
        (row(gold={"index": 2}), "gold out of range"),
        (row(gold={"index": -1}), "gold out of range"),
        (row(answer_type=AnswerType.MULTI, gold={"indexes": [0, 2]}), "gold out of range"),
        (row(answer_type=AnswerType.MULTI, gold={"indexes": []}), "no gold"),
        (row(answer_type=AnswerType.OPEN, options=(), gold={"values": []}), "no gold"),
        (row(question="half a \ud83d face"), "broken text"),
        (row(options=("yellow", "gr\udceen")), "broken text"),
        (row(name="scan\udcff.png"), "broken text"),
        (row(group="\udcff"), "broken text"),
        (row(answer_type=AnswerType.OPEN, options=(), gold={"values": ["\ud83d"]}), "broken text"),
    ],
)
def test_a_row_that_cannot_be_an_example_is_a_reject_with_its_reason(faulty: Row, reason: str) -> None:
    tables = made(row("good"), faulty)
    assert tables["examples"][Example.row].to_pylist() == ["good"]
    (reject,) = tables["rejects"].to_pylist()
    assert reject[Reject.reason] == reason
    assert (reject[Reject.source], reject[Reject.file]) == ("a", "f.jsonl")
    assert reject[Reject.row].startswith(faulty.row[:1])


def test_rejects_come_in_the_order_of_the_file_and_every_row_is_counted() -> None:
    rows = [row(str(number), question="" if number % 2 else f"Question {number}?") for number in range(9)]
    tables = made(*rows)
    assert tables["rejects"][Reject.row].to_pylist() == ["1", "3", "5", "7"]
    assert tables["examples"].num_rows + tables["rejects"].num_rows == 9


def test_a_benchmark_needs_no_gold() -> None:
    bare = row(gold={}, fault="no gold")
    assert made(bare)["rejects"].num_rows == 1
    (example,) = made(bare, needs_gold=False)["examples"].to_pylist()
    assert (example[Example.answer], example[Example.gold_json]) == ("", "")


GOLDS: list[tuple[AnswerType, dict[str, Any], str]] = [
    (AnswerType.MCQ, {"index": 0}, "A"),
    (AnswerType.MULTI, {"indexes": [1, 0]}, "A, B"),
    (AnswerType.YESNO, {"value": "no"}, "no"),
    (AnswerType.YESNOMAYBE, {"value": "maybe"}, "maybe"),
    (AnswerType.NUMERIC, {"value": "4.20", "low": "4", "high": "5", "unit": "mg"}, "4.20 mg"),
    (AnswerType.NUMERIC, {"value": "7", "low": "7", "high": "7", "unit": ""}, "7"),
    (AnswerType.OPEN, {"values": ["liver", "hepar"]}, "liver"),
    (AnswerType.LABEL_SET, {"labels": ["oedema", "fracture"]}, "oedema, fracture"),
]


@pytest.mark.parametrize(("kind", "gold", "answer"), GOLDS, ids=[f"{kind}-{answer}" for kind, _, answer in GOLDS])
def test_the_answer_is_the_gold_as_trainers_read_it(kind: AnswerType, gold: dict[str, Any], answer: str) -> None:
    options = ("yellow", "green") if kind in (AnswerType.MCQ, AnswerType.MULTI) else ()
    example = one(row(answer_type=kind, gold=gold, options=options))
    assert example[Example.answer] == answer
    assert json.loads(example[Example.gold_json]) == gold
