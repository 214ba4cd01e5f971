"""Work grows in step with the text: counted in steps of the interpreter, never in seconds."""

import sys
from types import FrameType
from typing import Any

import pytest

from pipeline.verify.answer import Gold, verify
from pipeline.verify.flags import flags
from pipeline.verify.think import normalise_trace, split_think
from schemas.trace import Verdict

MCQ = Gold.from_json("mcq", ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis"), '{"index": 2}')
GOLDS = (
    MCQ,
    Gold.from_json("yesno", (), '{"value": "yes"}'),
    Gold.from_json("numeric", (), '{"value": "5"}'),
    Gold.from_json("date", (), '{"value": "2020-01-01"}'),
    Gold.from_json("open", (), '{"values": ["left lung"]}'),
    Gold.from_json("label_set", (), '{"labels": ["edema"]}'),
    Gold.from_json("bbox", (), '{"boxes": [[1, 2, 3, 4]]}'),
)
BAITS = {
    "open boxes": r"\boxed{",
    "empty boxes": r"\boxed{}",
    "braces": "{",
    "closed braces": "}",
    "backslashes": "\\",
    "thoughts": "<think>",
    "ends of thoughts": "</think>",
    "box tags": "<box>",
    "boxes": "<box>[[1,2,3,4]]</box>",
    "lists": "[[[[1,",
    "json keys": '"bbox_2d": [',
    "answer keys": '"answer": "',
    "answers": "the answer is ",
    "letters": "A B C D ",
    "claims": "A is B is C ",
    "colons": "answer::::",
    "spaces": "          ",
    "newlines": "\n\n\n",
    "digits": "1234567890",
    "numbers": "1, 2, 3 - 4 ",
    "channels": "<|channel|>analysis<|message|>",
    "nulls": "\0",
    "surrogates": "\ud800",
    "full width": "Ａ：",
    "quotes": '\\"',
    "stars": "**(",
    "retractions": r"\boxed{D} wait, no, the answer is ",
    "denials": "not C, the answer is not (",
    "words": "five of morphine and ",
    "units": "5 mg/kg/day 10^9/L ",
    "dates": "not March 4, 2020 or before ",
    "yes and no": "yes - actually no, ",
}


def _lines(text: str, gold: Gold) -> int:
    """How many lines of Python run for one verdict."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        verify(text, gold)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("bait", BAITS.values(), ids=BAITS.keys())
def test_steps_grow_no_faster_than_the_text(bait: str) -> None:
    for gold in GOLDS:
        verify(bait, gold)
        small, large = (_lines(bait * (size // len(bait)), gold) for size in (3_000, 30_000))
        assert large <= 12 * small + 2_000


@pytest.mark.parametrize("bait", BAITS.values(), ids=BAITS.keys())
def test_a_megabyte_of_bait_gets_a_verdict(bait: str) -> None:
    text = bait * (1_000_000 // len(bait))
    assert verify(text, MCQ).verdict is not Verdict.CORRECT
    assert normalise_trace(text).count("</think>") == 1
    assert split_think(text).answer_start <= len(text)


def test_fifty_thousand_boxes_are_read_by_the_last() -> None:
    assert verify(r"\boxed{A}" * 50_000 + r"\boxed{C}", MCQ).verdict is Verdict.CORRECT
    assert flags(r"\boxed{A}" * 50_000).boxes == 50_000


def test_nested_braces_are_closed_by_counting() -> None:
    assert verify("\\boxed{" + "{" * 500 + "C" + "}" * 500 + "}", MCQ).verdict is Verdict.CORRECT
