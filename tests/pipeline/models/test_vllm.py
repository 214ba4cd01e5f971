"""vLLM's engine with a tiny model: answers, the ledger before it, what it cannot take, and its death."""

import gc
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.engine_args import VARIABLE, Weights
from pipeline.models.generate import Message, Request, Sampling, Text
from pipeline.models.ledger import Ledger
from schemas.errors import EngineError, TeacherError
from tests.fixtures.local_build import until
from tests.fixtures.tiny_model import save_language_model

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),  # torch and vLLM warn of their own insides
    pytest.mark.timeout(900),
]
pytest.importorskip("vllm", reason="vLLM is not installed here")

TOKENS = 12
Opened = tuple[Any, Path]


def question(number: int, *samples: int, text: str = "") -> Request:
    asked = text or f"Question {number}: which finding fits best?"
    return Request("tiny", (Message("user", (Text(asked),)),), Sampling(0.9, 0.95, TOKENS), 1024 * number, samples or (0,))


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread may end while it is looked at
            found += map(int, (task / "children").read_text().split())
    return found


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # what vLLM leaves open of a dead engine is told of here, where its warnings are ignored


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return Weights(str(save_language_model(tmp_path_factory.mktemp("tiny") / "model")))


@pytest.fixture(scope="module")
def engine(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    from pipeline.models.vllm import VllmTeacher

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, '{"max_model_len": 256}')
        ledger = tmp_path_factory.mktemp("ledger")
        teacher = VllmTeacher(weights, Ledger(ledger))
    yield teacher, ledger
    teacher.close()


def test_every_sample_of_every_question_is_answered_in_order_and_is_in_the_ledger(engine: Opened) -> None:
    teacher, root = engine
    asked = [question(number, 0, 1, 2, 3) for number in range(1, 7)]
    answers = teacher(asked)
    assert [len(each) for each in answers] == [4] * 6
    texts = [completion.text for each in answers for completion in each]
    assert len(set(texts)) > 20
    for completion in (one for each in answers for one in each):
        assert completion.finish_reason in ("stop", "length")
        assert 0 < completion.completion_tokens <= TOKENS
        assert completion.prompt_tokens > 5
        assert completion.cost_nanousd == 0
    ledger = Ledger(root)
    assert [tuple(ledger.get([request.key(index)])[request.key(index)] for index in range(4)) for request in asked] == answers
    ledger.close()


def test_what_the_ledger_holds_is_not_generated_again(engine: Opened) -> None:
    teacher, _ = engine
    first = teacher([question(11, 0, 1)])
    before = teacher.told.answered
    assert teacher([question(11, 0, 1)]) == first
    assert teacher.told.answered == before
    more = teacher([question(11, 0, 1, 2, 3)])
    assert more[0][:2] == first[0]
    assert teacher.told.answered == before + 2


def test_a_sample_asked_for_later_is_the_one_that_its_seed_draws(engine: Opened) -> None:
    teacher, _ = engine
    at_once = teacher([question(12, 0, 1, 2, 3)])[0]
    renamed = Request("again", question(12).messages, question(12).sampling, 1024 * 12, (2,))
    (later,) = teacher([renamed])[0]
    assert later.text == at_once[2].text


def test_a_prompt_that_does_not_fit_ends_as_its_rows_answer(engine: Opened) -> None:
    teacher, _ = engine
    long, short = teacher([question(13, 0, 1, text="liver " * 2000), question(14, 0)])
    assert [completion.finish_reason for completion in long] == ["too_long", "too_long"]
    assert short[0].finish_reason in ("stop", "length")


def test_more_long_prompts_than_one_step_takes_are_all_answered(engine: Opened) -> None:
    teacher, _ = engine
    asked = [question(100 + number, 0, 1, text=f"{number} " + "kidney " * (60 + number)) for number in range(40)]
    assert all(one.finish_reason in ("stop", "length") for each in teacher(asked) for one in each)


def test_an_image_that_cannot_be_decoded_ends_as_its_rows_answer(engine: Opened) -> None:
    from pipeline.models.generate import Picture

    teacher, _ = engine
    asked = Request(
        "tiny", (Message("user", (Picture("d", "png"), Text("what?"))),), Sampling(max_tokens=4), 0, (0,), pictures={"d": b"no image"}
    )
    assert teacher([asked])[0][0].finish_reason == "image_refused"


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    from pipeline.models.vllm import VllmTeacher

    ledger = Ledger(tmp_path / "ledger")
    with pytest.raises(TeacherError, match="cannot be loaded by vLLM"):
        VllmTeacher(Weights(str(tmp_path / "nothing")), ledger)
    ledger.close()


def test_a_killed_engine_is_named_and_another_goes_on_with_what_is_missing(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.models.vllm import VllmTeacher

    monkeypatch.setenv(VARIABLE, '{"max_model_len": 256}')
    asked = [question(number, 0, 1, 2, 3) for number in range(1, 61)]
    before = set(children(os.getpid()))
    teacher = VllmTeacher(weights, Ledger(tmp_path))
    engines = [child for child in set(children(os.getpid())) - before if "EngineCore" in Path(f"/proc/{child}/cmdline").read_text()]
    with ThreadPoolExecutor(1) as pool:
        answering = pool.submit(teacher, asked)
        until(lambda: teacher.told.answered >= 8, "the first answers")
        for child in engines:
            os.kill(child, signal.SIGKILL)
        with pytest.raises(EngineError, match="died"):
            answering.result()
    teacher.close()
    ledger = Ledger(tmp_path)
    kept = ledger.get([request.key(index) for request in asked for index in request.samples])
    ledger.close()
    assert 8 <= len(kept) < 240
    other = VllmTeacher(weights, Ledger(tmp_path))
    answers = other(asked)
    assert other.told.answered == 240 - len(kept)
    found = {request.key(index): one for request, each in zip(asked, answers, strict=True) for index, one in enumerate(each)}
    assert kept.items() <= found.items()
    other.close()


def test_what_the_engine_will_not_take_for_another_reason_is_no_answer(engine: Opened) -> None:
    teacher, root = engine
    asked = Request("tiny", question(70).messages, Sampling(0.9, 0.95, TOKENS, grammar="root ::= ((("), 70 * 1024, (0,))
    with pytest.raises(TeacherError, match="will not take"):
        teacher([asked])
    ledger = Ledger(root)
    assert ledger.known([asked.key(0)]) == set()
    ledger.close()
