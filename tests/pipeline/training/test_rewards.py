import json

import pytest

from pipeline.training.rewards import PUNISHMENTS, SCORES, Reward, RewardError, RewardRecipe, best, graded
from pipeline.verify.gold import Policy

OPTIONS = ["Acute appendicitis", "Diverticulitis", "Crohn disease", "Ulcerative colitis"]
MCQ = {"answer_type": "mcq", "options_json": json.dumps(OPTIONS), "grading_json": '{"index": 2}'}
LABELS = {"answer_type": "label_set", "options_json": "[]", "grading_json": '{"labels": ["pneumonia", "edema"]}'}
BOXES = {
    "answer_type": "bbox",
    "options_json": "[]",
    "grading_json": '{"boxes": [[0, 0, 100, 100], [200, 0, 300, 100]], "labels": ["Nodule", "Mass"], "width": 400, "height": 400}',
}
RIGHT = "<think>Granulomas.</think>\n\n" + r"\boxed{C}"


PLAIN = RewardRecipe()


def reward(name, texts, row, recipe=PLAIN, **columns):
    """As TRL calls it: completions as messages, the rows' columns repeated."""
    completions = [[{"role": "assistant", "content": text}] for text in texts]
    told = {key: [value] * len(texts) for key, value in {"id": "q1", "source": "s", **row}.items()}
    return Reward(name, recipe)(prompts=[None] * len(texts), completions=completions, trainer_state=None, **told, **columns)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (RIGHT, 1.0),
        (RIGHT.replace("{C}", "{C. Crohn disease}"), 1.0),
        (RIGHT.replace("{C}", "{A}"), 0.0),
        ("The answer is C.", 0.0),
        ("<think>maybe \\boxed{C}</think> I cannot determine.", 0.0),
        ("I'm sorry, I can't help with that.", 0.0),
        (RIGHT + " Wait, that is wrong. The answer is A.", 0.0),
        (RIGHT + ". No, wait, that's incorrect.", 0.0),
        (RIGHT + "\n\nI take that back.", 0.0),
        (RIGHT + " That is all.", 1.0),
        ("<think>It is \\boxed{C}", 0.0),
        ("", 0.0),
    ],
)
def test_accuracy_is_the_verifiers_word(text, right):
    assert reward("accuracy", [text], MCQ) == [right]


def test_a_rollout_without_its_last_token_is_never_right():
    recipe = RewardRecipe(max_tokens=3, ends=frozenset({7}))
    assert reward("accuracy", [RIGHT, RIGHT], MCQ, recipe, completion_ids=[[1, 2, 7], [1, 2, 3]]) == [1.0, 0.0]
    assert reward("format", [RIGHT, RIGHT], MCQ, recipe, completion_ids=[[1, 2, 7], [1, 2, 3]]) == [1.0, 0.0]


@pytest.mark.parametrize("name", ["accuracy", "label_f1", "iou", "box"])
def test_what_stands_before_a_cut_is_not_paid_under_any_policy(name):
    recipe = RewardRecipe(policy=Policy.EVAL, max_tokens=3, ends=frozenset({7}))
    row, text = {
        "accuracy": (MCQ, "The answer is C.\n\nBecause of"),
        "label_f1": (LABELS, "<think>a</think>\\boxed{pneumonia, edema}\n\nBecause of"),
    }.get(name, (BOXES, "<think>a</think><nodule><box>(0, 0), (100, 100)</box>\n\nBecause of"))
    assert reward(name, [text], row, recipe, completion_ids=[[1, 2, 3]]) == [0.0]


def test_a_refusal_is_not_paid():
    assert reward("accuracy", ["<think>a</think>I cannot help with that."], MCQ) == [0.0]


def test_prose_counts_under_the_policy_of_evaluations():
    assert reward("accuracy", ["The answer is C."], MCQ, RewardRecipe(policy=Policy.EVAL)) == [1.0]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (RIGHT, 1.0),
        ("Granulomas.</think> \\boxed{C}", 1.0),
        ("<think></think>\\boxed{C}", 0.75),
        ("<think>a</think>\\boxed{A} \\boxed{C}", 0.75),
        ("<think>a</think>\\boxed{C", 0.5),
        ("<think>a</think>C", 0.5),
        ("\\boxed{C}", 0.5),
        ("<think>\\boxed{C}", 0.0),
        ("C", 0.0),
    ],
)
def test_form_is_a_thought_and_one_box(text, parts):
    assert reward("format_parts", [text], MCQ) == [parts]
    assert reward("format", [text], MCQ) == [float(parts == 1.0)]


def test_labels_count_by_f1():
    texts = [f"<think>a</think>\\boxed{{{said}}}" for said in ("Edema and pneumonia", "pneumonia", "pneumonia, fracture", "nothing")]
    assert reward("label_f1", [*texts, "pneumonia, edema"], LABELS) == pytest.approx([1.0, 2 / 3, 0.5, 0.0, 0.0])
    assert reward("label_f1", [RIGHT], MCQ) == [None]


def said_boxes(*boxes):
    return "<think>a</think>" + "\n".join(f"{label} <box>{json.dumps([box])}</box>" for label, box in boxes)


def test_boxes_count_by_their_overlap_and_labels():
    whole = said_boxes(("Nodule", [0, 0, 100, 100]), ("Mass", [200, 0, 300, 100]))
    half = said_boxes(("Nodule", [0, 0, 50, 100]), ("Mass", [200, 0, 300, 100]))
    swapped = said_boxes(("Mass", [0, 0, 100, 100]), ("Nodule", [200, 0, 300, 100]))
    one = said_boxes(("Nodule", [0, 0, 100, 100]))
    texts = [whole, half, swapped, one, "no boxes", whole + " No, that is wrong: there is nothing."]
    assert reward("iou", texts, BOXES) == pytest.approx([1.0, 0.75, 0.0, 0.5, 0.0, 0.0])
    assert reward("label_f1", texts, BOXES) == pytest.approx([1.0, 1.0, 1.0, 2 / 3, 0.0, 0.0])
    medmo = reward("box", texts, BOXES)
    assert medmo[0] == 1.0
    assert 0.75 < medmo[1] < 1.0
    assert medmo[2] < 0.6
    assert (medmo[3], medmo[4]) == (0.25, 0.0)
    assert reward("format", [whole], BOXES) == [1.0]
    assert [reward(name, [RIGHT], MCQ) for name in ("iou", "box")] == [[None], [None]]


def test_boxes_of_a_picture_of_unknown_size_have_no_reward_by_distance():
    row = BOXES | {"grading_json": '{"boxes": [[0, 0, 10, 10]]}'}
    assert (reward("box", [RIGHT], row), reward("iou", ["<think>a</think><box>[[0, 0, 10, 10]]</box>"], row)) == ([None], [1.0])


def test_length_as_qoq_med_counts_it():
    assert reward("length", ["", "a" * 300, "a" * 600, "a" * 601], MCQ) == pytest.approx([0.0, 0.3, 0.6, 1.0])


def test_overlong_rollouts_are_punished_as_in_dapo():
    recipe = RewardRecipe(max_tokens=100, overlong_tokens=20, ends=frozenset({0}))
    ids = [[1] * count for count in (10, 80, 90, 100)]
    assert reward("overlong", [RIGHT] * 4, MCQ, recipe, completion_ids=ids) == pytest.approx([0.0, 0.0, -0.5, -1.0])
    hard = RewardRecipe(max_tokens=4, ends=frozenset({0}))
    assert reward("overlong", [RIGHT] * 2, MCQ, hard, completion_ids=[[1, 1, 0], [1, 1, 1, 1]]) == [0.0, -1.0]


def test_loops_are_punished():
    calm, looping = reward("repeats", ["A short thought about it.", "it may be so, or it may not be, " * 40], MCQ)
    assert calm == 0.0
    assert looping < -0.5


@pytest.mark.parametrize("name", SCORES)
def test_a_row_that_cannot_be_graded_names_itself(name):
    with pytest.raises(RewardError, match=r"row q1 of s cannot be graded: gold_json of type mcq"):
        reward(name, [RIGHT], MCQ | {"grading_json": '{"index": 9}'})
    with pytest.raises(RewardError, match=r"no column options_json, grading_json"):
        Reward(name, RewardRecipe())([None], [RIGHT], answer_type=["mcq"])


@pytest.mark.parametrize("name", SCORES)
def test_every_reward_gives_a_number_or_nothing_for_every_type(name):
    for row in (MCQ, LABELS, BOXES):
        for text in (RIGHT, "", "<think>", "\\boxed{", "<box>[[1, 2", "\ud800"):
            (value,) = reward(name, [text], row)
            assert value is None or -1.0 <= value <= 1.0
            assert value is None or name not in PUNISHMENTS or value <= 0


def test_completions_may_be_texts_or_parts():
    parts = [{"role": "assistant", "content": [{"type": "text", "text": "<think>a</think>"}, {"type": "text", "text": "\\boxed{C}"}]}]
    columns = {name: [value] * 3 for name, value in MCQ.items()}
    assert Reward("accuracy", RewardRecipe())([None] * 3, [RIGHT, parts, []], **columns) == [1.0, 1.0, 0.0]


def test_trl_logs_a_reward_by_its_name():
    assert Reward("box", RewardRecipe()).__name__ == "box"


def test_the_best_a_rollout_can_get_is_the_sum_of_what_gives():
    assert best({"accuracy": 0.6, "format": 0.2, "overlong": 1.0}) == pytest.approx(0.8)


def test_one_rollout_is_graded_by_its_row():
    assert graded(RIGHT, MCQ, RewardRecipe()).judged.verdict == "correct"
