"""Every gold, written as an answer, is correct under both policies."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.verify.answer import Gold, Policy, verify
from pipeline.verify.render import render
from schemas.trace import Verdict

WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9)
TEXT = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
UNITS = st.sampled_from(
    [
        "",
        "mg",
        "mL/min/1.73 m^2",
        "%",
        "mmHg",
        "mm Hg",
        "g/dL",
        "years",
        "mEq/L",
        "ng/mL",
        "points",
        "10^9/L",
        "x10^3/µL",
        "°C",
        "°",
        "bpm",
        "mg/day",
        "tablets",
    ]
)
BOX = st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(5, 60), st.integers(5, 60)).map(
    lambda four: [four[0], four[1], four[0] + four[2], four[1] + four[3]]
)


@st.composite
def golds(draw: st.DrawFn) -> Gold:
    kind = draw(st.sampled_from(["mcq", "multi", "yesno", "yesnomaybe", "label_set", "numeric", "date", "age", "open", "bbox"]))
    options = tuple(draw(st.lists(TEXT, min_size=2, max_size=10)))
    raw: dict[str, Any]
    match kind:
        case "mcq":
            raw = {"index": draw(st.integers(0, len(options) - 1))}
        case "multi":
            raw = {"indexes": draw(st.lists(st.integers(0, len(options) - 1), min_size=1, max_size=4))}
        case "yesno":
            raw = {"value": draw(st.sampled_from(["yes", "no"]))}
        case "yesnomaybe":
            raw = {"value": draw(st.sampled_from(["yes", "no", "maybe"]))}
        case "label_set":
            raw = {"labels": draw(st.lists(st.one_of(TEXT, st.just("bone, soft tissue and skin")), max_size=4))}
        case "numeric":
            raw = {"value": str(draw(st.decimals(-10_000, 10_000, places=draw(st.integers(0, 3))))), "unit": draw(UNITS)}
        case "date":
            raw = {"value": draw(st.dates()).isoformat()}
        case "age":
            return Gold.from_json("date", (), json.dumps({"weeks": draw(st.integers(0, 45)), "days": draw(st.integers(0, 6))}))
        case "open":
            raw = {"values": draw(st.lists(TEXT, min_size=1, max_size=3))}
        case _:
            raw = {"boxes": draw(st.lists(BOX, min_size=1, max_size=5)), "width": 150, "height": 150}
            raw["frame"] = draw(st.sampled_from(["pixel", "norm1000", "qwen2.5", "300x300"]))
    return Gold.from_json(kind, options, json.dumps(raw))


@settings(max_examples=150, deadline=None)
@given(golds())
def test_rendered_gold_is_correct(gold: Gold) -> None:
    for policy in Policy:
        for text in (render(gold), f"<think>\nSo it is.\n</think>\n\nThe answer: {render(gold)}"):
            judged = verify(text, gold, policy=policy)
            assert (judged.verdict, judged.score) == (Verdict.CORRECT, 1.0)


def test_named_boxes_are_rendered_with_their_names() -> None:
    gold = Gold.from_json("bbox", (), '{"boxes": [[0, 0, 9, 9], [20, 20, 40, 40]], "labels": ["mass", "nodule"]}')
    assert render(gold) == "mass <box>[[0.0, 0.0, 9.0, 9.0]]</box> nodule <box>[[20.0, 20.0, 40.0, 40.0]]</box>"
    assert verify(render(gold), gold).verdict is Verdict.CORRECT


@pytest.mark.parametrize("shift", ["0.06", "-0.06"])
def test_number_just_outside_its_limits_is_wrong(shift: str) -> None:
    gold = Gold.from_json("numeric", (), '{"value": "10", "low": "9.95", "high": "10.05", "unit": "mg"}')
    assert verify(f"\\boxed{{{Decimal(10) + Decimal(shift)} mg}}", gold).verdict is Verdict.INCORRECT
