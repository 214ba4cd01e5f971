"""A model as judge of open answers: asked of what the rules call wrong, paid once, named in every published row."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs import inputs
from jobs.build import Options
from jobs.served import check_models, place
from pipeline.models.generate import SEED_STRIDE
from pipeline.publish.audit import audit
from pipeline.verify.ask_judge import ATTEMPTS
from schemas.errors import ManifestError, TeacherError
from sources.source import Access
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, contents, ran, write_rows

MANIFEST = """
name = "small"
[[source]]
name = "open"
kind = "table"
path = "open.jsonl"
question = "q"
gold = { column = "key", as = "text" }
license = "CC0-1.0"
[[source]]
name = "choice"
kind = "table"
path = "choice.jsonl"
question = "q"
options = ["a", "b"]
gold = { column = "key", as = "letter" }
license = "CC0-1.0"
[[teacher]]
name = "fake"
model = "fake"
samples = 1
max_tokens = 64
"""
JUDGE = """
[judge.model]
name = "weigher"
model = "judge"
"""
SAID = {"Site 0": "left lower lobe", "Site 1": "LLL", "Site 2": "right upper lobe", "Site 3": ""}
YES, NO = '{"correct": true, "reason": "same"}', '{"correct": false, "reason": "other side"}'


def answer(prompt: str, seed: int) -> str:
    """The exact gold, the gold in other words, a wrong lobe, an empty box; the wrong letter to every question of choice."""
    said = next((text for site, text in SAID.items() if site in prompt), "B")
    return f"<think>\nLooked at it.\n</think>\n\n\\boxed{{{said}}}"


def opinion(prompt: str, seed: int) -> str:
    return YES if "<answer>LLL</answer>" in prompt else NO


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_rows(tmp_path / "open.jsonl", [{"q": f"Site {place}?", "key": "left lower lobe"} for place in range(4)])
    write_rows(tmp_path / "choice.jsonl", [{"q": "Which one?", "a": "Gout", "b": "Sepsis", "key": "A"}])
    made = Project(tmp_path)
    made.manifest.write_text(MANIFEST + JUDGE)
    return made


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher(answer) as made:
        monkeypatch.setenv("OPENAI_BASE_URL", made.url)
        monkeypatch.setenv("OPENAI_API_KEY", "")
        yield made


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher(opinion, model="judge", key="secret-of-judge") as made:
        monkeypatch.setenv("MEDTRACE_WEIGHER_BASE_URL", made.url)
        monkeypatch.setenv("MEDTRACE_WEIGHER_API_KEY", "secret-of-judge")
        yield made


def rows(project: Project, config: str) -> dict[str, dict[str, Any]]:
    """The published rows of a config by their response's box."""
    found: list[dict[str, Any]] = []
    for path in sorted((project.out / "data" / config).glob("*.parquet")):
        found += pq.read_table(path).to_pylist()
    return {row["response"].rpartition("\\boxed{")[2].rstrip("}"): row for row in found}


def test_open_answers_in_other_words_are_kept_by_the_judges_word(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    built = project.build()
    assert built.errors == []
    assert judge.asked == 2
    kept, rejected = rows(project, "sft"), rows(project, "rejected")
    assert {said: (row["verdict"], row["rule"]) for said, row in kept.items()} == {
        "left lower lobe": ("correct", "box_exact"),
        "LLL": ("correct", "model_judge"),
    }
    assert {said: row["verdict"] for said, row in rejected.items()} == {"right upper lobe": "incorrect", "": "no_answer", "B": "incorrect"}
    assert [(row["flags"], row["boxes"]) for row in (kept["LLL"], rejected["B"])] == [([], 1), ([], 1)]
    lock = json.loads((project.out / "lock.json").read_text())
    assert (lock["judge"]["model"], lock["traces"]["kept"]["rule"]) == ("judge", {"box_exact": 1, "model_judge": 1})
    audited = audit(project.out, strict=True)
    assert not audited.failed
    answers = next(check for check in audited.checks if check.name == "answers")
    assert "right by the word of judge, not verified again by rule (2)" in answers.detail


def test_building_again_asks_the_judge_nothing_even_where_the_store_is_lost(
    project: Project, teacher: FakeTeacher, judge: FakeTeacher
) -> None:
    project.build()
    before = contents(project.out)
    for path in project.store.glob("*/*.parquet"):
        path.unlink()
    assert project.build().errors == []
    assert (judge.asked, teacher.asked) == (2, 5)
    assert contents(project.out) == before


def test_without_a_judge_such_answers_are_wrong_and_naming_one_later_asks_the_teacher_nothing(
    project: Project, teacher: FakeTeacher, judge: FakeTeacher
) -> None:
    project.manifest.write_text(MANIFEST)
    assert project.build().errors == []
    assert (judge.asked, teacher.asked) == (0, 5)
    assert rows(project, "rejected")["LLL"]["rule"] == "box_differs"
    assert json.loads((project.out / "lock.json").read_text())["judge"] is None
    project.manifest.write_text(MANIFEST + JUDGE)
    assert ran(project.build()) == {"ask_judge[fake]": 1, "select[fake]": 1, "publish": 1}
    assert (judge.asked, teacher.asked) == (2, 5)


def test_an_answer_on_which_the_judge_stays_unreadable_is_rejected_as_such_and_the_rest_is_published(
    project: Project, teacher: FakeTeacher, judge: FakeTeacher
) -> None:
    judge.answer = lambda prompt, seed: opinion(prompt, seed) if "LLL" in prompt else "Right!"
    assert project.build().errors == []
    assert (judge.asked, teacher.asked) == (1 + ATTEMPTS, 5)
    assert set(rows(project, "sft")) == {"left lower lobe", "LLL"}
    row = rows(project, "rejected")["right upper lobe"]
    assert (row["verdict"], row["rule"], row["reason"]) == ("ambiguous", "judge_unreadable", "judge unreadable")
    assert "no readable verdict in 3 replies, the last 'Right!'" in row["error"]
    audited = audit(project.out, strict=True)
    assert not audited.failed
    assert "without a readable verdict of judge (1)" in next(check for check in audited.checks if check.name == "answers").detail
    assert "On 1 trace it gave no verdict that could be read" in (project.out / "README.md").read_text()
    before = contents(project.out)
    for path in project.store.glob("*/*.parquet"):
        path.unlink()
    assert project.build().errors == []
    assert (judge.asked, contents(project.out)) == (1 + ATTEMPTS, before)


def test_a_judge_that_is_gone_is_an_error_and_calls_no_answer_anything(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    judge.fail(50, 401)
    said = call(*project.arguments())
    assert said.code == 1
    assert not project.out.exists()


def test_a_plan_says_what_the_judge_would_be_asked_once_the_rules_have_judged(
    project: Project, teacher: FakeTeacher, judge: FakeTeacher
) -> None:
    planning = ["plan", str(project.manifest), "--store", str(project.store)]
    assert "Teacher weigher (judge): requests unknown until judge[fake] has run" in call(*planning).out
    assert project.build(until="judge[fake]").errors == []
    assert "Teacher weigher (judge): 2 questions, 2 requests to send (0 in the ledger)" in call(*planning).out
    project.build()
    assert "Teacher weigher (judge): 2 questions, 0 requests to send (2 in the ledger)" in call(*planning).out


def test_a_reply_that_cannot_be_read_is_planned_to_be_asked_for_again(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    def unreadable(prompt: str, seed: int) -> str:
        if judge.asked == 2:
            judge.fail(50, 401)
        return "Right!"

    judge.answer = unreadable
    assert call(*project.arguments()).code == 1
    said = call("plan", str(project.manifest), "--store", str(project.store)).out
    assert "Teacher weigher (judge): 2 questions, 2 requests to send (0 in the ledger)" in said


def test_a_verdict_of_a_later_reply_is_neither_planned_nor_needed_again(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    judge.answer = lambda prompt, seed: opinion(prompt, seed) if seed % SEED_STRIDE == ATTEMPTS - 1 else "Right!"
    assert project.build().errors == []
    assert judge.asked == 2 * ATTEMPTS
    before = contents(project.out)
    for path in project.store.glob("ask_judge*/*.parquet"):
        path.unlink()
    said = call("plan", str(project.manifest), "--store", str(project.store)).out
    assert "Teacher weigher (judge): 2 questions, 0 requests to send (2 in the ledger)" in said
    judge.close()
    assert call(*project.arguments()).code == 0
    assert contents(project.out) == before


def test_answers_that_end_for_no_known_reason_are_built_and_published(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    teacher.answer = lambda prompt, seed: {"message": {"content": answer(prompt, seed)}, "finish_reason": "abort"}
    assert project.build().errors == []
    assert teacher.asked == 5
    assert {row["finish_reason"] for row in rows(project, "sft").values()} <= {"other"}
    assert not audit(project.out, strict=True).failed


def test_a_judges_endpoint_is_checked_before_a_teacher_is_paid(project: Project, teacher: FakeTeacher, judge: FakeTeacher) -> None:
    judge.model = "another"
    with pytest.raises(TeacherError, match="judge"):
        check_models(place(inputs.open_manifest(project.manifest), Options(project.store, project.out)), local=True)
    assert call(*project.arguments()).code == 1
    assert teacher.asked == 0


def test_rows_that_may_not_be_sent_away_go_to_no_remote_judge(project: Project, tmp_path: Path) -> None:
    text = project.manifest.read_text().replace('license = "CC0-1.0"', 'license = "CC0-1.0"\naccess = "credentialed"')
    project.manifest.write_text(text)
    asked = inputs.open_manifest(project.manifest)
    items, _ = inputs.resolve(asked, tmp_path / "cache")
    assert {item.source.access for item in items} == {Access.CREDENTIALED}
    here = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    inputs.check_permissions(asked.manifest, items, here)
    with pytest.raises(ManifestError, match="weigher is remote"):
        inputs.check_permissions(asked.manifest, items, here | {"MEDTRACE_WEIGHER_BASE_URL": "https://judge.example.org/v1"})
