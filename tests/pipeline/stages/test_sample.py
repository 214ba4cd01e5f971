"""Sample: what a teacher is asked, and one trace a sample in order."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from pipeline.models.generate import Completion, Picture, Text
from pipeline.prompts import BOXED, by_name, worked_examples
from pipeline.stages.sample import GoldRecipe, SampleRecipe, gold_traces, questions, sample, takes
from pipeline.verify.structure import structure_grammar
from schemas.example import AnswerType, Chosen
from schemas.image import Image
from schemas.trace import Trace
from tests.fixtures.asking import FakeGenerate, text_of
from tests.fixtures.stage_rows import chosen, digest_of, example, image, images

RECIPE = SampleRecipe("t", "m", ("text",), (), BOXED, "", 0, 2, 0.6, 0.95, 100, 0)
SEES = replace(RECIPE, sees=("text", "image"))
PICTURES = images(image("p"), image("q"))


def asked(*rows: dict[str, Any], recipe: SampleRecipe = RECIPE, held: pa.Table | None = None) -> list[Any]:
    return [question.request for question in questions(chosen(rows), recipe, held)]


def test_there_is_one_trace_a_sample_in_the_order_of_questions_and_samples() -> None:
    handle = FakeGenerate(lambda request, index: Completion(f"{text_of(request).splitlines()[0]} {index}", "stop", "served", 3, 4))
    rows = [example("2"), example("1")]
    table = sample(chosen(rows), RECIPE, handle)["traces"]
    assert table[Trace.example].to_pylist() == ["2", "2", "1", "1"]
    assert table[Trace.sample].to_pylist() == [0, 1, 0, 1]
    assert table[Trace.text].to_pylist() == ["Question 2? 0", "Question 2? 1", "Question 1? 0", "Question 1? 1"]
    assert set(table[Trace.model].to_pylist()) == {"served"}
    assert set(table[Trace.teacher].to_pylist()) == {"t"}
    assert len(set(table[Trace.id].to_pylist())) == 4
    assert table[Trace.request].to_pylist() == [request.key(index) for request in asked(*rows) for index in (0, 1)]


def test_a_trace_has_the_same_id_whatever_was_answered_and_whatever_stands_beside_it() -> None:
    one = sample(chosen([example("1")]), RECIPE, FakeGenerate({"Question": "x"}))["traces"][Trace.id].to_pylist()
    two = sample(chosen([example("0"), example("1")]), replace(RECIPE, samples=4), FakeGenerate({"Question": "y"}))["traces"]
    assert two[Trace.id].to_pylist()[4:6] == one


def test_the_question_ends_as_its_prompt_says() -> None:
    (request,) = asked(example("1", context="A context."))
    ending = by_name("boxed").endings[AnswerType.MCQ]
    assert text_of(request) == f"A context.\n\nQuestion 1?\n\nA. yellow\nB. green\n\n{ending}"
    assert request.sampling.max_tokens == 100
    assert request.sampling.grammar == ""


def test_every_question_has_a_seed_of_its_own_that_no_neighbour_moves() -> None:
    one, two = asked(example("1"), example("2"))
    assert one.seed != two.seed
    assert one.seed % 1024 == two.seed % 1024 == 0
    assert asked(example("2"))[0].seed == two.seed
    assert asked(example("2"), recipe=replace(RECIPE, seed=1))[0].seed != two.seed


def test_more_samples_keep_the_keys_of_the_first() -> None:
    (few,), (many,) = asked(example("1")), asked(example("1"), recipe=replace(RECIPE, samples=8))
    assert [few.key(index) for index in few.samples] == [many.key(index) for index in many.samples][:2]


def test_a_teacher_without_structure_is_asked_the_question_alone() -> None:
    (request,) = asked(example("1"))
    assert [message.role for message in request.messages] == ["user"]


@pytest.mark.parametrize("kind", list(AnswerType))
def test_structure_adds_a_worked_example_and_the_grammar_of_the_answer_type(kind: AnswerType) -> None:
    options = ["a", "b", "c"] if kind in (AnswerType.MCQ, AnswerType.MULTI) else []
    recipe = replace(RECIPE, structure="think_boxed", structure_version=1, worked=worked_examples(BOXED))
    (request,) = asked(example("1", answer_type=kind.value, options=options), recipe=recipe)
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.sampling.structure == "think_boxed"
    assert request.sampling.grammar == structure_grammar(kind, len(options))
    assert "<think>" in text_of(request)


def test_images_go_before_the_text_in_their_order_as_published() -> None:
    row = example("1", images=[digest_of("q"), digest_of("p"), digest_of("q")])
    (request,) = asked(row, recipe=SEES, held=PICTURES)
    parts = request.messages[-1].parts
    assert [part.digest for part in parts if isinstance(part, Picture)] == [
        digest_of("published q"),
        digest_of("published p"),
        digest_of("published q"),
    ]
    assert isinstance(parts[-1], Text)
    assert len(parts) == 4
    assert request.pictures == {digest_of("published p"): b"p", digest_of("published q"): b"q"}
    assert "<image>" not in text_of(request)


def test_a_marker_of_upstream_is_not_put_to_the_teacher() -> None:
    (request,) = asked(example("1", question="<image>\nWhat is shown?", images=[digest_of("p")]), recipe=SEES, held=PICTURES)
    assert text_of(request).startswith("What is shown?")


def test_a_question_is_asked_of_the_first_teacher_that_sees_it() -> None:
    rows = [example("1"), example("2", images=[digest_of("p")])]
    assert [question.example for question in questions(chosen(rows), RECIPE)] == ["1"]
    assert [question.example for question in questions(chosen(rows), SEES, PICTURES)] == ["1", "2"]
    behind = replace(SEES, earlier=(("text",),))
    assert [question.example for question in questions(chosen(rows), behind, PICTURES)] == ["2"]
    assert questions(chosen(rows), replace(SEES, earlier=(("text", "image"),)), PICTURES) == []


@pytest.mark.parametrize("pictured", [False, True])
def test_at_most_one_of_several_teachers_takes_a_question(pictured: bool) -> None:
    eyes = [("text",), ("image",), ("text", "image"), ("text",)]
    taken = [takes(["p"] if pictured else [], sees, eyes[:place]) for place, sees in enumerate(eyes)]
    assert taken.count(True) == 1


def test_no_question_asks_nothing() -> None:
    handle = FakeGenerate({})
    assert sample(chosen([example("1", images=["p"])]), RECIPE, handle)["traces"].num_rows == 0
    assert sample(chosen([]), RECIPE, handle)["traces"].num_rows == 0
    assert handle.requests == []


def test_two_requests_differ_in_their_keys_by_the_picture() -> None:
    one, two = asked(example("1", images=[digest_of("p")]), example("1", images=[digest_of("q")]), recipe=SEES, held=PICTURES)
    assert one.key(0) != two.key(0)


def test_the_bytes_of_a_picture_are_no_part_of_the_key() -> None:
    row = example("1", images=[digest_of("p")])
    other = Image.from_rows([image("p", bytes=b"other")])
    assert asked(row, recipe=SEES, held=PICTURES)[0].key(0) == asked(row, recipe=SEES, held=other)[0].key(0)


def test_without_a_teacher_the_gold_is_the_completion() -> None:
    table = gold_traces(chosen([example("1"), example("2", answer=""), example("3", answer="liver")]), GoldRecipe(("a",)))["traces"]
    assert [(row[Trace.example], row[Trace.text], row[Trace.teacher], row[Trace.request]) for row in table.to_pylist()] == [
        ("1", "B", "", ""),
        ("3", "liver", "", ""),
    ]
    assert Chosen.answer in chosen([]).column_names


def test_the_gold_answers_for_the_sources_that_are_named_alone() -> None:
    rows = chosen([example("1", answer="liver"), example("2", answer="lung", source="b")])
    assert gold_traces(rows, GoldRecipe(("b",)))["traces"][Trace.example].to_pylist() == ["2"]
