import io
import json

import numpy as np
import pytest
from PIL import Image

from pipeline.publish.corpus import Corpus, read_corpus
from pipeline.training.questions import Fitting, open_heldout_questions, open_questions
from schemas.errors import TrainingError
from schemas.training import Training, read_training
from tests.fixtures.corpora import png, posed, question, write_corpus

TEXTS = ("easy", "fair", "hard")


def picture(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)).save(made, "PNG")
    return made.getvalue()


def settings(more: str = "") -> Training:
    return read_training(
        f'name = "small"\n[model]\npath = "model"\n[data]\ncorpus = "corpus"\nmax_pixels = 800\nmin_pixels = 1\n{more}', "small.toml"
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Three questions of text of other pass rates, one without, one with an image, one with boxes, one of an ECG."""
    folder = tmp_path_factory.mktemp("questions")
    boxes = {
        "answer_type": "bbox",
        "options_json": "[]",
        "answer": "",
        "grading_json": json.dumps({"boxes": [[0, 0, 40, 40]], "width": 80, "height": 40}),
    }
    rows = [posed(question(name), n_sampled=4, n_correct=right) for name, right in zip(TEXTS, (4, 2, 1), strict=True)]
    rows += [posed(question("unknown"), teacher=""), posed(question("seen", images=[png(1)]))]
    rows += [posed(question("boxed", images=[picture(80, 40)]) | boxes), posed(question("leads") | {"modality": "ecg"})]
    held = [posed(question("held", split="heldout")), posed(question("held-seen", images=[png(3)], split="heldout"))]
    return read_corpus(write_corpus(folder / "corpus", folder / "store", {"rl-train": rows, "rl-heldout": held}))


def ids(corpus: Corpus, more: str = "", *, sees: bool = False, batch: int = 1) -> list[str]:
    questions = open_questions(corpus, settings(more), sees=sees, batch=batch)
    return [questions[place]["id"] for place in range(len(questions))]


def test_a_model_is_asked_what_it_can_see(corpus: Corpus) -> None:
    assert sorted(ids(corpus)) == sorted([*TEXTS, "unknown"])
    assert sorted(ids(corpus, sees=True)) == sorted([*TEXTS, "unknown", "seen", "boxed"])


def test_a_row_is_what_trl_reads(corpus: Corpus) -> None:
    texts = open_questions(corpus, settings(), sees=False, batch=1)
    assert {"prompt", "answer_type", "options_json", "grading_json", "domain"} <= set(texts[0]) - {"images", "completion"}
    seen = open_questions(corpus, settings(), sees=True, batch=1)
    by_id = {row["id"]: row for row in (seen[place] for place in range(len(seen)))}
    assert [image.size for image in by_id["seen"]["images"]] == [(8, 6)]
    assert by_id["easy"]["images"] == []


def test_boxes_follow_a_picture_that_is_made_smaller(corpus: Corpus) -> None:
    seen = open_questions(corpus, settings(), sees=True, batch=1)
    (row,) = [row for row in (seen[place] for place in range(len(seen))) if row["id"] == "boxed"]
    gold = json.loads(row["grading_json"])
    assert row["images"][0].size == (gold["width"], gold["height"]) == (40, 20)
    assert gold["boxes"] == [[0, 0, 20, 20]]


def test_order_goes_by_published_pass_rates(corpus: Corpus) -> None:
    assert ids(corpus, '[grpo]\norder = "easy_first"') == [*TEXTS, "unknown"]
    assert ids(corpus, '[grpo]\norder = "hard_first"') == [*reversed(TEXTS), "unknown"]
    assert ids(corpus, '[grpo]\norder = "easy_first"\n[train]\nepochs = 2', batch=3) == [*TEXTS, "unknown"] * 2 + ["easy"]


def test_pass_rates_may_be_bounded(corpus: Corpus) -> None:
    assert sorted(ids(corpus, "[grpo]\npass_rate = [0.25, 0.75]")) == ["fair", "hard"]
    with pytest.raises(TrainingError, match=r"no question to train on \(pass_rate \(0.8, 0.9\)\); the model has no eyes"):
        ids(corpus, "[grpo]\npass_rate = [0.8, 0.9]")


def test_held_out_questions_are_the_same_every_time(corpus: Corpus) -> None:
    for sees, expected in ((True, ["held", "held-seen"]), (False, ["held"])):
        rows = open_heldout_questions(corpus, settings(), sees=sees)
        assert rows is not None
        assert sorted(rows[place]["id"] for place in range(len(rows))) == expected
    assert open_heldout_questions(corpus, settings("heldout_rows = 0"), sees=True) is None


def test_the_next_question_stands_in_the_place_of_one_that_is_too_long(corpus: Corpus) -> None:
    questions = open_questions(corpus, settings(), sees=False, batch=1)
    names = [questions[place]["id"] for place in range(len(questions))]
    lengths = dict(zip(names, (10, 30, 30, 20), strict=True))
    fitting = Fitting(questions, lambda row: lengths[row["id"]], 20)
    shown = [fitting[place] for place in range(len(fitting))]
    assert [row["id"] for row in shown] == [names[0], names[3], names[3], names[3]]
    assert [row["too_long"] for row in shown] == [0, 2, 1, 0]
    held = questions.up_to(lambda row: lengths[row["id"]], 20)
    assert [held[place]["id"] for place in range(len(held))] == [names[0], names[3]]
    with pytest.raises(TrainingError, match="4 questions one after the other have more than 9 tokens"):
        Fitting(questions, lambda row: lengths[row["id"]], 9)[1]
    with pytest.raises(IndexError):
        fitting[4]
