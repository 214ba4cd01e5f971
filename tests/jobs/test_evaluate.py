"""Evaluating through the command line: numbers, resuming, what is told wrong, and two models compared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemas.evaluation import Scored
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import Said, call

QUESTIONS = 24


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "MEDTRACE_STUDENT_BASE_URL", "MEDTRACE_STUDENT_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def medqa(tmp_path: Path) -> Path:
    """Questions in MedQA's own form; the gold of question n is option n modulo 4."""
    folder = tmp_path / "medqa" / "data_clean" / "questions" / "US" / "4_options"
    folder.mkdir(parents=True)
    rows = [
        {
            "question": f"Case {number}: what fits?",
            "answer": f"Finding {'ABCD'[number % 4]} {number}",
            "options": {letter: f"Finding {letter} {number}" for letter in "ABCD"},
            "meta_info": "step1",
            "answer_idx": "ABCD"[number % 4],
            "metamap_phrases": [],
        }
        for number in range(QUESTIONS)
    ]
    (folder / "phrases_no_exclude_test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "medqa"


def knows(prompt: str, seed: int) -> str:
    """The right letter, by the number of the case and the place of its option: whatever the options' order."""
    number = int(prompt.split("Case ")[1].split(":")[0])
    right = f"Finding {'ABCD'[number % 4]} {number}"
    line = next(line for line in prompt.splitlines() if line.endswith(f". {right}"))
    return f"<think>\nI know.\n</think>\n\n\\boxed{{{line[0]}}}"


Run = Callable[..., Said]


@pytest.fixture
def run(medqa: Path, tmp_path: Path) -> Run:
    def running(model: str, *more: str, out: str = "out") -> Said:
        told = ["--benchmarks", "medqa", "--data", f"medqa={medqa}", "--store", str(tmp_path / "store"), "--out", str(tmp_path / out)]
        return call("evaluate", model, *told, "--workers", "0", "--quiet", *more)

    return running


def accuracy(said: Said) -> float:
    assert said.code == 0, said.err
    return said.told["numbers"]["medqa"]["parts"]["all"]["accuracy"]["share"]


def rows(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "scored.parquet").to_pylist()


def test_a_model_that_knows_is_always_right_whatever_the_order_of_options(run: Run) -> None:
    with FakeTeacher(knows) as teacher:
        assert accuracy(run(teacher.url, "--json")) == 1.0
        assert accuracy(run(teacher.url, "--shuffle-options", "3", "--json", out="shuffled")) == 1.0


def test_every_answer_is_written_with_its_verdict(run: Run, tmp_path: Path) -> None:
    with FakeTeacher() as teacher:
        said = run(teacher.url, "--samples", "3", "--json")
    found = rows(tmp_path / "out")
    assert len(found) == 3 * QUESTIONS
    for row in found:
        letter = row[Scored.response].rpartition("{")[2][0]
        assert row[Scored.verdict] == ("correct" if letter == row[Scored.gold] else "incorrect")
    part = said.told["numbers"]["medqa"]["parts"]["all"]
    right = sum(row[Scored.verdict] == "correct" for row in found)
    assert part["accuracy"]["share"] == pytest.approx(right / len(found))
    assert part["vote"] is not None
    assert set(part["pass_at"]) == {"1", "2"}


def test_nothing_is_asked_twice_and_more_samples_ask_for_those_alone(run: Run) -> None:
    with FakeTeacher() as teacher:
        first = run(teacher.url, "--samples", "2", "--json")
        assert sum(teacher.requests.values()) == 2 * QUESTIONS
        assert run(teacher.url, "--samples", "2", "--json").told["numbers"] == first.told["numbers"]
        assert run(teacher.url, "--samples", "4", "--json", out="more").code == 0
        assert sum(teacher.requests.values()) == 4 * QUESTIONS
    assert set(teacher.requests.values()) == {1}


def test_what_the_ledger_holds_needs_no_server(run: Run, tmp_path: Path) -> None:
    with FakeTeacher() as teacher:
        url = teacher.url
        before = run(url, "--json").told["numbers"]
    (tmp_path / "store" / "score").rename(tmp_path / "gone")
    assert run(url, "--model", "fake", "--json").told["numbers"] == before


def test_a_dead_server_is_one_sentence_and_what_was_answered_stays(run: Run) -> None:
    with FakeTeacher() as teacher:
        url = teacher.url
    said = run(url, "--model", "fake")
    assert said.code == 1
    assert "Traceback" not in said.err


def test_a_server_of_several_models_wants_a_name(run: Run) -> None:
    with FakeTeacher() as teacher:
        assert "serves fake" not in run(teacher.url).err
        assert "not served" in run(teacher.url, "--model", "other", out="other").error


def test_guesses_are_near_chance_and_the_same_every_time(run: Run, tmp_path: Path) -> None:
    said = run("random", "--samples", "40", "--json")
    part = said.told["numbers"]["medqa"]["parts"]["all"]
    assert part["accuracy"]["low"] <= 0.25 <= part["accuracy"]["high"]
    assert part["chance"] == 0.25
    once = (tmp_path / "out" / "scored.parquet").read_bytes()
    run("random", "--samples", "40", "--json", "--store", str(tmp_path / "another"))
    assert (tmp_path / "out" / "scored.parquet").read_bytes() == once


def test_a_guesser_is_at_chance_however_often_options_are_shuffled_and_golds_follow_them(run: Run, tmp_path: Path) -> None:
    orders: list[list[str]] = []
    for seed in ("0", "1", "2"):
        part = run("random", "--samples", "40", "--shuffle-options", seed, "--json", out=seed).told["numbers"]["medqa"]["parts"]["all"]
        assert part["accuracy"]["low"] <= 0.25 <= part["accuracy"]["high"]
        assert part["unparsed"] == 0
        found = rows(tmp_path / seed)
        orders.append([option for row in found for option in row[Scored.options]])
        for row in found:
            number = int(row[Scored.question].split("Case ")[1].split(":")[0])
            assert row[Scored.options]["ABCD".index(row[Scored.gold])] == f"Finding {'ABCD'[number % 4]} {number}"
    assert orders[0] != orders[1] != orders[2] != orders[0]
    once = (tmp_path / "1" / "scored.parquet").read_bytes()
    run("random", "--samples", "40", "--shuffle-options", "1", "--store", str(tmp_path / "another"), out="again")
    assert (tmp_path / "again" / "scored.parquet").read_bytes() == once


def test_so_many_questions_are_the_same_ones(run: Run, tmp_path: Path) -> None:
    run("random", "--max-rows", "5")
    few = {row[Scored.row] for row in rows(tmp_path / "out")}
    run("random", "--max-rows", "9", out="more")
    assert len(few) == 5
    assert few < {row[Scored.row] for row in rows(tmp_path / "more")}


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("nothing", [], "'nothing' is no model"),
        ("random", ["--sees", "sound"], "--sees takes text, image or both"),
        ("random", ["--split", "medqa=nope"], 'no split "nope"'),
        ("random", ["--data", "medqa"], "--data takes NAME=PATH"),
        ("random", ["--prompt", "nope"], "There is no prompt"),
    ],
)
def test_what_is_told_wrong_is_one_sentence(run: Run, model: str, more: list[str], said: str) -> None:
    ended = run(model, *more)
    assert ended.code in (1, 2)
    assert said in ended.error


def test_a_benchmark_without_questions_is_named_before_a_model_is_asked(run: Run, medqa: Path, tmp_path: Path) -> None:
    empty = tmp_path / "headqa" / "HEAD_EN.json"
    empty.parent.mkdir()
    empty.write_text(json.dumps({"exams": {"1": {"name": "Cuaderno_2013_1_M", "year": "2013", "category": "medicine", "data": []}}}))
    more = ["--benchmarks", "medqa,headqa", "--data", f"headqa={empty.parent}", "--data", f"medqa={medqa}"]
    with FakeTeacher() as teacher:
        ended = run(teacher.url, *more)
        assert not teacher.requests
    assert "headqa has no question with a gold in its test split" in ended.error


def test_a_folder_with_other_things_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    assert "thesis.tex" in run("random").error
    assert (tmp_path / "out" / "thesis.tex").read_text() == "mine"


def test_two_models_are_compared_on_the_same_questions(run: Run, tmp_path: Path) -> None:
    with FakeTeacher(boxed_letter) as teacher:
        run(teacher.url, "--name", "guesser", out="first")
    with FakeTeacher(knows) as teacher:
        run(teacher.url, "--name", "expert", "--seed", "1", out="second")
    page = tmp_path / "compared.html"
    said = call("compare", str(tmp_path / "first"), str(tmp_path / "second"), "--out", str(page), "--json")
    (pair,) = said.told["models"][1]["against_the_first"]
    wrong = sum(row[Scored.verdict] != "correct" for row in rows(tmp_path / "first"))
    assert (pair["questions"], pair["first_only"], pair["second_only"]) == (QUESTIONS, 0, wrong)
    assert pair["p"] == pytest.approx(2 * 0.5**wrong)
    assert "expert against guesser" in page.read_text()


def test_a_comparison_of_what_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert "two evaluations or more" in call("compare", str(tmp_path / "a")).error
    assert "is no evaluation" in call("compare", str(tmp_path / "a"), str(tmp_path / "a")).error


def test_answers_beside_the_numbers_of_others_are_no_evaluation(run: Run, tmp_path: Path) -> None:
    run("random")
    run("random", "--seed", "1", out="other")
    (tmp_path / "other" / "scored.parquet").replace(tmp_path / "out" / "scored.parquet")
    said = call("compare", str(tmp_path / "out"), str(tmp_path / "out"))
    assert "is not the one that its numbers are of" in said.error


def test_the_key_stands_in_no_file(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDTRACE_STUDENT_API_KEY", "sk-planted-0123456789")
    with FakeTeacher(key="sk-planted-0123456789") as teacher:
        assert run(teacher.url).code == 0
    held = [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-planted" in path.read_bytes()]
    assert held == []


def test_results_of_other_settings_live_beside_each_other_and_the_same_go_where_they_were(
    medqa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = ("evaluate", "random", "--benchmarks", "medqa", "--data", f"medqa={medqa}", "--store", "store", "--workers", "0", "--quiet")
    places = [
        Path(call(*told, *more, "--json").told["out"]).name
        for more in ((), ("--seed", "1"), ("--samples", "2"), ("--max-rows", "5"), (), ("--seed", "1"))
    ]
    assert places[0] == places[4] == "random"
    assert places[1] == places[5]
    assert len(set(places)) == 4
    assert all(place.startswith("random") for place in places)
    kept = {folder.name: rows(folder) for folder in (tmp_path / "out" / "evaluations").iterdir()}
    assert set(kept) == set(places)
    assert kept["random"] != kept[places[1]]


def test_a_dead_server_is_told_by_what_named_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("http://127.0.0.1:9/v1", "--model", "fake")
    assert "mend the model's URL" in said.err
    assert "MEDTRACE_STUDENT_BASE_URL" not in said.err
