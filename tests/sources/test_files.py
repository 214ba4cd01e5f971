"""Reading tables: parts that lose no row, and errors that name file, line and next move."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from sources.files import Record, cut, find_tables, read_table, records
from sources.formats import Format, columns_of, describe, format_of
from sources.rows import cell
from sources.source import Part, Row
from tests.fixtures.upstream import write_csv, write_json, write_lines, write_parquet


def cells_of(path: Path, **sizes: int) -> list[list[dict[str, Any]]]:
    return [[dict(record.cells) for record in records(part)] for part in cut(path.parent, path, **sizes)]


def row_of(record: Record) -> Row:
    return Row(record.place, question=str(record.cells["q"]))


@pytest.mark.parametrize("part_bytes", [1, 9, 10, 11, 64, 1 << 20])
def test_json_lines_are_cut_at_line_ends_and_lose_no_row(tmp_path: Path, part_bytes: int) -> None:
    rows = [{"q": "é" * (index % 5), "n": index} for index in range(40)]
    path = write_lines(tmp_path / "a.jsonl", rows)
    parts = cut(tmp_path, path, part_bytes=part_bytes)
    assert [dict(record.cells) for part in parts for record in records(part)] == rows
    assert [record.place for part in parts for record in records(part)] == [f"a:{index}" for index in range(40)]
    assert parts == cut(tmp_path, path, part_bytes=part_bytes)
    assert (part_bytes < 1 << 20) == (len(parts) > 1)


def test_a_last_line_without_its_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"q": 1}\r\n\n{"q": 2}')
    assert [cells for part in cells_of(path, part_bytes=3) for cells in part] == [{"q": 1}, {"q": 2}]
    assert [record.place for record in records(Part(tmp_path, (path,)))] == ["a:0", "a:2"]


def test_parquet_is_cut_at_row_groups_and_keeps_its_row_numbers(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", [{"q": index} for index in range(10)], group_rows=2)
    assert [[cells["q"] for cells in part] for part in cells_of(path, part_rows=4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    last = cut(tmp_path, path, part_rows=4)[-1]
    assert [record.place for record in records(last)] == ["a:8", "a:9"]


def test_parquet_without_rows_is_one_empty_part(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", [{"q": 1}])
    empty = write_parquet(tmp_path / "b.parquet", [])
    assert len(cells_of(path)) == 1
    assert cells_of(empty) == [[]]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ('{"q": ', "line 2: "),
        ("[1, 2]", "list, not an object"),
        ("{" * 3, "line 2: "),
        ('"text"', "str, not an object"),
        ("[" * 100_000, "line 2: "),
    ],
)
def test_a_bad_line_is_a_fault_of_its_row(tmp_path: Path, line: str, detail: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"q": 1}, line, {"q": 3}])
    (part,) = cut(tmp_path, path)
    first, bad, last = read_table(part, row=row_of)
    assert (first.question, last.question) == ("1", "3")
    assert (bad.row, bad.fault) == ("a:1", "unreadable line")
    assert bad.detail.startswith(detail)


def test_json_lines_under_the_name_json_are_known(tmp_path: Path) -> None:
    assert format_of(write_lines(tmp_path / "a.json", [{"q": 1}, {"q": 2}])) is Format.JSONL
    assert format_of(write_lines(tmp_path / "b.json", ['{"q": "cut off', {"q": 2}])) is Format.JSONL
    assert format_of(write_json(tmp_path / "c.json", [{"q": 1}, {"q": 2}])) is Format.JSON
    assert format_of(write_json(tmp_path / "d.json", {"x": {"q": 1}, "y": {"q": 2}})) is Format.JSON
    assert format_of(write_lines(tmp_path / "e.json", ["[", '{"q": 1},', '{"q": 2}', "]"])) is Format.JSON


@pytest.mark.parametrize(
    "value",
    [
        [{"q": "a", "n": 1}, {"q": "b", "n": 2}],
        {"q": ["a", "b"], "n": [1, 2]},
        {"x": {"q": "a", "n": 1}, "y": {"q": "b", "n": 2}},
        {"q": {"0": "a", "1": "b"}, "n": {"0": 1, "1": 2}},
    ],
    ids=["list", "columns", "by id", "pandas"],
)
def test_json_has_four_shapes(tmp_path: Path, value: Any) -> None:
    path = write_json(tmp_path / "a.json", value)
    assert columns_of(path, Format.JSON) == ("q", "n")
    assert cells_of(path) == [[{"q": "a", "n": 1}, {"q": "b", "n": 2}]]


def test_csv_cells_are_text_and_never_null(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["q", "n"], ["None", "NA"], ["two\nlines", ""]])
    assert cells_of(path) == [[{"q": "None", "n": "NA"}, {"q": "two\nlines", "n": ""}]]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfq,n\n1,2\n")
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b'\xef\xbb\xbf{"q": 1}\n')
    assert columns_of(path, Format.CSV) == ("q", "n")
    assert cells_of(lines) == [[{"q": 1}]]


def test_a_csv_row_with_too_many_cells_is_a_fault(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.tsv", [["q", "n"], ["1", "2", "3"], ["4", "5"]], "\t")
    (part,) = cut(tmp_path, path)
    bad, good = records(part)
    assert (bad.fault, bad.detail) == ("unreadable line", "line 2: 3 cells under 2 columns")
    assert good.cells == {"q": "4", "n": "5"}


def corrupt_parquet(path: Path) -> Path:
    path.write_bytes(b"PAR1 and then nothing")
    return path


def cut_parquet(path: Path) -> Path:
    """A whole footer over damaged pages."""
    write_parquet(path, [{"q": "a" * 50 + str(index)} for index in range(2000)])
    content = bytearray(path.read_bytes())
    content[4:4000] = bytes(3996)
    path.write_bytes(content)
    return path


def broken(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (corrupt_parquet, "a.parquet", r"a\.parquet is not readable as Parquet: .*Fetch it again"),
        (cut_parquet, "b.parquet", r"b\.parquet breaks off near row 0: .*Fetch it again"),
        (partial(broken, content=b'[{"q": 1},\n{"q": }]'), "c.json", r"c\.json is not JSON: line 2, .* mend that line"),
        (partial(broken, content=b"[1]\xff"), "d.json", r"d\.json is not UTF-8: byte 0xff at byte 3\. Convert"),
        (partial(broken, content=b'{"q": 1}\n{"q": "\xe9"}\n'), "e.jsonl", r"e\.jsonl is not UTF-8: byte 0xe9 at line 2\. Convert"),
        (partial(broken, content=b"q,n\n\xe9,1\n"), "f.csv", r"f\.csv is not UTF-8: byte 0xe9"),
        (partial(broken, content=b'q,n\n1,2\n"open,2\n'), "g.csv", r"g\.csv is not CSV: line 3, .*Mend the quotes"),
        (partial(broken, content=b"q,q\n1,2\n"), "h.csv", r"h\.csv names the column q twice\. Rename"),
        (partial(broken, content=b"3"), "i.json", r"i\.json holds int, not a list"),
    ],
)
def test_a_broken_file_is_named_with_what_to_do(tmp_path: Path, make: Any, name: str, said: str) -> None:
    path = make(tmp_path / name)
    with pytest.raises(SourceError, match=said) as raised:
        cells_of(path)
    assert "\n" not in str(raised.value)


def test_a_table_without_the_columns_is_not_found(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", [{"q": 1}])
    find = partial(find_tables, patterns={"train": ("train.jsonl",)}, format=Format.JSONL)
    assert len(find(tmp_path, "train", needs=("q",))) == 1
    assert find(tmp_path, "train", needs=("q", "gold")) == ()
    assert find(tmp_path, "test", needs=("q",)) == ()


def test_rows_are_known_by_their_id_columns_where_filled(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"q": 1, "exam": "x", "id": 7}, {"q": 2, "exam": "x", "id": None}, {"exam": "x", "id": 8}])
    rows = list(read_table(Part(tmp_path, (path,)), row=_quoted, id=("exam", "id")))
    assert [(row.row, row.fault) for row in rows] == [("x:7", ""), ("a:1", ""), ("x:8", "missing field")]


def _quoted(record: Record) -> Row:
    return Row(record.place, question=str(cell(record.cells, "q")))


def test_what_lies_there_is_told_with_columns(tmp_path: Path) -> None:
    write_lines(tmp_path / "sub" / "a.jsonl", [{"q": 1, "n": 2}])
    (tmp_path / "README.md").write_text("x")
    corrupt_parquet(tmp_path / "b.parquet")
    assert (
        describe(tmp_path)
        == "b.parquet (unreadable: is not readable as Parquet: Parquet magic bytes not found in footer), sub/a.jsonl (columns q, n), README.md"
    )
    assert describe(tmp_path / "sub" / "a.jsonl") == "a.jsonl (columns q, n)"
