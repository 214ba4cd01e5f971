import json
from typing import Any

import pytest

from pipeline.models.body import UnfinishedAnswerError
from pipeline.models.generate import Completion, Message, Picture, Request, Sampling, Text
from pipeline.models.providers import GENERIC, OPENAI
from pipeline.models.responses import completion_of_response, head_of_response


def answer(*output: dict[str, Any], status: str = "completed", **rest: Any) -> str:
    return json.dumps({"status": status, "model": "m-1", "output": output} | rest)


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def test_a_request_becomes_input_items_without_a_seed_and_is_not_kept() -> None:
    messages = (Message("system", (Text("Be brief."),)), Message("user", (Picture("d", "jpg"), Text("Which?"))))
    asked = Request("m", messages, Sampling(0.6, 0.95, 100), 2048, (0,), {"d": b"\xff\xd8"})
    assert json.loads(head_of_response(asked, GENERIC)) == {
        "model": "m",
        "input": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "input_image", "image_url": "data:image/jpeg;base64,/9g="}, {"type": "input_text", "text": "Which?"}],
            },
        ],
        "max_output_tokens": 100,
        "store": False,
        "temperature": 0.6,
        "top_p": 0.95,
    }
    plain = Request("gpt-5", (Message("user", (Text("q"),)),), Sampling(), 0, (0,))
    assert {"temperature", "top_p"} & set(json.loads(head_of_response(plain, OPENAI))) == set()


@pytest.mark.parametrize(
    "thought",
    [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Because."}]},
        {"type": "reasoning", "summary": [{"text": "short"}], "content": [{"type": "reasoning_text", "text": "Because."}]},
    ],
)
def test_reasoning_items_become_think_tags_and_usage_is_read_by_its_names(thought: dict[str, Any]) -> None:
    usage = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 40},
    }
    assert completion_of_response(answer(thought, said("B"), usage=usage)) == Completion(
        "<think>\nBecause.\n</think>\n\nB", "stop", "m-1", 9, 50, 4
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (answer(said("cut o"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}), ("cut o", "length")),
        (answer(status="incomplete", incomplete_details={"reason": "content_filter"}), ("", "content_filter")),
        (answer({"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}), ("I cannot.", "refused")),
        (answer(said("B"), status="odd"), ("B", "other")),
        (answer({"type": "reasoning", "summary": []}, {"type": "web_search_call"}, said("B")), ("B", "stop")),
    ],
)
def test_how_an_answer_ended_is_put_in_the_one_set_of_words(raw: str, expected: tuple[str, str]) -> None:
    found = completion_of_response(raw)
    assert (found.text, found.finish_reason) == expected


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("", "not JSON"),
        ("[]", "without output"),
        ('{"choices": []}', "without output"),
        (answer(status="failed", error={"code": "server_error", "message": "gone"}), "error server_error: gone"),
        (answer(), "status 'completed' and no text"),
        (answer(said("half"), status="in_progress"), "status 'in_progress'"),
    ],
)
def test_a_body_without_a_final_answer_says_what_it_is(raw: str, what: str) -> None:
    with pytest.raises(UnfinishedAnswerError, match=what):
        completion_of_response(raw)
