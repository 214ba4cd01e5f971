"""A student end to end: who is asked what, what is measured, which questions stay, and that nothing is asked twice."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs import inputs
from jobs.build import Options
from jobs.preview import plan
from pipeline.sampling import Design
from pipeline.stages.partition import PartitionRecipe
from schemas.errors import ManifestError, TeacherError, UsageError
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import TEACHER, Project, call, contents, questions

STUDENT = """
[student]
model = "pupil"
max_tokens = 64
samples = 8
"""
URL = "MEDTRACE_STUDENT_BASE_URL"


def easy_or_hard(prompt: str, seed: int) -> str:
    """Right always, never or by chance, as the number of the question says."""
    number = int(prompt.split("case ")[1].split(":")[0])
    right, drawn = "ABCD"[number % 4], boxed_letter(prompt, seed)
    if number % 3 == 0:
        return drawn
    letter = right if number % 3 == 1 else "ABCD"[(number + 1) % 4]
    return f"{drawn.split(chr(92))[0]}\\boxed{{{letter}}}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """In shards of at most eight questions."""
    monkeypatch.setattr(PartitionRecipe.__init__, "__defaults__", (8, 256 << 20))
    return Project(tmp_path)


@pytest.fixture
def pupil(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher(easy_or_hard, model="pupil") as server:
        monkeypatch.setenv(URL, server.url)
        yield server


def rows(project: Project, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted((project.out / "data" / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_a_student_alone_answers_and_measures(project: Project, pupil: FakeTeacher) -> None:
    project.write({"quiz": questions(18)}, teachers=STUDENT)
    assert project.build().errors == []
    assert pupil.asked == 18 * 8
    for row in rows(project, "rl"):
        assert (row["teacher"], row["n_sampled"], row["pass_rate"]) == ("student", 8, row["n_correct"] / 8)
        assert row["pass_at"] == list(Design((8,)).pass_at(8, row["n_correct"]))
        assert len(row["pass_at"]) == 4
    hardness = [row["pass_rate"] for row in sorted(rows(project, "rl"), key=lambda row: row["order"])]
    assert hardness == sorted(hardness, reverse=True)
    assert {row["teacher"] for row in rows(project, "sft")} == {"student"}
    assert not call("audit", str(project.out)).code
    before = contents(project.out)
    assert project.build().errors == []
    assert pupil.asked == 18 * 8
    assert contents(project.out) == before


def test_a_rebuild_from_the_ledger_needs_no_server(project: Project, pupil: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"quiz": questions(6)}, teachers=STUDENT)
    assert project.build().errors == []
    monkeypatch.setenv(URL, "http://127.0.0.1:9/v1")
    project.write({"quiz": questions(6)}, teachers=STUDENT, more='[select]\nkeep = "diverse"\nmax_per_question = 2\n')
    assert project.build().errors == []
    kept = Counter(row["question_id"] for row in rows(project, "sft"))
    assert set(kept.values()) <= {1, 2}
    assert 2 in kept.values()


def test_it_is_asked_beside_teachers_and_gives_rl_its_rates(project: Project, pupil: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeTeacher() as teacher:
        monkeypatch.setenv("MEDTRACE_FAKE_BASE_URL", teacher.url)
        project.write({"quiz": questions(9)}, teachers=STUDENT.replace("[student]", '[student]\non = "rl"') + TEACHER.format(samples=4))
        assert project.build().errors == []
        assert (pupil.asked, teacher.asked) == (9 * 8, 9 * 4)
    assert {(row["teacher"], row["n_sampled"]) for row in rows(project, "rl")} == {("student", 8)}
    assert {row["teacher"] for row in rows(project, "sft")} == {"fake"}
    withheld = [row for row in rows(project, "rejected") if row["teacher"] == "student" and row["verdict"] == "correct"]
    assert {row["reason"] for row in withheld} == {"for rl alone"}
    assert len(withheld) == sum(row["n_correct"] for row in rows(project, "rl"))
    assert not call("audit", str(project.out)).code


def test_it_measures_questions_that_only_rl_has_and_no_gold_that_is_its_own_answer(project: Project, pupil: FakeTeacher) -> None:
    sources = {name: questions(3, name) for name in ("quiz", "only", "direct")}
    project.write(sources, teachers=STUDENT)
    text = project.manifest.read_text()
    for name, answers in (("only", "none"), ("direct", "gold")):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nanswers = "{answers}"\n')
    project.manifest.write_text(text)
    assert project.build().errors == []
    assert pupil.asked == 6 * 8
    asked = {(row["source"], row["teacher"], row["no_trace"]) for row in rows(project, "rl")}
    assert asked == {("quiz", "student", ""), ("only", "student", ""), ("direct", "", "gold")}
    assert {(row["source"], row["teacher"], row["prompt_name"]) for row in rows(project, "sft")} == {
        ("quiz", "student", "boxed"),
        ("direct", "", "direct.2"),
    }
    assert {row["reason"] for row in rows(project, "rejected") if row["source"] == "only" and row["verdict"] == "correct"} == {
        "for rl alone"
    }
    assert not call("audit", str(project.out)).code


def test_rl_takes_the_questions_of_a_band_and_those_of_sources_beside_it(project: Project, pupil: FakeTeacher) -> None:
    sources = {"quiz": questions(18), "general": questions(3, "general")}
    project.write(sources, teachers=STUDENT, more='[select.rl]\npass_rate = [0.1, 0.9]\nbesides = ["general"]\n')
    assert project.build().errors == []
    stay = rows(project, "rl")
    assert {row["source"] for row in stay} == {"quiz", "general"}
    assert all(0.1 <= row["pass_rate"] <= 0.9 for row in stay if row["source"] == "quiz")
    assert 3 < len(stay) < 21
    told = {(stage, source, reason): count for stage, source, reason, count in _lock(project)["tallies"] if stage == "rl"}
    assert told["rl", "general", "kept"] == 3
    assert told["rl", "quiz", "too hard"] >= 6
    assert told["rl", "quiz", "too easy"] >= 6
    assert sum(told.values()) == 21
    card = (project.out / "README.md").read_text()
    assert "Into `rl` go the questions of train whose pass rate lies from 0.1 to 0.9, and all of `general`." in card
    assert "pass@8 " in (project.out / "report.html").read_text()
    assert not call("audit", str(project.out)).code


def test_the_hardest_of_a_domain_go_first_and_sft_may_have_a_rule_of_its_own(project: Project, pupil: FakeTeacher) -> None:
    more = "[select.sft]\npass_rate = [0.01, 0.9]\n[select.rl]\nmixed = true\nper_domain = 2\n"
    project.write({"quiz": questions(24)}, teachers=STUDENT)
    assert project.build().errors == []
    mixed = sorted(row["pass_rate"] for row in rows(project, "rl") if 0 < row["n_correct"] < 8)
    assert len(mixed) > 2
    project.write({"quiz": questions(24)}, teachers=STUDENT, more=more)
    assert project.build().errors == []
    assert sorted(row["pass_rate"] for row in rows(project, "rl")) == mixed[:2]
    assert {row["question_id"] for row in rows(project, "sft")} > {row["question_id"] for row in rows(project, "rl")}
    assert all(row["pass_rate"] <= 0.9 for row in rows(project, "sft"))
    assert "too easy" in {row["reason"] for row in rows(project, "rejected")}
    assert not call("audit", str(project.out)).code


def test_adaptive_rounds_stop_at_enough_correct_ones(project: Project, pupil: FakeTeacher) -> None:
    project.write({"quiz": questions(12)}, teachers=STUDENT.replace("samples = 8", "rounds = [4, 4, 8]\nuntil_correct = 2"))
    assert project.build().errors == []
    sampled = {row["n_sampled"] for row in rows(project, "rl")}
    assert sampled == {4, 8, 16} or sampled == {4, 16}
    assert pupil.asked == sum(row["n_sampled"] for row in rows(project, "rl"))
    assert not call("audit", str(project.out)).code


def test_a_plan_counts_what_it_will_be_asked(project: Project, pupil: FakeTeacher) -> None:
    project.write({"quiz": questions(5)}, teachers=STUDENT)
    assert project.build(until="choose").errors == []
    told = call("plan", str(project.manifest), "--store", str(project.store))
    assert "Teacher student (pupil): 5 questions, 40 requests" in told.out
    assert pupil.asked == 0


def test_a_plan_by_declared_rows_counts_student_and_teacher_apart(project: Project) -> None:
    project.write({"quiz": questions(1)}, teachers=STUDENT + TEACHER.format(samples=4))
    project.manifest.write_text(project.manifest.read_text().replace('name = "quiz"\n', 'name = "quiz"\nrows = 100\n'))
    told = call("plan", str(project.manifest), "--declared", "--json", "--store", str(project.store))
    assert [(one["name"], one["requests"]) for one in json.loads(told.out)["teachers"]] == [("student", 800), ("fake", 400)]


def test_the_url_may_be_told_on_the_command_line(project: Project, pupil: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL)
    project.write({"quiz": questions(4)}, teachers=STUDENT)
    assert not call(*project.arguments("--student-url", pupil.url)).code
    assert pupil.asked == 32


def test_a_dead_url_of_the_command_line_is_told_as_such(project: Project) -> None:
    project.write({"quiz": questions(4)}, teachers=STUDENT)
    told = call(*project.arguments("--student-url", "http://127.0.0.1:9/v1"))
    assert "mend --student-url" in told.error


def test_a_url_without_a_student_is_refused(project: Project) -> None:
    project.write({"quiz": questions(4)}, teachers="")
    told = call(*project.arguments("--student-url", "http://127.0.0.1:9/v1"))
    assert told.code == 2
    assert "has no [student]" in told.err


@pytest.mark.parametrize(
    ("model", "said"), [("./nowhere", "is no folder"), ("pupil", "is no folder"), ("a/b/c", "is no folder")], ids=["path", "word", "deep"]
)
def test_a_model_that_is_not_there_is_told_while_planning(project: Project, model: str, said: str) -> None:
    project.write({"quiz": questions(4)}, teachers=STUDENT.replace("pupil", model))
    with pytest.raises(ManifestError, match=said):
        plan(inputs.open_manifest(project.manifest), Options(project.store, project.out))


def test_without_vllm_an_engine_is_refused_before_anything_is_asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.served.find_spec", lambda name: None)
    project.write({"quiz": questions(4)}, teachers=STUDENT.replace("pupil", "owner/pupil"))
    with pytest.raises(TeacherError, match="vLLM is not installed"):
        project.build()


def test_batches_sample_no_student(project: Project, pupil: FakeTeacher) -> None:
    from jobs.batches import send

    project.write({"quiz": questions(4)}, teachers=STUDENT)
    with pytest.raises(UsageError, match="no provider's batch"):
        send(inputs.open_manifest(project.manifest), Options(project.store, project.out))


def _lock(project: Project) -> dict[str, Any]:
    return json.loads((project.out / "lock.json").read_text())
