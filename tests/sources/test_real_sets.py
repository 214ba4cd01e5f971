"""Whole real files of sets: rows in, rows out, rejects by reason, and a row of each whose gold is known by hand."""

from collections import Counter
from pathlib import Path

import pytest

from schemas.example import AnswerType
from sources import by_name
from sources.source import Row
from tests.fixtures.upstream import by_id, real, rows_of

# Source, split, folder, rows, and rejects by reason.
COUNTS = [
    ("frenchmedmcqa", "dev", "frenchmedmcqa", 312, {}),
    ("frenchmedmcqa", "test", "frenchmedmcqa", 622, {}),
    ("medcalc_bench", "test", "medcalc_bench", 604, {}),
    ("medical_o1", "en", "huatuogpt_o1", 109, {}),
    ("medical_o1_verifiable", "en", "huatuogpt_o1", 109, {}),
    ("medxpertqa_text", "test", "medxpertqa", 244, {}),
    ("medxpertqa_mm", "test", "medxpertqa", 199, {"image missing": 199}),
    ("roco", "test", "roco", 300, {"image missing": 300}),
    ("bccd", "train", "bccd", 82, {"box without area": 1}),
    ("bccd", "validation", "bccd", 27, {}),
    ("bccd", "test", "bccd", 25, {}),
]


@pytest.mark.parametrize(("name", "split", "folder", "count", "rejects"), COUNTS)
def test_every_real_row_reads_or_says_why(name: str, split: str, folder: str, count: int, rejects: dict[str, int]) -> None:
    rows = rows_of(by_name(name), real(folder), split)
    assert len(rows) == count
    assert Counter(row.fault for row in rows if row.fault) == rejects


@pytest.mark.parametrize("file", ["gemini-1.5-flash-002", "Qwen1.5-7B-Chat", "Llama-2-70b-hf", "DeepSeek-Coder-V2"])
def test_health_questions_stand_in_every_output_of_mmlu_pro(file: str) -> None:
    found = sorted(real("traces_mmlu_pro").glob(f"eval_results/model_outputs_{file.split('-00')[0]}*.json"))
    rows = by_id(rows_of(by_name("mmlu_pro"), found[0]))
    assert Counter(row.fault for row in rows.values()) == {"": 566}
    known = rows["6001"]
    # Polio is eradicated by sewage control and hygiene: `answer` says E, which counts from A.
    assert known.options[known.gold["index"]] == "Attention to sewage control and hygiene"


def known(name: str, split: str, folder: str, id: str) -> Row:
    return by_id(rows_of(by_name(name), real(folder), split))[id]


def test_the_most_alkaline_fluid_is_pancreatic_juice() -> None:
    row = known("frenchmedmcqa", "test", "frenchmedmcqa", "5987fa6bffd499eb439c90679d7fbca822d62bc639d1b9c94c68ae20e46f6004")
    assert [row.options[index] for index in row.gold["indexes"]] == ["Le suc pancréatique"]
    assert row.answer_type is AnswerType.MULTI


def test_several_right_answers_stay_several() -> None:
    rows = rows_of(by_name("frenchmedmcqa"), real("frenchmedmcqa"), "test")
    assert Counter(len(row.gold["indexes"]) for row in rows)[1] == 321


def test_a_calculation_has_its_limits_and_a_due_date_its_day() -> None:
    row = known("medcalc_bench", "test", "medcalc_bench", "2")
    # (140 - 83) * 67.2 kg * 1 / (1.4 mg/dL * 72) = 38.0 mL/min, as the note says.
    assert (row.gold["value"], row.gold["low"], row.gold["high"]) == ("38.0", "36.1", "39.9")
    assert "83-year-old" in row.context
    due = known("medcalc_bench", "test", "medcalc_bench", "929")
    assert due.gold == {"value": "2004-08-09", "date_order": "mdy"}
    age = known("medcalc_bench", "test", "medcalc_bench", "1029")
    assert age.gold == {"weeks": 17, "days": 1}


def test_a_question_does_not_repeat_its_options() -> None:
    rows = rows_of(by_name("medxpertqa_text"), real("medxpertqa"))
    assert not [row.row for row in rows if "Answer Choices" in row.question]
    row = by_id(rows)["Text-20"]
    # Label J, the tenth: gut bacteria that make vitamin K were killed by the antibiotics.
    assert row.options[row.gold["index"]] == "Bacterial destruction"


def test_a_verifiable_question_has_a_short_gold() -> None:
    row = rows_of(by_name("medical_o1_verifiable"), real("huatuogpt_o1"))[0]
    assert row.gold == {"values": ["Parvovirus B19 infection"]}


def test_one_white_cell_stands_where_upstream_drew_it() -> None:
    row = known("bccd", "validation", "bccd", "BloodImage_00152")
    assert row.gold == {"boxes": [[128, 31, 281, 172]], "labels": ["white blood cell"], "width": 640, "height": 480}
    assert row.images[0].startswith(b"\xff\xd8")


def test_a_caption_keeps_its_figure_s_licence(tmp_path: Path) -> None:
    """Upstream's lists with pictures beside them, which the sample leaves out."""
    lists = real("roco") / "data" / "test" / "radiology"
    folder = tmp_path / "data" / "test" / "radiology"
    (folder / "images").mkdir(parents=True)
    for name in ("captions.txt", "licences.txt"):
        (folder / name).write_bytes((lists / name).read_bytes())
    (folder / "images" / "ROCO_00176.jpg").write_bytes(b"\xff\xd8 a picture")
    rows = by_id(rows_of(by_name("roco"), tmp_path, "test"))
    assert Counter(row.fault for row in rows.values()) == {"": 1, "image missing": 299}
    row = rows["ROCO_00176"]
    assert row.license == "CC-BY-4.0"
    assert row.gold["values"] == ["Panoramic X ray taken four years later showing a unilocular radiolucent area in the left ramus."]
