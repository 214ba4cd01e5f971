"""Prompts: every type has its instruction, no gold is in them, and other words are another recipe."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fingerprint import fingerprint
from pipeline.models.generate import Text
from pipeline.prompts import BOXED, PROMPTS, Prompt, Unanswered, by_name, problem, shown, unanswered, worked_examples
from pipeline.publish.texts import question_in
from pipeline.stages.sample import SampleRecipe, questions
from schemas.errors import ManifestError
from schemas.example import AnswerType
from schemas.manifest import read_manifest
from schemas.manifest_parts import Shot
from tests.fixtures.asking import text_of
from tests.fixtures.stage_rows import chosen, example

RECIPE = SampleRecipe("t", "m", ("text",), (), BOXED, "", 0, 2, 0.6, 0.95, 100, 0)
golds = st.fixed_dictionaries({"answer": st.text(max_size=9), "gold_json": st.text(max_size=9)})


@given(st.sampled_from(PROMPTS), st.sampled_from(list(AnswerType)), golds, golds)
def test_examples_that_differ_in_their_gold_alone_are_asked_in_equal_bytes(
    prompt: Prompt, kind: str, one: dict[str, str], two: dict[str, str]
) -> None:
    recipe = replace(RECIPE, prompt=prompt)
    asked = [questions(chosen([example("1", answer_type=str(kind), **gold)]), recipe)[0].request for gold in (one, two)]
    assert asked[0].canonical() == asked[1].canonical()
    assert problem(prompt, unanswered(example("1", **one))) == problem(prompt, unanswered(example("1", **two)))


def test_what_a_prompt_is_rendered_from_has_no_field_for_a_gold() -> None:
    assert Unanswered._fields == ("question", "context", "options", "answer_type")


@pytest.mark.parametrize("name", ["boxed.2", "direct.2", "boxed-qwen"])
def test_every_type_of_answer_is_told_its_form(name: str) -> None:
    prompt = by_name(name)
    told = [prompt.instruction(kind) for kind in AnswerType]
    assert len(set(told)) == len(AnswerType)


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.name)
def test_an_instruction_is_one_paragraph_so_that_audits_find_the_question_before_it(prompt: Prompt) -> None:
    for kind in AnswerType:
        asked = problem(prompt, Unanswered("What is it?", "A case.", ["a", "b"], kind))
        assert question_in(asked, ["a", "b"]) == "A case.\n\nWhat is it?"


@pytest.mark.parametrize("prompt", [prompt for prompt in PROMPTS if prompt.asks_box], ids=lambda prompt: prompt.name)
def test_a_prompt_that_asks_for_a_box_names_it_for_every_type_but_boxes_of_an_image(prompt: Prompt) -> None:
    for kind in AnswerType:
        assert "\\boxed{}" in prompt.instruction(kind) or kind is AnswerType.BBOX


def test_other_words_are_another_recipe() -> None:
    same, other = replace(BOXED), replace(BOXED, ending=BOXED.ending + " Please.")
    assert fingerprint(replace(RECIPE, prompt=same)) == fingerprint(RECIPE)
    assert fingerprint(replace(RECIPE, prompt=other)) != fingerprint(RECIPE)
    assert fingerprint(replace(RECIPE, worked=worked_examples(BOXED))) != fingerprint(replace(RECIPE, worked=worked_examples(other)))


def test_a_system_message_goes_before_the_question_and_makes_it_another() -> None:
    plain = questions(chosen([example("1")]), RECIPE)[0].request
    told = questions(chosen([example("1")]), replace(RECIPE, prompt=replace(BOXED, system="You are a physician.")))[0].request
    assert [message.role for message in told.messages] == ["system", "user"]
    assert told.messages[1:] == plain.messages
    assert text_of(told) == f"You are a physician.\n{text_of(plain)}"
    assert told.key(0) != plain.key(0)


SHOTS = (
    Shot(question="Which organ makes bile?", options=("Heart", "Liver"), thought="Hepatocytes make it.", answer="B"),
    Shot(question=" Question  1?", answer="yes"),
)


def test_solved_questions_are_shown_first_in_the_prompts_own_form() -> None:
    (request,) = (one.request for one in questions(chosen([example("2")]), replace(RECIPE, shots=shown(BOXED, SHOTS))))
    texts = [part.text for message in request.messages for part in message.parts if isinstance(part, Text)]
    assert [message.role for message in request.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert texts[0].endswith("A. Heart\nB. Liver\n\n" + BOXED.instruction("mcq"))
    assert texts[1] == "<think>\nHepatocytes make it.\n</think>\n\n\\boxed{B}"
    assert texts[2].endswith(BOXED.instruction("yesno"))
    assert shown(by_name("direct"), SHOTS)[1].answered == "yes"


def test_a_question_is_not_shown_its_own_solution() -> None:
    (request,) = (one.request for one in questions(chosen([example("1")]), replace(RECIPE, shots=shown(BOXED, SHOTS))))
    assert len(request.messages) == 3
    assert "bile" in text_of(request)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ('shots = [{ question = "q", options = ["a", "b"], answer = "C" }]', "one of A, B, not 'C'"),
        ('shots = [{ question = "q", answer = "a", gold = "b" }]', "known here are question, context"),
        ('structure = "think_boxed"\nshots = [{ question = "q", answer = "a" }]', "shots and structure exclude each other"),
    ],
)
def test_shots_that_make_no_sense_are_errors(told: str, fault: str) -> None:
    with pytest.raises(ManifestError, match=fault):
        read_manifest(f'name = "x"\n[[source]]\nname = "medmcqa"\n[[teacher]]\nname = "t"\nmodel = "m"\n{told}\n', "m.toml")


def test_an_unknown_prompt_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(ManifestError, match=r"'nosuch'.*boxed, boxed\.2"):
        by_name("nosuch")
