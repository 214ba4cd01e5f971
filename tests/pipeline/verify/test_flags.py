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


@pytest.mark.parametrize(
    "text",
    [
        "It serves as an aid to diagnosis in a mouse model.",
        "As an aide to the model, it was made by metabolic engineering.",
        "Given the answer choices, the provided image and the known history, the label of the drug says little.",
        "The patient was told to rest. Reference ranges are given. The ground-glass opacity is a hint.",
        "We see the image: it shows a mass. According to the guidelines, the report of the biopsy is needed.",
    ],
)
def test_words_of_medicine_alone_are_no_flag(text: str) -> None:
    found = flags(f"<think>{text}</think>\\boxed{{A}}")
    assert not any((found.identity, found.leaks_answer, found.image_blind))


@pytest.mark.parametrize("separator", ["\x1c", "\u2028", "\u00a0", "\t"])
def test_any_blank_parts_words(separator: str) -> None:
    loop = separator.join(["It may be so, or not be so."] * 40)
    assert flags(loop).looping
    assert flags(f"Again{separator}the given answer is B.").leaks_answer


def test_length_and_boxes_are_seen() -> None:
    assert flags(PLAIN, "length").truncated
    assert flags(PLAIN + r" or \boxed{B}").boxes == 2


def test_greek_letters_and_units_are_no_other_language() -> None:
    assert not flags("The β-blocker at 5 µg lowers ΔP; see α and γ.").mixed_language
