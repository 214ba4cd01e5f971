"""Questions about images through vLLM's engine, by a tiny model that sees."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.models.engine_args import VARIABLE, Weights
from pipeline.models.generate import Completion, Message, Picture, Request, Sampling, Text
from pipeline.models.ledger import Ledger
from tests.fixtures.tiny_vision_model import LEAST_PIXELS, MOST_PIXELS, save_scaling_vision_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),  # torch and vLLM warn of their own insides
    pytest.mark.timeout(900),
]
pytest.importorskip("vllm", reason="vLLM is not installed here")

ROOM = 1024
Opened = tuple[Any, Path]


def png(colour: str, width: int = 112, height: int = 112) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def question(name: str, *shown: tuple[str, bytes], text: str = "Which finding fits best?", pixels: str = "", samples: int = 2) -> Request:
    """`name` stands for the model and tells keys apart: the engine does not see it."""
    parts = (*(Picture(digest, "png") for digest, _ in shown), Text(text))
    sampling = Sampling(0.9, 0.95, 8, pixels=pixels)
    return Request(name, (Message("user", parts),), sampling, 1024, tuple(range(samples)), pictures=dict(shown))


def texts(answers: tuple[Completion, ...]) -> list[str]:
    return [one.text for one in answers]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    from pipeline.models.vllm import VllmTeacher

    weights = Weights(str(save_scaling_vision_model(tmp_path_factory.mktemp("tiny") / "model")))
    ledger = tmp_path_factory.mktemp("ledger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, f'{{"max_model_len": {ROOM}}}')
        teacher = VllmTeacher(weights, Ledger(ledger))
    yield teacher, ledger
    teacher.close()


def test_what_is_answered_depends_on_the_image_and_is_in_the_ledger_under_its_digest(engine: Opened) -> None:
    teacher, root = engine
    asked = [question("seen", ("red", png("red"))), question("seen", ("blue", png("blue")))]
    red, blue = teacher(asked)
    assert texts(red) != texts(blue)
    assert all(one.finish_reason in ("stop", "length") and one.completion_tokens for one in (*red, *blue))
    ledger = Ledger(root)
    assert [[ledger.get([each.key(index)])[each.key(index)] for index in range(2)] for each in asked] == [list(red), list(blue)]
    ledger.close()
    before = teacher.told.answered
    assert teacher(asked) == [red, blue]
    assert teacher.told.answered == before


def test_several_images_of_one_question_are_shown_in_order(engine: Opened) -> None:
    teacher, _ = engine
    red, blue = ("red", png("red")), ("blue", png("blue"))
    one, two, turned = (teacher([question("several", *shown)])[0] for shown in ([red], [red, blue], [blue, red]))
    assert one[0].prompt_tokens < two[0].prompt_tokens == turned[0].prompt_tokens
    assert texts(two) != texts(turned)


@pytest.mark.parametrize(
    ("pixels", "side", "tokens"),
    [
        ("", 1120, MOST_PIXELS // 784),
        ("", 14, LEAST_PIXELS // 784),
        ("784..784", 112, 1),
        (f"784..{64 * 784}", 1120, 64),
        (f"{100 * 784}..{400 * 784}", 14, 100),
    ],
)
def test_an_image_is_shown_within_the_pixels_that_were_asked_for(engine: Opened, pixels: str, side: int, tokens: int) -> None:
    teacher, _ = engine
    shown = (f"square {side}", png("green", side, side))
    (bare,), (told,) = (teacher([each])[0] for each in (question("bare", samples=1), question("told", shown, pixels=pixels, samples=1)))
    assert told.prompt_tokens - bare.prompt_tokens == tokens + 1  # and the sign that an image begins


def test_an_image_is_known_to_the_engine_by_its_digest_and_its_pixels(engine: Opened) -> None:
    """Bytes under a digest that the engine has seen are not processed again: what it kept under it is shown."""
    teacher, _ = engine
    first, posing, honest = (
        question(name, (digest, png(colour)), text="What is shown?")
        for name, digest, colour in (("1", "kept", "red"), ("2", "kept", "blue"), ("3", "other", "blue"))
    )
    kept, posed, seen = (texts(teacher([each])[0]) for each in (first, posing, honest))
    assert posed == kept != seen
    smaller = question("4", ("kept", png("red")), text="What is shown?", pixels="784..784")
    assert teacher([smaller])[0][0].prompt_tokens < teacher([first])[0][0].prompt_tokens


def test_the_second_question_on_an_image_finds_it_computed(engine: Opened) -> None:
    teacher, _ = engine
    shown = ("large", png("purple", 784, 784))
    first, second = (
        teacher([question("large", shown, text=text, pixels=f"784..{300 * 784}", samples=1)])[0][0] for text in ("Which organ?", "Why?")
    )
    assert first.cached_tokens == 0
    assert 128 <= second.cached_tokens < second.prompt_tokens


def test_what_cannot_be_shown_ends_as_its_rows_answer_and_the_others_are_answered(engine: Opened) -> None:
    teacher, _ = engine
    many = [(f"{number}", png("red", 28, 28 + number)) for number in range(17)]
    torn = ("torn", png("red")[:40])
    large = ("whole", png("red", 1120, 1120))
    asked = [
        question("bad", *many),
        question("bad", torn),
        question("bad", large, pixels=f"784..{2000 * 784}"),
        question("bad", ("good", png("red"))),
    ]
    assert [answers[0].finish_reason for answers in teacher(asked)][:3] == ["image_refused", "image_refused", "too_long"]
    assert teacher(asked)[3][0].completion_tokens


def test_more_images_than_are_decoded_at_once_are_all_answered(engine: Opened) -> None:
    teacher, _ = engine
    asked = [question("many", (f"shade {number}", png(f"hsl({number * 3}, 90%, 50%)"))) for number in range(60)]
    answers = teacher(asked)
    assert all(one.finish_reason in ("stop", "length") for each in answers for one in each)
    assert len({tuple(texts(each)) for each in answers}) > 10
