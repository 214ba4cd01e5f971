import pytest

from pipeline.models.endpoints import Endpoint, address, endpoint_for, is_loopback
from schemas.errors import TeacherError


def test_a_teachers_own_variables_come_before_the_common_ones() -> None:
    environ = {
        "MEDTRACE_R1_0_BIG_BASE_URL": "http://a:1/v1/, http://b:2/v1,",
        "MEDTRACE_R1_0_BIG_API_KEY": "own-key",
        "OPENAI_BASE_URL": "https://api.example.org/v1",
        "OPENAI_API_KEY": "common-key",
    }
    own = endpoint_for("r1.0-big", environ)
    assert own == Endpoint(("http://a:1/v1", "http://b:2/v1"), ("own-key",), "MEDTRACE_R1_0_BIG")
    assert endpoint_for("other", environ) == Endpoint(("https://api.example.org/v1",), ("common-key",))


def test_a_key_is_never_sent_to_another_variables_server() -> None:
    environ = {"MEDTRACE_R1_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_API_KEY": "common-key"}
    assert endpoint_for("r1", environ).api_keys == ()


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": "k"}, {"OPENAI_BASE_URL": " , "}])
def test_a_missing_endpoint_names_its_variables(environ: dict[str, str]) -> None:
    with pytest.raises(
        TeacherError, match=r"Teacher r-1 has no endpoint\. Set MEDTRACE_R_1_BASE_URL and MEDTRACE_R_1_API_KEY, or OPENAI_BASE_URL"
    ):
        endpoint_for("r-1", environ)


@pytest.mark.parametrize(
    "url", ["user:pass@host:8000", "ftp://host/v1", "http:///v2", "http://host:port/v1", "http://[::1/v1", "http://host:0"]
)
def test_a_value_that_is_no_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(TeacherError, match=r"OPENAI_BASE_URL holds a value that is no http\(s\) URL") as error:
        endpoint_for("r1", {"OPENAI_BASE_URL": url})
    assert url not in str(error.value)


@pytest.mark.parametrize("key", ["se cret", "se\ncret", "“secret”"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(TeacherError, match="OPENAI_API_KEY holds spaces") as error:
        endpoint_for("r1", {"OPENAI_BASE_URL": "http://host/v1", "OPENAI_API_KEY": key})
    assert "cret" not in str(error.value)


def test_an_endpoint_shows_neither_key_nor_credentials() -> None:
    endpoint = Endpoint(("http://user:pass-word-1@host/v1?token=t", "https://[::1]:8000/v1"), ("a secret key",))
    assert repr(endpoint) == str(endpoint) == "Endpoint(host:80, [::1]:8000)"
    assert endpoint.hide("a secret key, pass-word-1, dXNlcjpwYXNzLXdvcmQtMQ==") == "[hidden], [hidden], [hidden]"
    assert Endpoint(("http://host",), ("EMPTY",)).hide("EMPTY set") == "EMPTY set"
    assert address("https://user@api.example.org/v1") == "api.example.org:443"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:1/v1", True),
        ("http://LOCALHOST/v1", True),
        ("http://0.0.0.0:8000", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1@example.org/v1", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_each_server_may_have_its_own_key_and_limits() -> None:
    environ = {
        "MEDTRACE_R1_BASE_URL": "http://a:1/v1,http://b:2/v1",
        "MEDTRACE_R1_API_KEY": "key-a, key-b",
        "MEDTRACE_R1_RPM": "600,60",
        "MEDTRACE_R1_TPM": "200000",
        "MEDTRACE_R1_CONCURRENCY": "32",
    }
    endpoint = endpoint_for("r1", environ)
    assert [endpoint.key(index) for index in (0, 1)] == ["key-a", "key-b"]
    assert [tuple(endpoint.rates(index)) for index in (0, 1)] == [(600, 200_000), (60, 200_000)]
    assert endpoint.concurrency(1) == 32
    assert repr(endpoint) == "Endpoint(a:1, b:2)"


@pytest.mark.parametrize("value", ["0", "-1", "many", "6.5", "1,2,3"])
def test_a_limit_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(TeacherError, match="MEDTRACE_R1_RPM"):
        endpoint_for("r1", {"MEDTRACE_R1_BASE_URL": "http://a:1/v1,http://b:2/v1", "MEDTRACE_R1_RPM": value})


def test_what_stands_behind_the_question_mark_is_hidden_but_for_the_version() -> None:
    endpoint = Endpoint(("https://host/v1?api-version=2024-10-21&code=very-secret-code",), ("key/with/slashes",))
    assert endpoint.hide(r"2024-10-21 very-secret-code key\/with\/slashes") == "2024-10-21 [hidden] [hidden]"
