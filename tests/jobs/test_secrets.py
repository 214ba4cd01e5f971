"""A key planted in the environment, and a server that repeats it wherever it can: nothing that a build leaves holds it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.models.ledger import Ledger
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import Project, cli, contents, questions

KEY = "sk-planted/7f3a9b2c5d8e-0123456789"
ESCAPED = KEY.replace("/", r"\/").replace("-", r"\u002d")


def everything(project: Project) -> str:
    """All that stands in the project's files, unpacked."""
    texts = [f"{path}\n{data!r}" for path, data in contents(project.folder).items()]
    texts += [str(pq.read_table(path).to_pylist()) for path in project.folder.rglob("*.parquet")]
    texts += [f"{entry}" for entry in Ledger(project.store / "ledger").entries()]
    return "\n".join(texts)


def repeating(prompt: str, seed: int) -> str:
    """An answer with the key in its thought and after it."""
    return f"<think>\nAsked with {KEY}.\n</think>\n\nYour key is {KEY}. " + boxed_letter(prompt, seed).rpartition("\n")[2]


@pytest.mark.parametrize("ends", ["well", "refused"])
def test_a_planted_key_is_in_no_file_and_no_output_of_a_build(tmp_path: Path, ends: str) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(6)}, samples=2)
    echo = {"error": {"message": f"sent with Bearer {KEY}", "code": KEY}}
    with FakeTeacher(repeating, key=KEY) as server:
        server.fail(1, 500, body=json.dumps(echo))
        server.fail(1, 503, body=json.dumps(echo).replace(KEY, ESCAPED), retry_after="0.01")
        server.fail(1, 400, body=json.dumps({"error": {"message": f"content_filter for {KEY}", "code": "content_filter"}}))
        choice = f'{{"message": {{"content": "{ESCAPED} \\\\boxed{{A}}"}}, "finish_reason": "stop"}}'
        server.fail(1, 200, body=f'{{"model": "{KEY}", "choices": [{choice}]}}')
        if ends == "refused":
            server.fail(1, 401, body=json.dumps(echo).replace(KEY, ESCAPED))
        said = [cli(*project.arguments(), url=server.url, key=KEY)]
    assert said[0].code == (0 if ends == "well" else 1), said[0].err
    said += [cli("ledger", "show", "--store", str(project.store)), cli("ledger", "verify", "--store", str(project.store))]
    assert [one.code for one in said[1:]] == [0, 0], said
    told = "\n".join(f"{one.out}\n{one.err}" for one in said) + everything(project)
    assert "[hidden]" in told
    assert KEY not in told
    assert "7f3a9b2c5d8e" not in told
