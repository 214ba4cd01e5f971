"""The kit's own verdicts, faults and all, as running its code gave them."""

import pytest

from pipeline.verify.medevalkit import kit_choice, kit_closed, kit_judgement, kit_open, kit_row

OPTIONS = ("Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis")


@pytest.mark.parametrize(
    ("response", "letter", "right"),
    [
        (r"<think>x</think> The answer is \boxed{C}", "C", True),
        (r"\boxed{\text{C}}", "C", False),
        (r"\boxed{\mathrm{C}}", "C", False),
        (r"\boxed{C. Crohn disease}", "C", True),
        (r"\boxed{Crohn's disease}", "C", True),
        (r"\boxed{C} is tempting, but final: \boxed{A}", "C", False),
        (r"<think>maybe \boxed{C}</think> I cannot determine.", "C", True),
        (r"\fbox{C}", "C", False),
        ("The answer is not A but C.", "C", False),
        (r"\boxed{C. Diverticulitis}", "C", True),
        ("I'm sorry, I can't help with that.", "C", True),
        ("Option C.", "C", False),
        (r"\boxed{E}", "C", True),
        (r"\boxed{}", "A", True),
        ("c", "C", True),
        ("Reasoning.\n\nC. Crohn disease", "C", True),
        ("**Answer**: C", "C", True),
    ],
)
def test_choice_is_scored_as_the_kit_does(response: str, letter: str, right: bool) -> None:
    assert kit_choice(OPTIONS, letter, response) is right


@pytest.mark.parametrize(
    ("gold", "response", "right"),
    [
        ("no", "There is nodular opacity", True),
        ("no", "I do not know", True),
        ("no", "The image is normal", True),
        ("yes", "Yes, there is an abnormality.", False),
        ("yes", "Yes, no pneumothorax is seen", False),
        ("yes", "Yes.", True),
    ],
)
def test_judgement_looks_inside_words_as_the_kit_does(gold: str, response: str, right: bool) -> None:
    assert kit_judgement(gold, response) is right


def test_open_scores_stand_under_the_names_the_kit_gives_them() -> None:
    scores = kit_open("left lower lobe", "Answer: left lobe")
    assert (scores.recall, scores.f1) == (1.0, pytest.approx(2 / 3))
    assert scores.precision == pytest.approx(0.8)
    assert kit_closed("left lobe", r"\boxed{Left lobe.}")


def test_rows_of_other_tasks_have_no_score() -> None:
    assert kit_row({"task": "mcq", "options": list(OPTIONS), "gold": "C", "response": "c"}) == 1.0
    assert kit_row({"task": "number", "gold": 3, "response": "3"}) is None
