"""Scoring a file of outputs: verdicts in order, rates, and rows that cannot be scored named by line."""

import json
from pathlib import Path

from tests.fixtures.local_build import call

OPTIONS = ["Sepsis", "Asthma", "Gout", "Migraine"]


def rows(path: Path, *given: dict[str, object] | str) -> Path:
    lines = [
        row if isinstance(row, str) else json.dumps({"task": "mcq", "question": "Which?", "options": OPTIONS, "gold": "C", **row})
        for row in given
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_verdicts_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = rows(tmp_path / "r.jsonl", {"id": "1", "response": "\\boxed{C}"}, {"id": "2", "response": "I'm sorry, I can't help with that."})
    said = call("score", str(path))
    assert said.code == 0
    assert [(row["id"], row["verdict"]) for row in map(json.loads, said.out.splitlines())] == [("1", "correct"), ("2", "refused")]
    assert "accuracy" in said.err


def test_the_kit_that_guesses_is_labelled_beside_ours(tmp_path: Path) -> None:
    text = {"task": "text", "gold": ["no"], "options": None, "response": "There is nodular opacity"}
    path = rows(tmp_path / "r.jsonl", {"id": "1", "response": "I'm sorry, I can't help with that."}, {"id": "2", **text})
    told = call("score", str(path), "--compat", "medevalkit", "--json").told
    assert told["rates"]["all"]["accuracy"]["hits"] == 0
    assert told["compat"]["medevalkit_compat@9b12e3b text"]["closed"] == 1.0
    (row, _) = map(json.loads, call("score", str(path), "--compat", "medevalkit").out.splitlines())
    assert (row["verdict"], row["medevalkit_compat@9b12e3b"]) == ("refused", {"multi_choice": 0.0})
    assert "medevalkit_compat@9b12e3b mcq" in call("score", str(path), "--compat", "medevalkit").err


def test_measures_stand_in_the_rows_and_their_means_in_the_summary(tmp_path: Path) -> None:
    texts = [{"task": "text", "gold": ["left lower lobe", "LLL"], "response": said} for said in (r"\boxed{LLL}", r"\boxed{left lobe}")]
    path = rows(tmp_path / "r.jsonl", *texts)
    said = call("score", str(path))
    assert [json.loads(line)["measures"]["rouge_l"] for line in said.out.splitlines()] == [1.0, 0.8]
    assert "rouge_l" in said.err
    assert call("score", str(path), "--json").told["measures"]["text"]["rouge_l"] == 0.9


def test_a_line_that_is_no_row_is_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    path = rows(tmp_path / "r.jsonl", "not json", "", {"id": "2", "response": "\\boxed{C}"}, {"options": 5, "response": "C"})
    out = tmp_path / "verdicts.jsonl"
    said = call("score", str(path), "--out", str(out))
    assert said.code == 1
    errors = [line for line in said.err.splitlines() if line.startswith("Error: ")]
    assert ["line 1: not JSON" in errors[0], "line 4: options of a mcq row are '5'" in errors[1]] == [True, True]
    assert json.loads(out.read_text())["verdict"] == "correct"
    told = call("score", str(path), "--json")
    assert (told.code, told.told["rows"], len(told.told["errors"])) == (1, 1, 2)


def test_the_train_policy_takes_a_box_alone(tmp_path: Path) -> None:
    path = rows(tmp_path / "r.jsonl", {"id": "1", "response": "The answer is C."})
    assert json.loads(call("score", str(path)).out)["verdict"] == "correct"
    assert json.loads(call("score", str(path), "--policy", "train").out)["verdict"] == "malformed"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    said = call("score", str(tmp_path / "none.jsonl"))
    assert said.code == 1
    assert said.err.startswith("Error: ")


def test_no_row_ends_the_scoring_of_the_others(tmp_path: Path) -> None:
    boxes = {"task": "boxes", "gold": [{"label": "x", "box": [1, 2, 3, 4]}], "response": "<box>[[1,2,3,4]]</box>"}
    path = rows(
        tmp_path / "r.jsonl",
        {"id": "1", **boxes, "image_size": [5]},
        '{"id": "2", "task": "boxes", "gold": [{"label": "x", "box": [1, 2, 3, 4]}], "response": "", "image_size": [1e999, 2]}',
        {"id": "\ud800", "response": "\\boxed{C}"},
        {"id": "4", "gold": "gout", "response": "\\boxed{C}"},
    )
    said = call("score", str(path), "--compat", "medevalkit")
    assert said.code == 1
    assert [json.loads(line)["verdict"] for line in said.out.splitlines()] == ["correct", "correct"]
    assert sum(line.startswith("Error: ") for line in said.err.splitlines()) == 2
