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


# As nltk 3.10 and rouge 1.0.1 gave them: bleu1 to bleu4, rouge1, rouge2, rougel.
@pytest.mark.parametrize(
    ("said", "right", "scores"),
    [
        ("left lobe", "left lower lobe", (0.606530659713, 0.0, 0.0, 0.0, 0.799999995200, 0.0, 0.799999995200)),
        ("the left lower lobe", "left lower lobe", (0.75, 0.707106781187, 0.629960524947, 0.0, 0.857142852245, 0.799999995200, 0.857142852245)),
        ("a a a b. c a", "a b. a c.", (0.714285714286, 0.487950036474, 0.362460124334, 0.0, 0.999999995, 0.285714280816, 0.999999995)),
        ("none", "mass", (0.0,) * 7),
    ],
)  # fmt: skip
def test_bleu_and_rouge_are_those_of_the_libraries_that_the_kit_uses(said: str, right: str, scores: tuple[float, ...]) -> None:
    assert kit_open(right, said)[1:8] == pytest.approx(scores, abs=1e-11)


@pytest.mark.parametrize(("said", "right"), [("", "mass"), ("...", "mass"), ("mass", ""), ("a " * 1001, "b " * 1001)])
def test_answers_that_end_the_kit_with_an_error_are_told(said: str, right: str) -> None:
    assert kit_open(right, said).stops == 1.0
    assert not any(kit_open(right, said)[:-1])


@pytest.mark.parametrize(
    ("row", "name", "score"),
    [
        ({"task": "mcq", "options": list(OPTIONS), "gold": "C", "response": "I'm sorry, I can't help with that."}, "multi_choice", 1.0),
        ({"task": "mcq", "options": list(OPTIONS), "gold": "Crohn disease", "response": "c"}, "multi_choice", 1.0),
        ({"task": "mcq", "options": list(OPTIONS), "gold": " c ", "response": "c"}, "multi_choice", 1.0),
        ({"task": "yesno", "gold": "no", "response": "I do not know"}, "closed", 1.0),
        ({"task": "text", "gold": "no", "response": "There is nodular opacity"}, "closed", 1.0),
        ({"task": "text", "gold": ["lung", "heart"], "response": "Heart."}, "closed", 0.0),
        ({"task": "text", "gold": "Lung", "response": "<answer>lung.</answer>"}, "closed", 1.0),
        ({"task": "text", "gold": "Lung", "response": "lung."}, "em", 0.0),
    ],
)
def test_rows_have_the_scores_of_the_forms_in_which_the_kit_asks(row: dict[str, object], name: str, score: float) -> None:
    assert kit_row(row)[name] == score


def test_rows_of_other_tasks_have_no_score() -> None:
    assert kit_row({"task": "number", "gold": 3, "response": "3"}) == {}
