"""The commands on prompts: what a teacher would see, without a manifest."""

import json

import pytest

from jobs.__main__ import main
from pipeline.prompts import PROMPTS, by_name
from schemas.example import AnswerType


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["prompt", *arguments])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_list_names_every_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys)
    assert all(prompt.name in told for prompt in PROMPTS)
    assert [one["name"] for one in json.loads(said(capsys, "--json"))] == [prompt.name for prompt in PROMPTS]


def test_a_prompt_is_shown_as_a_teacher_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "show", "octomed", "--task", "mcq")
    assert "B. Pancreas" in told
    assert told.rstrip().endswith("Please reason step-by-step, and put your final answer within \\boxed{}.")


def test_without_a_task_every_type_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(said(capsys, "show", "boxed.2", "--json"))["asks"]
    assert list(shown) == [kind.value for kind in AnswerType]
    assert all(text.endswith(by_name("boxed.2").instruction(kind)) for kind, text in shown.items())


@pytest.mark.parametrize(
    ("told", "fault"),
    [(["nosuch"], "There is no prompt 'nosuch'"), (["boxed", "--task", "essay"], "no type of answer 'essay'. The types are mcq, multi")],
)
def test_an_unknown_prompt_or_type_is_misuse(told: list[str], fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prompt", "show", *told])
    assert ended.value.code == 2
    assert fault in capsys.readouterr().err
