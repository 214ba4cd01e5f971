"""Find overlaps: pictures, cases and texts that a benchmark holds too, each with the benchmark's row as evidence."""

from typing import Any

import pytest

from pipeline.stages.find_overlaps import OverlapsRecipe, find_overlaps
from pipeline.texts.overlap import DETECTOR_VERSION
from schemas.graph import SHARD, Finding
from schemas.picture import HeldImage
from tests.fixtures.stage_rows import digest_of, example, examples, held

VIGNETTE = (
    "A 63-year-old farmer comes to the clinic because of coughing blood at night and weight loss of 8 kg in three months. "
    "His chest radiograph shows a cavity in the right upper lobe. Which of the following is the most appropriate next test?"
)
REWORDED = (
    "For three months a farmer, aged 63, has been coughing blood at night and lost 8 kg of weight. The radiograph of his chest "
    "reveals a cavity in the right upper lobe. What test is most appropriate next?"
)
ASKED = ["Sputum culture", "Skin biopsy", "Bone scan", "Echocardiography"]


def found(rows: list[dict[str, Any]], theirs: list[dict[str, Any]], *shown: dict[str, Any]) -> list[dict[str, Any]]:
    told = HeldImage.from_rows(shown).drop_columns([SHARD])
    return find_overlaps(examples(rows), told, examples(theirs), OverlapsRecipe("medqa", DETECTOR_VERSION))["findings"].to_pylist()


def bench(id: str, **told: Any) -> dict[str, Any]:
    return example(id, source="held", row=f"test {id}", answer="", gold_json="", **told)


def test_the_same_text_is_a_leak_with_the_row_and_both_texts_as_evidence() -> None:
    rows = [example("1", question="What lowers heat?"), example("2", question="What raises sugar?")]
    (row,) = found(
        rows, [bench("9", question="Which bone breaks?"), bench("8", question="What lowers  HEAT?", options=["green", "yellow"])]
    )
    assert row == {
        Finding.id: "1",
        Finding.source: "a",
        Finding.benchmark: "medqa",
        Finding.row: "test 8",
        Finding.kind: "question",
        Finding.rule: "shuffled",
        Finding.score: 1.0,
        Finding.found: "leak",
        Finding.text: "What lowers heat?",
        Finding.options: ["yellow", "green"],
        Finding.spans: [[0, 17]],
        Finding.image: "",
        Finding.benchmark_text: "What lowers  HEAT?",
        Finding.benchmark_options: ["green", "yellow"],
        Finding.benchmark_spans: [[0, 18]],
        Finding.benchmark_image: "",
    }


def test_a_reworded_case_is_a_leak_and_its_spans_stand_in_both_texts() -> None:
    (row,) = found([example("1", question=REWORDED, options=ASKED[::-1])], [bench("9", question=VIGNETTE, options=ASKED)])
    assert (row[Finding.found], row[Finding.kind]) == ("leak", "question")
    assert 0.5 < row[Finding.score] < 1.0
    for text, spans in ((Finding.text, Finding.spans), (Finding.benchmark_text, Finding.benchmark_spans)):
        assert any("cavity" in row[text][start:end] for start, end in row[spans])
        assert all(0 <= start < end <= len(row[text]) for start, end in row[spans])


def test_options_repeated_in_the_question_are_taken_out_and_spans_still_fit() -> None:
    told = f"  {VIGNETTE} Answer Choices: (A) {ASKED[0]} (B) {ASKED[1]} (C) {ASKED[2]} (D) {ASKED[3]}"
    (row,) = found([example("1", question=told, options=[])], [bench("9", question=VIGNETTE, options=ASKED)])
    assert row[Finding.rule] == "exact"
    ((start, end),) = row[Finding.spans]
    assert row[Finding.text][start:end] == VIGNETTE


def test_the_same_image_is_a_leak_whatever_is_asked() -> None:
    (row,) = found([example("1", images=[digest_of("q"), digest_of("p")])], [bench("9", images=[digest_of("p")])])
    assert (row[Finding.kind], row[Finding.rule], row[Finding.row], row[Finding.found]) == ("image", "bytes", "test 9", "leak")
    assert row[Finding.image] == row[Finding.benchmark_image] == digest_of("p")


@pytest.mark.parametrize(("kind", "rule", "score"), [("pixels", "pixels", 1.0), ("near", "picture", 62 / 64)])
def test_the_same_picture_in_another_file_is_a_leak(kind: str, rule: str, score: float) -> None:
    rows, theirs = [example("1", images=[digest_of("p")])], [bench("9", images=[digest_of("q")])]
    (row,) = found(rows, theirs, held("p", "q", kind))
    assert (row[Finding.rule], row[Finding.image], row[Finding.benchmark_image]) == (rule, digest_of("p"), digest_of("q"))
    assert (row[Finding.score], row[Finding.found]) == (score, "leak")


def test_a_picture_that_another_benchmark_holds_is_no_finding() -> None:
    rows, theirs = [example("1", images=[digest_of("p")])], [bench("9", images=[digest_of("q")])]
    assert found(rows, theirs, held("p", "q", benchmark="another")) == []


def test_a_short_question_about_another_picture_is_no_finding() -> None:
    asks = {"question": "Is the lung normal?"}
    rows = [example("1", images=[digest_of("p")], **asks), example("2", **asks)]
    theirs = [bench("9", images=[digest_of("q")], **asks)]
    assert found(rows, theirs) == []


def test_a_case_told_in_words_is_found_beside_another_picture() -> None:
    rows = [example("1", images=[digest_of("p")], question=REWORDED, options=ASKED)]
    (row,) = found(rows, [bench("9", images=[digest_of("q")], question=VIGNETTE, options=ASKED)])
    assert (row[Finding.kind], row[Finding.found]) == ("question", "leak")


def test_a_picture_is_told_once_with_the_row_that_asks_the_same() -> None:
    rows = [example("1", images=[digest_of("p")], question="Is it a fracture?")]
    theirs = [bench("8", images=[digest_of("p")]), bench("9", images=[digest_of("p")], question="Is it a FRACTURE?")]
    assert [row[Finding.row] for row in found(rows, theirs)] == ["test 9"]
    assert [row[Finding.row] for row in found([example("2", images=[digest_of("p")])], theirs)] == ["test 8"]


def test_rows_of_one_case_are_reported_for_what_knows_whether_names_agree() -> None:
    rows, theirs = [example("1", group="patient 4")], [bench("9", group="patient 4"), bench("8", group="")]
    assert [(row[Finding.kind], row[Finding.row], row[Finding.found]) for row in found(rows, theirs)] == [("case", "test 9", "report")]


def test_findings_follow_the_shards_order() -> None:
    asks = {"1": "What lowers heat?", "2": "What raises sugar?", "3": "Which bone breaks?"}
    rows = [example(id, question=asks[id]) for id in "312"]
    assert [row[Finding.id] for row in found(rows, [bench(id, question=asks[id]) for id in "123"])] == ["3", "1", "2"]


def test_a_benchmark_without_rows_is_met_by_none() -> None:
    assert found([example("1")], []) == []


def test_another_benchmark_of_the_same_shape_is_another() -> None:
    rows = [example("1", question="What lowers heat?")]
    assert len(found(rows, [bench("9", question="What lowers heat?")])) == 1
    assert found(rows, [bench("9", question="What raises heat quickly?")]) == []
    assert SHARD not in Finding.columns
