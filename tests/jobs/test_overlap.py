import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.overlap import overlap
from schemas.errors import SourceError, StoreError, UsageError
from tests.fixtures.pictures import drawn

ROWS = [json.loads(line) for line in (Path(__file__).parents[1] / "pipeline/texts/paraphrases.jsonl").read_text().splitlines()]


def _jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _benchmark() -> list[dict[str, object]]:
    return [{"id": row["id"], "question": row["question"], "options": row["options"], "answer": row["answer"]} for row in ROWS]


def _candidates() -> list[dict[str, object]]:
    said = [{"id": f"c-{row['id']}", "question": row["paraphrases"][0], "options": row["options"]} for row in ROWS]
    return [*said, *({"id": f"s-{row['id']}", "question": row["sibling"]} for row in ROWS)]


def test_writes_the_leaks_alone_with_their_evidence(tmp_path: Path) -> None:
    out = tmp_path / "found" / "overlaps.jsonl"
    found = overlap(_jsonl(tmp_path / "c.jsonl", _candidates()), _jsonl(tmp_path / "b.jsonl", _benchmark()), out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows == found.rows
    assert [(row["candidate_id"], row["benchmark_id"]) for row in rows] == [(f"c-{row['id']}", row["id"]) for row in ROWS]
    assert {row["decision"] for row in rows} == {"leak"}
    assert rows[0].keys() >= {"score", "rule", "candidate_text", "benchmark_text", "candidate_spans", "benchmark_spans"}
    assert (found.candidates, found.benchmark, found.leaked) == (44, 22, 22)


def test_reads_and_writes_parquet_as_it_does_json_lines(tmp_path: Path) -> None:
    for name, rows in (("c", _candidates()), ("b", _benchmark())):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
        _jsonl(tmp_path / f"{name}.jsonl", rows)
    one = overlap(tmp_path / "c.parquet", tmp_path / "b.parquet", tmp_path / "o.parquet")
    assert one == overlap(tmp_path / "c.jsonl", tmp_path / "b.jsonl")
    assert pq.read_table(tmp_path / "o.parquet").to_pylist() == one.rows


def test_half_a_character_in_json_hides_nothing_and_is_written_as_it_was_escaped(tmp_path: Path) -> None:
    rows = _benchmark()
    odd = [{**rows[0], "id": "x\ud800", "question": "\ud800 " + str(rows[0]["question"])}]
    out = tmp_path / "o.jsonl"
    found = overlap(_jsonl(tmp_path / "c.jsonl", odd), _jsonl(tmp_path / "b.jsonl", rows), out)
    assert [row["candidate_id"] for row in found.rows] == ["x\\ud800"]
    assert json.loads(out.read_text()) == found.rows[0]


def test_lists_what_a_person_decides_when_asked(tmp_path: Path) -> None:
    paths = _jsonl(tmp_path / "c.jsonl", _candidates()), _jsonl(tmp_path / "b.jsonl", _benchmark())
    found = overlap(*paths, reports=True)
    assert {row["decision"] for row in found.rows} == {"leak", "report"}
    assert found.reported == overlap(*paths).reported > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": 1}', "row 1 has no 'question'"),
        ('{"question": "q"}', "row 1 has no 'id'"),
        ('{"id": 1, "question": "q"}\n{"id"', "line 2 is not JSON"),
        ("[1]", "row 1 is int"),
        ("[1", "opens with a list and is not JSON"),
        ('{"id": 1, "question": "q", "options": 5}', "row 1: options is 5, neither a list of texts nor a mapping"),
        ('{"id": 1, "question": "q", "options": [["a"]]}', "row 1: options is"),
        ('{"id": 1, "question": ["q"]}', "row 1: question is"),
        ('{"id": 1, "question": "q", "image": "no.png"}', r"row 1: the picture .*no\.png is not a file"),
        ('{"id": 1, "question": "q", "images": [7]}', "row 1: images is"),
    ],
)
def test_says_which_row_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "c.jsonl").write_text(text)
    with pytest.raises(SourceError, match=said):
        overlap(tmp_path / "c.jsonl", _jsonl(tmp_path / "b.jsonl", _benchmark()))


def test_says_which_files_it_takes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither JSON Lines"):
        overlap(tmp_path / "c.csv", tmp_path / "b.jsonl")
    with pytest.raises(SourceError, match="is not a file"):
        overlap(tmp_path / "c.jsonl", tmp_path / "b.jsonl")


def test_says_what_is_wrong_with_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    good = _jsonl(tmp_path / "b.jsonl", _benchmark())
    (tmp_path / "latin.jsonl").write_bytes('{"id": 1, "question": "dépôt"}'.encode("latin-1"))
    with pytest.raises(SourceError, match=r"is not UTF-8 text .*Save it as UTF-8"):
        overlap(tmp_path / "latin.jsonl", good)
    pq.write_table(pa.Table.from_pylist(_benchmark() * 50), tmp_path / "torn.parquet")
    whole = (tmp_path / "torn.parquet").read_bytes()
    for name, data in (("torn", whole[:-9]), ("dust", whole[:200] + bytes(300) + whole[500:])):
        (tmp_path / f"{name}.parquet").write_bytes(data)
        with pytest.raises(SourceError, match="cannot be read as Parquet"):
            overlap(tmp_path / f"{name}.parquet", good)
    with pytest.raises(StoreError, match="cannot be written"):
        overlap(good, good, good / "found.jsonl")


def test_a_list_in_one_json_file_reads_as_lines_do(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("\n " + json.dumps(_candidates(), indent=1))
    held = _jsonl(tmp_path / "b.jsonl", _benchmark())
    assert overlap(tmp_path / "c.json", held) == overlap(_jsonl(tmp_path / "c.jsonl", _candidates()), held)


def test_pictures_of_the_benchmark_are_found_under_other_questions_and_in_other_files(tmp_path: Path) -> None:
    picture = drawn(1)
    picture.save(tmp_path / "held.png")
    (tmp_path / "same.png").write_bytes((tmp_path / "held.png").read_bytes())
    picture.save(tmp_path / "again.jpg", quality=80)
    drawn(2).save(tmp_path / "other.png")
    held: list[dict[str, object]] = [{"id": "t", "question": "Is this normal?", "image": "held.png"}]
    rows: list[dict[str, object]] = [
        {"id": name, "question": "Is this normal?", "images": [f"{name}.{kind}"]} for name, kind in (("same", "png"), ("again", "jpg"))
    ]
    rows.append({"id": "other", "question": "Is this normal?", "images": ["other.png"]})
    found = overlap(_jsonl(tmp_path / "c.jsonl", rows), _jsonl(tmp_path / "b.jsonl", held))
    assert [(row["candidate_id"], row["rule"], row["decision"]) for row in found.rows] == [
        ("same", "bytes", "leak"),
        ("again", "picture", "leak"),
    ]
    assert found.rows[0]["candidate_image"] == found.rows[0]["benchmark_image"] == found.rows[1]["benchmark_image"] != ""
