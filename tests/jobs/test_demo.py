"""The demo's excerpt."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.demo import kept_trace
from schemas.corpus import SftText


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
