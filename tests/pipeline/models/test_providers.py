import json

import pytest

from pipeline.models.chat import head_of
from pipeline.models.endpoints import endpoint_for
from pipeline.models.generate import Message, Picture, Request, Sampling, Text
from pipeline.models.providers import AZURE, DEEPSEEK, GENERIC, OPENAI, OPENROUTER, PROVIDERS, VLLM, Api, Images, Provider, provider_owning
from schemas.errors import TeacherError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", OPENAI),
        ("https://mine.openai.azure.com/openai/v1", AZURE),
        ("https://mine.openai.azure.com/openai/deployments/d?api-version=2024-10-21", AZURE),
        ("https://openrouter.ai/api/v1", OPENROUTER),
        ("https://api.deepseek.com", DEEPSEEK),
        ("https://notopenrouter.ai/v1", None),
        ("http://127.0.0.1:8000/v1", None),
    ],
)
def test_a_provider_is_known_by_its_host(url: str, expected: Provider | None) -> None:
    assert endpoint_for("r1", {"MEDTRACE_R1_BASE_URL": url}).told(0) is expected


def test_servers_without_a_known_host_are_known_by_the_owner_of_their_models() -> None:
    assert [provider_owning(name).name for name in ("llamacpp", "vllm", "system", "")] == ["llama.cpp", "vllm", "generic", "generic"]


def test_the_environment_names_another_provider_and_api() -> None:
    environ = {"MEDTRACE_R1_BASE_URL": "https://api.openai.com/v1", "MEDTRACE_R1_PROVIDER": "vLLM", "MEDTRACE_R1_API": "Responses"}
    endpoint = endpoint_for("r1", environ)
    assert endpoint.told(0) is VLLM
    assert endpoint.api is Api.RESPONSES


@pytest.mark.parametrize("variable", ["MEDTRACE_R1_PROVIDER", "MEDTRACE_R1_API"])
def test_a_provider_or_api_that_is_none_is_named(variable: str) -> None:
    with pytest.raises(TeacherError, match=rf"{variable} is 'nobody'\. Name one of "):
        endpoint_for("r1", {"MEDTRACE_R1_BASE_URL": "http://a/v1", variable: "nobody"})


@pytest.mark.parametrize(
    ("provider", "model", "sampling", "expected"),
    [
        (GENERIC, "gpt-5", Sampling(max_tokens=9), {"temperature": 1.0, "top_p": 1.0, "max_tokens": 9}),
        (OPENAI, "gpt-4o", Sampling(max_tokens=9), {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 9}),
        (OPENAI, "gpt-5-chat-latest", Sampling(max_tokens=9), {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 9}),
        (OPENAI, "gpt-5-mini", Sampling(max_tokens=9), {"max_completion_tokens": 9}),
        (AZURE, "o3", Sampling(0.6, max_tokens=9), {"temperature": 0.6, "max_completion_tokens": 9}),
    ],
)
def test_parameters_are_called_as_the_provider_calls_them(
    provider: Provider, model: str, sampling: Sampling, expected: dict[str, float]
) -> None:
    body = json.loads(head_of(Request(model, (Message("user", (Text("q"),)),), sampling, 0, (0,)), provider))
    del body["model"], body["messages"]
    assert body == expected


@pytest.mark.parametrize(
    ("images", "refusal"),
    [
        (Images(), ""),
        (Images(6, 9, 2, frozenset(("png",))), ""),
        (Images(count=1), "2 images, where 1 are taken"),
        (Images(bytes_each=5), "an image of 6 bytes, where 5 are taken"),
        (Images(bytes_together=8), "images of 9 bytes together, where 8 are taken"),
        (Images(formats=frozenset(("jpg",))), "an image as png, where jpg are taken"),
    ],
)
def test_images_that_are_not_taken_are_told_with_the_bound(images: Images, refusal: str) -> None:
    pictures = {"a": b"123456", "b": b"123"}
    asked = Request("m", (Message("user", (Picture("a", "png"), Text("q"), Picture("b", "png"))),), Sampling(), 0, (0,), pictures)
    assert images.refusal(asked) == refusal


def test_a_question_without_images_is_refused_by_no_provider() -> None:
    asked = Request("m", (Message("user", (Text("q"),)),), Sampling(), 0, (0,))
    assert {provider.images.refusal(asked) for provider in PROVIDERS} == {""}
