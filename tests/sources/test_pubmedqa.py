"""PubMedQA: decisions from abstracts, with a test list of its own."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import SourceError
from schemas.example import AnswerType
from sources.pubmedqa import SOURCE
from tests.fixtures.upstream import by_id, real, rows_of, write_json, write_parquet


def hub(pubid: int, decision: str | None) -> dict[str, Any]:
    context = {"contexts": ["Background.", " Results. "], "labels": ["BACKGROUND", "RESULTS"], "meshes": ["Humans"]}
    return {"pubid": pubid, "question": "Does it help?", "context": context, "long_answer": "It does.", "final_decision": decision}


def upstream(decision: str | None) -> dict[str, Any]:
    return {"QUESTION": "Does it help?", "CONTEXTS": ["Background.", "Results."], "final_decision": decision, "LONG_ANSWER": "It does."}


def test_hub_parquet_reads_the_labelled_config(tmp_path: Path) -> None:
    write_parquet(tmp_path / "pqa_labeled" / "train-0.parquet", [hub(11, "maybe")])
    write_parquet(tmp_path / "pqa_artificial" / "train-0.parquet", [hub(21, "yes"), hub(22, "no")])
    (row,) = rows_of(SOURCE, tmp_path)
    assert (row.row, row.answer_type, row.gold) == ("11", AnswerType.YESNOMAYBE, {"value": "maybe"})
    assert row.context == "Background.\nResults."
    assert list(by_id(rows_of(SOURCE, tmp_path, "artificial"))) == ["21", "22"]


@pytest.mark.parametrize("layout", ["hub", "upstream"])
def test_the_long_answer_is_never_shown(tmp_path: Path, layout: str) -> None:
    if layout == "hub":
        write_parquet(tmp_path / "pqa_labeled" / "train-0.parquet", [hub(11, "yes")])
    else:
        write_json(tmp_path / "ori_pqal.json", {"11": upstream("yes")})
    (row,) = rows_of(SOURCE, tmp_path)
    assert row.row == "11"
    assert "It does" not in repr(row)


def test_the_test_split_is_what_the_list_names(tmp_path: Path) -> None:
    write_json(tmp_path / "data" / "ori_pqal.json", {"11": upstream("yes"), "12": upstream("no"), "13": upstream("maybe")})
    write_json(tmp_path / "data" / "test_ground_truth.json", {"12": "no", "13": "yes", "14": "no"})
    rows = by_id(rows_of(SOURCE, tmp_path, "test"))
    assert {id: row.fault for id, row in rows.items()} == {"12": "", "13": "gold contradicts itself", "14": "no question"}
    assert [file.name for part in SOURCE.parts(tmp_path, "test") for file in part.files] == ["ori_pqal.json", "test_ground_truth.json"]


def test_the_test_split_needs_its_list(tmp_path: Path) -> None:
    write_json(tmp_path / "ori_pqal.json", {"11": upstream("yes")})
    with pytest.raises(SourceError, match=r"test_ground_truth\.json does not exist"):
        SOURCE.parts(tmp_path, "test")


@pytest.mark.parametrize(("decision", "fault"), [(None, "no gold"), ("", "no gold"), ("perhaps", "gold not yes, no or maybe")])
def test_a_decision_that_is_none_is_a_fault(tmp_path: Path, decision: str | None, fault: str) -> None:
    write_json(tmp_path / "ori_pqal.json", {"11": upstream(decision)})
    assert [row.fault for row in rows_of(SOURCE, tmp_path)] == [fault]


def test_real_rows_read_without_a_fault() -> None:
    rows = by_id(rows_of(SOURCE, real("pubmedqa")))
    assert Counter(row.fault for row in rows.values()) == {"": 552}
    assert Counter(row.gold["value"] for row in rows.values()) == {"yes": 307, "no": 178, "maybe": 67}
    assert rows["21645374"].gold == {"value": "yes"}
    assert rows["21645374"].context.startswith("Programmed cell death (PCD) is the regulated death")


def test_real_test_labels_agree_with_the_rows() -> None:
    assert Counter(row.fault for row in rows_of(SOURCE, real("pubmedqa"), "test")) == {"": 275}
