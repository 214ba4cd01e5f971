"""Flags of odd traces, and plain traces without any."""

import pytest

from pipeline.verify.flags import flags

PLAIN = (
    "<think>\nThe patient has pain in the right lower quadrant, fever and a raised white count. The answer choices include diverticulitis, "
    "which tends to be on the left. Of the given options, appendicitis fits best, and the image shows a dilated tubular structure.\n</think>\n\n\\boxed{A}"
)


def test_plain_trace_has_no_flag() -> None:
    found = flags(PLAIN)
    assert not any(
        (found.truncated, found.no_thought, found.looping, found.mixed_language, found.identity, found.leaks_answer, found.image_blind)
    )
    assert found.boxes == 1


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("<think>no end", "truncated"),
        (r"\boxed{A}", "no_thought"),
        ("<think></think>A", "no_thought"),
        ("The patient has a history of smoking, which is a risk factor. " * 20, "looping"),
        ("000 " * 200, "looping"),
        ("The finding 这是一个非常重要的发现 is clear 因此答案是 yes.", "mixed_language"),
        ("As DeepSeek, I think so.", "identity"),
        ("I'm Qwen, created by Alibaba Cloud.", "identity"),
        ("As an AI language model I cannot.", "identity"),
        ("This matches the ground truth.", "leaks_answer"),
        ("The given answer is B, so I argue for it.", "leaks_answer"),
        ("As the label suggests, it is B.", "leaks_answer"),
        ("I must pretend not to know.", "leaks_answer"),
        ("The caption says that this is a CT.", "image_blind"),
        ("According to the report, there is a mass.", "image_blind"),
        ("I cannot see the image.", "image_blind"),
        ("No image was provided.", "image_blind"),
    ],
)
def test_odd_trace_is_flagged(text: str, flag: str) -> None:
    assert getattr(flags(text), flag) is True


def test_length_and_boxes_are_seen() -> None:
    assert flags(PLAIN, "length").truncated
    assert flags(PLAIN + r" or \boxed{B}").boxes == 2


def test_greek_letters_and_units_are_no_other_language() -> None:
    assert not flags("The β-blocker at 5 µg lowers ΔP; see α and γ.").mixed_language
