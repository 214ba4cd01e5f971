"""Tables without code: any format, any place of options and gold."""

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ManifestError, SourceError
from schemas.example import AnswerType
from schemas.manifest import Dataset
from sources.source import Access
from sources.table import table_source
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.upstream import by_id, real, rows_of, write_csv, write_json, write_lines, write_parquet

FACTS: dict[str, Any] = {"name": "mine", "kind": "table", "path": "x", "question": "q", "license": "CC-BY-4.0"}
ROW = {"q": "Which?", "a": "x", "b": "y", "key": "B"}


def dataset(gold: str = "letter", column: str = "key", **other: Any) -> Dataset:
    options: dict[str, Any] = {} if gold in ("number", "yesno", "text") else {"options": ("a", "b")}
    return Dataset.model_validate(FACTS | options | {"gold": {"column": column, "as": gold}} | other)


@pytest.mark.parametrize("format", ["jsonl", "list", "columns", "by id", "csv", "tsv", "parquet"])
def test_every_format_reads_alike(tmp_path: Path, format: str) -> None:
    rows = [ROW, ROW | {"q": "What?", "key": "A"}]
    match format:
        case "jsonl":
            path = write_lines(tmp_path / "t.jsonl", rows)
        case "list":
            path = write_json(tmp_path / "t.json", rows)
        case "columns":
            path = write_json(tmp_path / "t.json", {name: [row[name] for row in rows] for name in ROW})
        case "by id":
            path = write_json(tmp_path / "t.json", {"one": rows[0], "two": rows[1]})
        case "parquet":
            path = write_parquet(tmp_path / "t.parquet", rows)
        case _:
            cells = [list(ROW), *([str(value) for value in row.values()] for row in rows)]
            path = write_csv(tmp_path / f"t.{format}", cells, "\t" if format == "tsv" else ",")
    for at in (path, tmp_path):
        first, second = rows_of(table_source(dataset()), at)
        assert (first.question, first.options, first.gold) == ("Which?", ("x", "y"), {"index": 1})
        assert (second.question, second.gold) == ("What?", {"index": 0})
        assert (first.row, second.row) == (("one", "two") if format == "by id" else ("t:0", "t:1"))


@pytest.mark.parametrize(
    ("gold", "key", "answer_type", "expected"),
    [
        ("letter", "b", AnswerType.MCQ, {"index": 1}),
        ("letter", ["a", "b"], AnswerType.MULTI, {"indexes": [0, 1]}),
        ("index0", 1, AnswerType.MCQ, {"index": 1}),
        ("index1", 1, AnswerType.MCQ, {"index": 0}),
        ("number", 2.5, AnswerType.NUMERIC, {"value": "2.5", "low": "2.5", "high": "2.5", "unit": ""}),
        ("yesno", "No", AnswerType.YESNO, {"value": "no"}),
        ("text", "sepsis", AnswerType.OPEN, {"values": ["sepsis"]}),
        ("text", ["sepsis", "septic shock"], AnswerType.OPEN, {"values": ["sepsis", "septic shock"]}),
    ],
)
def test_the_gold_is_read_as_the_manifest_says(tmp_path: Path, gold: str, key: Any, answer_type: AnswerType, expected: Any) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW | {"key": key}])
    (row,) = rows_of(table_source(dataset(gold)), tmp_path)
    assert (row.answer_type, row.gold, row.fault) == (answer_type, expected, "")


def test_a_text_with_options_must_be_one_of_them(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW | {"key": " X "}, ROW | {"key": "z"}])
    first, second = rows_of(table_source(dataset("text", options=("a", "b"))), tmp_path)
    assert first.gold == {"index": 0}
    assert second.fault == "gold not among options"


@pytest.mark.parametrize("key", [None, "", float("nan")])
def test_a_row_without_gold_is_a_fault(tmp_path: Path, key: Any) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW | {"key": key}])
    assert [row.fault for row in rows_of(table_source(dataset("index1")), tmp_path)] == ["no gold"]


def test_a_gold_out_of_range_tells_what_it_was(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW | {"key": "C"}])
    (row,) = rows_of(table_source(dataset()), tmp_path)
    assert (row.fault, row.detail) == ("gold out of range", "option 3 of 2")


@pytest.mark.parametrize("cell", [["x", "y"], {"A": "x", "B": "y"}, [{"letter": "A", "content": "x"}, {"letter": "B", "content": "y"}]])
@pytest.mark.parametrize("options", ["opts", ("opts",)])
def test_options_may_stand_in_one_column(tmp_path: Path, cell: Any, options: Any) -> None:
    write_lines(tmp_path / "t.jsonl", [{"q": "Which?", "opts": cell, "key": "B"}])
    (row,) = rows_of(table_source(dataset(options=options)), tmp_path)
    assert row.options == ("x", "y")


def test_facts_of_the_manifest_and_columns_reach_the_row(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW | {"case": 12, "patient": "p1", "text": "A man."}])
    mapped = dataset(context="text", id="case", group="patient", domain="other", access="registered")
    (row,) = rows_of(table_source(mapped), tmp_path)
    assert (row.row, row.group, row.context, row.domain, row.modality) == ("12", "p1", "A man.", "other", "text")
    assert table_source(mapped).access is Access.REGISTERED


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "json"])
def test_a_missing_column_is_told_with_those_that_are_there(tmp_path: Path, suffix: str) -> None:
    row = {"q": "Which?", "a": "x", "answer": "A"}
    match suffix:
        case "csv":
            path = write_csv(tmp_path / "t.csv", [list(row), list(row.values())])
        case "parquet":
            path = write_parquet(tmp_path / "t.parquet", [row])
        case "json":
            path = write_json(tmp_path / "t.json", [row])
        case _:
            path = write_lines(tmp_path / "t.jsonl", [row])
    with pytest.raises(SourceError, match=r"has no column b, key; its columns are q, a, answer\. Name these"):
        table_source(dataset()).parts(path, None)


@pytest.mark.parametrize(
    ("gold", "options", "said"),
    [("letter", None, "points to an option"), ("index0", None, "points to an option"), ("yesno", ("a", "b"), "goes without options")],
)
def test_gold_and_options_must_fit_together(gold: str, options: Any, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        table_source(dataset(gold, options=options))


def test_image_files_stand_in_the_part_and_in_the_row(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "1.png").write_bytes(b"one")
    (tmp_path.parent / "secret.png").write_bytes(b"secret")
    (tmp_path / "out.png").symlink_to(tmp_path.parent / "secret.png")
    names = ["img/1.png", "img/2.png", "../x.png", "out.png", None]
    write_lines(tmp_path / "t.jsonl", [ROW | {"image": name} for name in names])
    source = table_source(dataset(images="image", modality="x-ray"))
    (part,) = source.parts(tmp_path, None)
    assert part.names == ("t.jsonl", "img/1.png")
    rows = rows_of(source, tmp_path)
    assert [row.fault for row in rows] == ["", "image missing", "image path refused", "image path refused", "image missing"]
    assert (rows[0].images, rows[0].modality) == ((b"one",), "x-ray")


def test_image_structs_and_several_columns_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"one")
    write_parquet(tmp_path / "t.parquet", [ROW | {"i": [{"bytes": b"a", "path": None}, {"bytes": b"b", "path": "b.png"}], "j": "1.png"}])
    source = table_source(dataset(images=("i", "j")))
    (row,) = rows_of(source, tmp_path)
    assert row.images == (b"a", b"b", b"one")
    assert source.parts(tmp_path, None)[0].names == ("t.parquet", "1.png")


def test_several_tables_of_a_folder_are_one_source(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_lines(tmp_path / f"{name}.jsonl", [ROW])
    assert list(by_id(rows_of(table_source(dataset()), tmp_path))) == ["a:0", "b:0"]


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=r"mine: no layout of its all split fits .* notes\.txt"):
        table_source(dataset()).parts(tmp_path, None)


def test_real_golds_in_lists_of_letters() -> None:
    french = dataset(column="correct_answers", options="answers", question="question", id="id")
    rows = by_id(rows_of(table_source(french), real("frenchmedmcqa") / "corpus" / "dev.json"))
    assert Counter(row.fault for row in rows.values()) == {"": 312}
    known = rows["d0f974df4406bf2f933962bf0d0c0447a80d66719031e3b4a35c2ff3b3ccc594"]
    assert known.options[known.gold["index"]] == "Cétogénèse"
    assert {len(row.gold["indexes"]) for row in rows.values() if row.answer_type is AnswerType.MULTI} >= {2, 3}


def test_real_dates_are_no_numbers() -> None:
    calculated = dataset("number", "Ground Truth Answer", question="Question", context="Patient Note", id="Row Number")
    rows = by_id(rows_of(table_source(calculated), real("medcalc_bench") / "dataset" / "test_data.csv"))
    assert Counter(row.fault for row in rows.values()) == {"": 544, "gold not a number": 60}
    assert rows["2"].gold["value"] == "38.0"


def test_sources_cross_process_boundaries(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.jsonl", [ROW])
    source = pickle.loads(pickle.dumps(table_source(dataset())))
    (part,) = pickle.loads(pickle.dumps(source.parts(tmp_path, None)))
    assert [row.gold for row in source.layout_for(tmp_path, None).read(part)] == [{"index": 1}]


def told(tmp_path: Path, cells: dict[str, Any], gold: dict[str, Any], size: tuple[int, int] = (200, 100)) -> Any:
    """The gold of one row with an image of that size, or its fault."""
    (tmp_path / "i.png").write_bytes(encoded(drawn(1).resize(size), "PNG"))
    write_lines(tmp_path / "t.jsonl", [{"q": "Where?", "image": "i.png"} | cells])
    asked = Dataset.model_validate(FACTS | {"images": "image", "gold": {"column": "key"} | gold})
    (row,) = rows_of(table_source(asked), tmp_path)
    return row.fault or row.gold


@pytest.mark.parametrize(
    ("key", "frame", "form"),
    [
        ([[20, 30, 100, 80]], "pixels", "corners"),
        ("[[20, 30, 100, 80]]", "pixels", "corners"),
        ([20, 30, 80, 50], "pixels", "corner_size"),
        ([[60, 55, 80, 50]], "pixels", "middle_size"),
        ([[100, 300, 500, 800]], "thousandths", "corners"),
        ([[0.3, 0.55, 0.4, 0.5]], "shares", "middle_size"),
    ],
)
def test_boxes_of_any_frame_and_form_are_golds_in_pixels(tmp_path: Path, key: Any, frame: str, form: str) -> None:
    gold = told(tmp_path, {"key": key}, {"as": "boxes", "frame": frame, "form": form, "label": "nodule"})
    assert gold == {"boxes": [[20, 30, 100, 80]], "labels": ["nodule"], "width": 200, "height": 100}


def test_each_box_has_its_own_label_or_all_have_one(tmp_path: Path) -> None:
    cells = {"key": [[0, 0, 10, 10], [5, 5, 20, 20]], "names": ["mass", "cyst"]}
    assert told(tmp_path, cells, {"as": "boxes", "label": "column:names"})["labels"] == ["cyst", "mass"]
    assert told(tmp_path, cells, {"as": "boxes"})["labels"] == ["", ""]
    assert told(tmp_path, cells | {"names": ["mass"]}, {"as": "boxes", "label": "column:names"}) == "boxes unreadable"


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ([[0, 0, 300, 10]], "box outside the image"),
        ([[10, 0, 10, 10]], "box without area"),
        ([[0, 0, 10]], "boxes unreadable"),
        ([["0", 0, 10, 10]], "boxes unreadable"),
        ("[[0, 0", "gold unreadable"),
        ({"x": 1}, "boxes unreadable"),
        ([], "no box"),
        (None, "no gold"),
        ("", "no gold"),
    ],
)
def test_boxes_that_are_none_are_told(tmp_path: Path, key: Any, fault: str) -> None:
    assert told(tmp_path, {"key": key}, {"as": "boxes"}) == fault


@pytest.mark.parametrize("key", [["Edema", "Mass, solid"], '["Edema", "Mass, solid"]', "Edema|Mass, solid", "Edema; Mass, solid"])
def test_labels_are_a_list_or_one_text(tmp_path: Path, key: Any) -> None:
    gold = told(tmp_path, {"key": key}, {"as": "labels", "labels": ("No Finding", "Mass, solid", "Edema")})
    assert gold == {"labels": ["Mass, solid", "Edema"], "vocabulary": ["No Finding", "Mass, solid", "Edema"]}


def test_labels_that_are_none_are_told(tmp_path: Path) -> None:
    gold = {"as": "labels", "labels": ("No Finding", "Mass, solid", "Edema")}
    assert told(tmp_path, {"key": "Mass, solid"}, gold)["labels"] == ["Mass, solid"]
    for key, fault in (("Edem", "unknown label"), ("", "no gold"), (None, "no gold"), ("No Finding|Edema", "gold contradicts itself")):
        assert told(tmp_path, {"key": key}, gold) == fault


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        ({"as": "labels"}, "names all labels of a gold"),
        ({"as": "text", "labels": ("a",)}, "names all labels of a gold"),
        ({"as": "number", "frame": "shares"}, 'belong to a gold as "boxes"'),
    ],
)
def test_a_gold_says_what_its_kind_needs(gold: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Dataset.model_validate(FACTS | {"gold": {"column": "key"} | gold})


def test_boxes_stand_in_an_image() -> None:
    with pytest.raises(ManifestError, match='gold as "boxes" stands in an image, but no images are named'):
        table_source(Dataset.model_validate(FACTS | {"gold": {"column": "key", "as": "boxes"}}))
