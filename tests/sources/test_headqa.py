"""HEAD-QA: exams by year, golds by answer id, images that are not there."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from sources.headqa import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_json, write_parquet


def question(qid: Any, ra: Any, image: Any = "") -> dict[str, Any]:
    answers = [{"aid": index, "atext": name} for index, name in enumerate(("Femur", "Tibia", "Fibula", "Ulna"), 1)]
    return {"qid": qid, "qtext": "The longest bone is the:", "ra": ra, "answers": answers, "image": image}


def exams(**years: str) -> dict[str, Any]:
    listed = {name: {"name": name, "year": year, "category": "medicine", "data": [question("1", "1")]} for name, year in years.items()}
    return {"version": "1.0", "language": "en", "exams": listed}


def test_upstream_splits_by_year(tmp_path: Path) -> None:
    write_json(tmp_path / "HEAD_EN" / "HEAD_EN.json", exams(a="2013", b="2014", c="2015", d="2016", e="2017"))
    ids = [list(by_id(rows_of(SOURCE, tmp_path, split))) for split in ("train", "validation", "test")]
    assert ids == [["a:1", "b:1"], ["c:1"], ["d:1", "e:1"]]


def test_english_comes_before_spanish(tmp_path: Path) -> None:
    write_json(tmp_path / "HEAD" / "HEAD.json", exams(es="2013"))
    assert list(by_id(rows_of(SOURCE, tmp_path))) == ["es:1"]
    write_json(tmp_path / "HEAD_EN" / "HEAD_EN.json", exams(en="2013"))
    assert list(by_id(rows_of(SOURCE, tmp_path))) == ["en:1"]


def test_hub_parquet_is_known_by_exam_and_number(tmp_path: Path) -> None:
    named = [question(1, 2, None) | {"name": exam, "category": "medicine", "year": "2013"} for exam in ("a", "b")]
    write_parquet(tmp_path / "en" / "train-0.parquet", named)
    rows = by_id(rows_of(SOURCE, tmp_path))
    assert list(rows) == ["a:1", "b:1"]
    assert rows["a:1"].options[rows["a:1"].gold["index"]] == "Tibia"
    assert rows["a:1"].subject == "medicine"


def test_an_image_that_the_hub_embeds_is_taken(tmp_path: Path) -> None:
    facts = {"name": "a", "category": "medicine"}
    images = [{"bytes": b"\xff\xd8", "path": None}, {"bytes": None, "path": "img1.png"}, {"bytes": None, "path": None}]
    write_parquet(tmp_path / "en" / "train-0.parquet", [question(i, 1, image) | facts for i, image in enumerate(images)])
    rows = rows_of(SOURCE, tmp_path)
    assert [(row.images, row.modality, row.fault) for row in rows] == [
        ((b"\xff\xd8",), "image", ""),
        ((), "text", "needs an image"),
        ((), "text", ""),
    ]


@pytest.mark.parametrize(("ra", "fault"), [("0", "no gold"), ("", "no gold"), ("5", "gold out of range"), ("B", "gold out of range")])
def test_an_annulled_question_has_no_gold(tmp_path: Path, ra: str, fault: str) -> None:
    given = exams(a="2013")
    given["exams"]["a"]["data"] = [question("1", ra)]
    write_json(tmp_path / "HEAD_EN.json", given)
    assert [(row.row, row.fault) for row in rows_of(SOURCE, tmp_path)] == [("a:1", fault)]


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "HEAD_EN.json", {"exams": {"a": {"year": "2013"}}})
    with pytest.raises(SourceError, match="exam a has no list called data"):
        rows_of(SOURCE, tmp_path)


def test_real_english_rows_need_images_in_68_questions() -> None:
    rows = by_id(rows_of(SOURCE, real("headqa")))
    assert Counter(row.fault for row in rows.values()) == {"": 2589, "needs an image": 68}
    known = rows["Cuaderno_2013_1_B:2"]
    assert known.options[known.gold["index"]] == "Skeletal muscle"
    assert known.subject == "biology"


def test_real_spanish_rows_pair_with_the_english_ones() -> None:
    spanish = by_id(rows_of(SOURCE, real("headqa") / "data" / "HEAD"))
    english = by_id(rows_of(SOURCE, real("headqa")))
    assert Counter(row.fault for row in spanish.values()) == {"": 1284, "needs an image": 34}
    assert all(row.gold == english[id].gold for id, row in spanish.items())
