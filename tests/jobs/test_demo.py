"""The demo: what it tells of a corpus, and its excerpt."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import demo
from jobs.demo import kept_trace
from schemas.corpus import SftText
from tests.fixtures.fake_teacher import FakeTeacher


def write_sft(corpus: Path, split: str, rows: list[tuple[str, str, int]]) -> None:
    told = [
        {
            SftText.id: id,
            SftText.problem: "Which organ makes insulin?",
            SftText.response: response,
            SftText.answer: "B",
            SftText.n_correct: n_correct,
            SftText.n_sampled: 4,
        }
        for id, response, n_correct in rows
    ]
    folder = corpus / "data" / "sft"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(told), folder / f"{split}-all.parquet")


def test_shows_the_longest_thought_among_the_surest_questions_of_all_splits(tmp_path: Path) -> None:
    write_sft(tmp_path, "train", [("a", "the longest text of all, but of a doubtful question", 1), ("b", "short", 3)])
    write_sft(tmp_path, "heldout", [("c", "a longer text", 3), ("d", "tiny", 3)])
    shown = kept_trace(tmp_path)
    assert shown is not None
    assert shown[SftText.id] == "c"


def test_shows_nothing_where_nothing_was_kept(tmp_path: Path) -> None:
    assert kept_trace(tmp_path) is None


def test_builds_proves_and_tells_whoever_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def served() -> Iterator[str]:
        with FakeTeacher(model="smollm2-135m") as teacher:
            yield teacher.url

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setattr(demo, "embedded_teacher", served)
    assert demo.demo() == 0
    told = capsys.readouterr().out
    assert "The corpus is what it says." in told
    assert "kept traces" in told
    for line in told.partition("Look at:")[2].splitlines():
        if line.startswith("  out/demo/"):
            assert (tmp_path / line.split()[0]).exists(), line
