import base64
import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.models.body import UnfinishedAnswerError
from pipeline.models.chat import body_of, completion_of, head_of
from pipeline.models.generate import Completion, Message, Picture, Request, Sampling, Text
from pipeline.models.providers import GENERIC, LLAMA_CPP, VLLM


def answer(message: dict[str, Any], finish_reason: str | None = "stop", **rest: Any) -> str:
    return json.dumps({"model": "m-1", "choices": [{"message": message, "finish_reason": finish_reason}]} | rest)


def text_of(message: dict[str, Any]) -> str:
    return completion_of(answer(message)).text


def request(*messages: Message, sampling: Sampling | None = None, pictures: dict[str, bytes] | None = None) -> Request:
    return Request("m", messages, sampling or Sampling(), 2048, (0, 1), pictures or {})


def test_sixteen_bit_grey_is_shown_stretched_over_eight_bits() -> None:
    ramp = np.linspace(1_000, 5_000, 400).astype(np.uint16).reshape(20, 20)
    made = BytesIO()
    Image.fromarray(ramp).save(made, "PNG")
    asked = request(Message("user", (Picture("d", "png"), Text("Which?"))), pictures={"d": made.getvalue()})
    url = json.loads(body_of(head_of(asked, GENERIC), 1))["messages"][0]["content"][0]["image_url"]["url"]
    shown = Image.open(BytesIO(base64.b64decode(url.partition(",")[2])))
    assert (shown.mode, shown.getextrema()) == ("L", (0, 255))


def test_a_request_becomes_messages_sampling_and_a_seed_of_the_sample() -> None:
    asked = request(
        Message("system", (Text("Be brief."),)),
        Message("user", (Picture("d1", "jpg"), Picture("d2", "png"), Text("Which?"))),
        sampling=Sampling(0.6, 0.95, 100),
        pictures={"d1": b"\xff\xd8", "d2": b"\x89PNG"},
    )
    assert json.loads(body_of(head_of(asked, GENERIC), 2049)) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(bytes([255, 216])).decode()}"}},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(b'%cPNG' % 0x89).decode()}"}},
                    {"type": "text", "text": "Which?"},
                ],
            },
        ],
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 100,
        "seed": 2049,
    }


def test_a_grammar_goes_where_the_server_looks_for_it() -> None:
    asked = request(Message("user", (Text("q"),)), sampling=Sampling(structure="think_boxed", grammar='root ::= "x"'))
    assert json.loads(head_of(asked, LLAMA_CPP))["grammar"] == 'root ::= "x"'
    vllm = json.loads(head_of(asked, VLLM))
    assert vllm["structured_outputs"] == {"grammar": 'root ::= "x"'}
    assert "grammar" not in vllm
    assert "structure" not in vllm


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "Because.", "content": "B"},
        {"reasoning": "Because.\n", "content": "\n\nB"},
        {"reasoning": "Because.", "reasoning_content": "Because.", "content": "B"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Beca"}, {"text": "use."}, "?"], "content": "B"},
        {"reasoning_content": "Because.", "content": [{"type": "text", "text": "B"}]},
        {"content": "<think>\nBecause.\n</think>\n\nB"},
        {"reasoning": "Because.", "content": "<think>\nBecause.\n</think>\n\nB"},
    ],
)
def test_reasoning_becomes_think_tags_wherever_the_api_puts_it(message: dict[str, Any]) -> None:
    assert text_of(message) == "<think>\nBecause.\n</think>\n\nB"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "B"}, "B"),
        ({"content": "It must be so.\n</think>\nB"}, "It must be so.\n</think>\nB"),
        ({"content": None, "reasoning": "cut o"}, "<think>\ncut o\n</think>\n\n"),
        ({"content": None}, ""),
        ({"reasoning": "  ", "content": "B"}, "B"),
        ({"content": "lone \ud83d half, whole \U0001f600"}, "lone \ufffd half, whole \U0001f600"),
    ],
)
def test_content_is_kept_as_it_came(message: dict[str, Any], expected: str) -> None:
    assert text_of(message) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("refusal", "refused"),
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("sensitive", "content_filter"),
    ],
)
def test_finish_reasons_are_put_in_one_set_of_words(told: str, expected: str) -> None:
    for text in ("B", ""):
        assert completion_of(answer({"content": text}, told)).finish_reason == expected


@pytest.mark.parametrize("told", [None, "abort", "error", ""])
def test_an_answer_that_ends_for_no_known_reason_keeps_its_text(told: str | None) -> None:
    assert completion_of(answer({"content": "\\boxed{B}"}, told)) == Completion("\\boxed{B}", "other", "m-1")
    assert completion_of(answer({"content": None, "reasoning": "cut o"}, told)).text == "<think>\ncut o\n</think>\n\n"


def test_the_name_of_the_model_is_text_that_can_be_stored() -> None:
    assert completion_of(answer({"content": "B"}, model="m\ud83d-1")).model == "m\ufffd-1"
    assert completion_of(answer({"content": "B"}, model=3)).model == ""


def test_a_refusal_keeps_its_words() -> None:
    assert completion_of(answer({"content": None, "refusal": "I cannot."})) == Completion("I cannot.", "refused", "m-1")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 5}, (3, 5)),
        (None, (0, 0)),
        ({"prompt_tokens": None}, (0, 0)),
        ({"prompt_tokens": "3"}, (0, 0)),
        ({"prompt_tokens": 2.5, "completion_tokens": True}, (0, 0)),
        ({"prompt_tokens": -1, "completion_tokens": 2**31}, (0, 2**31 - 1)),
        ({"prompt_tokens": 10**30, "completion_tokens": 2**31 - 1}, (2**31 - 1, 2**31 - 1)),
    ],
)
def test_tokens_are_what_is_reported_within_bounds_and_else_zero(usage: object, expected: tuple[int, int]) -> None:
    completion = completion_of(answer({"content": "B"}, usage=usage))
    assert (completion.prompt_tokens, completion.completion_tokens) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 50, "total_tokens": 59, "prompt_tokens_details": {"cached_tokens": 8}}, (9, 50, 8)),
        ({"prompt_tokens": 9, "completion_tokens": 50, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}, (9, 50, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 59}, (9, 50, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 48}}, (9, 50, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 90}}, (9, 5, 9)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None, "total_tokens": "14"}, (9, 5, 0)),
    ],
    ids=["openai", "deepseek", "thought only in the total", "thought in the completion", "more cached than sent", "nothing said"],
)
def test_the_thought_is_put_out_and_cached_tokens_are_told_apart(usage: object, expected: tuple[int, int, int]) -> None:
    found = completion_of(answer({"content": "B"}, usage=usage))
    assert (found.prompt_tokens, found.completion_tokens, found.cached_tokens) == expected


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("", "not JSON"),
        ('{"choices": [{"mess', "not JSON"),
        ("[]", "without choices"),
        ("{}", "without choices"),
        ('{"choices": [{}]}', "without choices"),
        ('{"choices": null, "error": {"code": 502, "message": "bad gateway"}}', "error 502: bad gateway"),
        (answer({"content": " "}, None), "empty answer that ended with finish_reason None"),
        (answer({"content": None}, "abort"), "empty answer that ended with finish_reason 'abort'"),
        (answer({"content": "half"}, "abort", error="overloaded"), "error: overloaded"),
        (
            '{"choices": [{"message": {"content": "half"}, "finish_reason": null, "error": {"code": 502, "message": "gone"}}]}',
            "error 502: gone",
        ),
    ],
)
def test_a_body_without_a_final_answer_says_what_it_is(raw: str, what: str) -> None:
    with pytest.raises(UnfinishedAnswerError, match=what):
        completion_of(raw)
