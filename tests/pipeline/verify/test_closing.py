"""Outputs that end plainly are read at once, and say what the whole search says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.verify.answer import Gold, Policy, verify
from schemas.trace import Verdict
from tests.fixtures.upstream_traces import outputs

OPTIONS = (
    "Acute appendicitis",
    "Rest and ice",
    "Crohn disease",
    "Vitamin C and D.",
    "No treatment",
    "A big one",
    "option B",
    "5%",
    "E. coli",
)
GOLD = Gold.from_json("mcq", OPTIONS, '{"index": 2}')
LEADS = (
    "The ", "Therefore, the ", "Final ", "\n\nFinal ", "If so, the ", "Some say the ", "not the ", "every ", "the other ", "least\nThe ", "all. The ",
    "It is B. The ", "Question 2: x.\nThe ", '"answer": "D". The ', "They choose ", "\nQ: more\nThe ",
)  # fmt: skip
KEYS = ("answer is ", "Answer: ", "answer is: ", "Answer:\n", "answer is **", "answers are ")
MARKS = (") ", ". ", "). ", ": ", ".** ", ")** ", ")", ".", "")
ENDS = ("", ".", "**", ".**", "\n\n", "?", " because it fits.", "\n\nWait, B.", ". Sorry, B is correct.", ". No, A.")
JOINTS = (" and ", ", ", " or ", ", and ", "/", " and not ")
# A reason to stop that says nothing: the answer is whole, and is read by the whole search.
ENDED = "end_turn"


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_a_plain_end_says_what_the_whole_search_says(data: st.DataObject) -> None:
    lead, key, mark, end = (data.draw(st.sampled_from(pieces)) for pieces in (LEADS, KEYS, MARKS, ENDS))
    index = data.draw(st.integers(0, len(OPTIONS) - 1))
    letter = "(" * data.draw(st.integers(0, 1)) + chr(ord("A") + index)
    behind = data.draw(st.sampled_from((OPTIONS[index], OPTIONS[index].rstrip("."), OPTIONS[(index + 1) % len(OPTIONS)], "")))
    others = "".join(
        data.draw(st.sampled_from(JOINTS)) + data.draw(st.sampled_from("ABCDEFGHIJ")) for _ in range(data.draw(st.integers(0, 3)))
    )
    text = data.draw(st.sampled_from((f"{lead}{key}{letter}{mark}{behind}{end}", f"{lead}{key}{letter}{others}{end}")))
    assert verify(text, GOLD) == verify(text, GOLD, finish_reason=ENDED)


@pytest.mark.parametrize("name", ["mmlu_pro", "mirage", "thoughtsource"])
def test_real_outputs_say_the_same_by_their_end_and_by_the_whole_search(name: str) -> None:
    for output in outputs(name):
        assert verify(output.text, output.gold) == verify(output.text, output.gold, finish_reason=ENDED), output.mark


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Pain is common. The answer is (C).", Verdict.CORRECT),
        ("The answer is (C) Crohn disease.", Verdict.CORRECT),
        ("x.\n\nFinal Answer: **C. Crohn disease**", Verdict.CORRECT),
        ("The answer is (C) and (A).", Verdict.AMBIGUOUS),
        ("The answer is (C) Rest and ice.", Verdict.CONFLICT),
        ("The other answer is (C).", Verdict.CONFLICT),
        ("Every answer is (C).", Verdict.CONFLICT),
        ("If there is no fever, the answer is (C).", Verdict.CONFLICT),
        ("Some say the answer is (C).", Verdict.CONFLICT),
        ("The answer is (A).\nQuestion 2: more.\nThe answer is (C).", Verdict.INCORRECT),
        ("The answer is ~~(C)~~.", Verdict.NO_ANSWER),
        ("Réponse possible. The answer is `A and C`.", Verdict.AMBIGUOUS),
        ("The answer is `A and C`.", Verdict.AMBIGUOUS),
        ("Pain is common in this. " * 20 + "Some say the answer is (C).", Verdict.NO_ANSWER),
        ("Pain is common in this. " * 20 + "If there is no fever, the answer is (C).", Verdict.NO_ANSWER),
        (r"\boxed{A} The answer is (C).", Verdict.INCORRECT),
        ("<think>Hm.</think> The answer is (C).", Verdict.CORRECT),
        ('{"answer": "A"} The answer is (C).', Verdict.INCORRECT),
    ],
)
def test_what_stands_round_a_plain_end_still_counts(text: str, verdict: Verdict) -> None:
    assert verify(text, GOLD).verdict is verdict


@pytest.mark.parametrize("text", ["The answer is vitamin C 90% and vitamin D 95%.", "The answer is vitamin C 90%, and vitamin D 95%."])
def test_values_are_listed_with_and_or_without(text: str) -> None:
    options = ("Vitamin C 90% Vitamin D 95%", "Vitamin D 90% Vitamin C 95%")
    right = Gold.from_json("mcq", options, '{"index": 0}')
    assert verify(text, right).extracted in ("A", "")
    assert verify(text, Gold.from_json("mcq", options, '{"index": 1}')).verdict is not Verdict.CORRECT


def test_and_between_words_is_part_of_an_option() -> None:
    salt = Gold.from_json("mcq", ("Salt water", "Dextrose"), '{"index": 0}')
    assert verify("The answer is salt and water.", salt).verdict is not Verdict.CORRECT


@pytest.mark.parametrize("text", ["It is used as an aid in smoking cessation.", "It crosses the barrier as an airway does."])
def test_an_aid_is_no_refusal(text: str) -> None:
    assert verify(text, GOLD, policy=Policy.TRAIN).verdict is Verdict.MALFORMED
    assert verify("As an AI, I have no opinion.", GOLD, policy=Policy.TRAIN).verdict is Verdict.REFUSED


def test_a_plain_end_without_a_box_is_no_answer_to_train_on() -> None:
    assert verify("The answer is (C).", GOLD, policy=Policy.TRAIN).verdict is Verdict.MALFORMED
