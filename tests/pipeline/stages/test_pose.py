"""Pose: what is put, and in which order its options stand."""

import json
from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.pose import PoseRecipe, pose
from schemas.evaluation import Taken
from schemas.example import Chosen, Example, Identified
from tests.fixtures.stage_rows import example, examples, mcq

OPTIONS = ["yellow", "green", "red", "blue"]


def posed(rows: list[dict[str, Any]], shuffle: int = 0, taken: list[bool] | None = None) -> list[dict[str, Any]]:
    told = pa.table({Taken.id: [row[Example.id] for row in rows], Taken.taken: taken or [True] * len(rows)})
    return Chosen.conform(pose(examples(rows), told, PoseRecipe(shuffle))["chosen"]).to_pylist()


def question(id: str = "1", gold: int = 1, **told: Any) -> dict[str, Any]:
    return example(id, **{Example.options: OPTIONS, Example.gold_json: mcq(gold), Example.answer: "ABCD"[gold], **told})


def test_what_is_not_taken_is_not_put() -> None:
    assert [row[Chosen.id] for row in posed([question("1"), question("2")], taken=[False, True])] == ["2"]


def test_upstreams_order_stays_where_no_shuffle_is_asked() -> None:
    (row,) = posed([question()])
    assert row[Chosen.options] == OPTIONS
    assert row[Chosen.gold_json] == mcq(1)


@pytest.mark.parametrize("seed", range(1, 30))
def test_a_shuffled_question_has_the_same_right_text(seed: int) -> None:
    (row,) = posed([question()], seed)
    assert sorted(row[Chosen.options]) == sorted(OPTIONS)
    index = json.loads(row[Chosen.gold_json])["index"]
    assert row[Chosen.options][index] == "green"
    assert row[Chosen.answer] == "ABCD"[index]
    assert row[Chosen.id] == "1"


def test_another_seed_gives_another_order_and_one_seed_the_same() -> None:
    orders = {tuple(posed([question()], seed)[0][Chosen.options]) for seed in range(1, 30)}
    assert len(orders) > 10
    assert posed([question()], 7) == posed([question()], 7)


@pytest.mark.parametrize("seed", range(1, 10))
def test_all_right_options_are_followed(seed: int) -> None:
    (row,) = posed([question(answer_type="multi", gold_json='{"indexes":[0,2]}', answer="A, C")], seed)
    indexes = json.loads(row[Chosen.gold_json])["indexes"]
    assert {row[Chosen.options][index] for index in indexes} == {"yellow", "red"}
    assert row[Chosen.answer] == ", ".join("ABCD"[index] for index in sorted(indexes))


@pytest.mark.parametrize(
    "last",
    [
        "All of the above",
        "none of the above",
        "Both A and B",
        "A and C",
        "(a), (b)",
        "Neither of these",
        "1 and 3",
        "Only B",
        "A, B and C",
        "D",
        "(b)",
        "acd",
    ],
)
def test_options_that_speak_of_others_stay_where_they_are(last: str) -> None:
    options = [*OPTIONS[:3], last]
    for seed in range(1, 12):
        assert posed([question(options=options)], seed)[0][Chosen.options] == options


@pytest.mark.parametrize("last", ["Vitamin A", "a blue rash", "Anemia of chronic disease", "Group B streptococcus"])
def test_options_that_only_look_so_are_shuffled(last: str) -> None:
    options = [*OPTIONS[:3], last]
    assert any(posed([question(options=options)], seed)[0][Chosen.options] != options for seed in range(1, 12))


def test_questions_without_options_are_left_as_they_are() -> None:
    row = example("1", options=[], answer_type="yesno", gold_json='{"value":"yes"}', answer="yes")
    assert posed([row], 3)[0][Chosen.gold_json] == '{"value":"yes"}'


def test_what_may_identify_a_person_is_named() -> None:
    told = pa.table({Taken.id: ["1"], Taken.taken: [True]})
    found: dict[str, Any] = {Identified.id: "1", Identified.source: "a", Identified.column: "question", Identified.place: 0}
    found |= {Identified.kind: "mrn", Identified.start: 0, Identified.stop: 3}
    rows = [found | {Identified.fails: True}, found | {Identified.kind: "date", Identified.fails: False}]
    (row,) = pose(examples([question()]), told, PoseRecipe(), Identified.from_rows(rows))["chosen"].to_pylist()
    assert row[Chosen.identifiers] == ["mrn"]
