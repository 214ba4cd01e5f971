"""What identifies a person goes to no remote teacher unless the manifest permits it; told by the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jobs import batches, build
from jobs.batches import options_of
from jobs.inputs import open_manifest
from pipeline.models import endpoints
from schemas.errors import TeacherError
from tests.fixtures.fake_batches import FakeBatches
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, point_to, question, questions, ran

TOLD = "Mrs. Ada Byron (MRN 0048291) coughs: which finding fits best?"
JUDGE = '[judge.model]\nname = "weigher"\nmodel = "fake"\n'
OPEN = '[[source]]\nname = "open"\nkind = "table"\npath = "open.jsonl"\nquestion = "q"\ngold = { column = "key", as = "text" }\nlicense = "MIT"\n'


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every endpoint counts as another machine's."""
    monkeypatch.setattr(endpoints, "is_loopback", lambda url: False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    write(made)
    return made


def write(project: Project, *, head: str = "", source: str = "") -> None:
    """Three questions, one of which names somebody, and two of another source."""
    project.write({"quiz": [*questions(2), question(2) | {"q": TOLD}], "other": questions(2, "other")}, samples=1, head=head)
    text = project.manifest.read_text()
    project.manifest.write_text(text.replace('path = "quiz.jsonl"\n', f'path = "quiz.jsonl"\n{source}'))


def prompts(teacher: FakeTeacher) -> list[str]:
    return [prompt for prompt, _ in teacher.requests]


@pytest.mark.usefixtures("elsewhere")
def test_nothing_at_all_is_sent_where_a_row_may_not_leave_and_the_choices_are_told(teacher: FakeTeacher, project: Project) -> None:
    said = call(*project.arguments())
    assert said.code == 2
    assert said.error == (
        "Teacher fake is remote, and 1 row holds identifiers of persons in its text (1 of quiz). "
        'Set [privacy] identifiers = "mask" or "drop", or may_send = true in the source where its terms permit that.'
    )
    assert not teacher.requests
    assert "Byron" not in said.err + said.out


def test_a_teacher_on_this_machine_is_asked_and_the_card_counts_what_was_found(teacher: FakeTeacher, project: Project) -> None:
    assert call(*project.arguments()).code == 0
    assert any(TOLD in prompt for prompt in prompts(teacher))
    card = (project.out / "README.md").read_text()
    assert "| `mrn` | 1 |" in card
    assert "| `name` | 1 |" in card
    assert "sent to no remote teacher; their text is published as it is" in card
    audited = call("audit", str(project.out), "--json")
    (check,) = [check for check in json.loads(audited.out)["checks"] if check["name"] == "identifiers"]
    assert (audited.code, check["status"]) == (0, "ok")
    assert (check["counts"]["quiz: mrn"], check["counts"]["quiz: name"]) == (1, 1)
    assert any("[name]" in told and "[mrn]" in told for told in check["examples"])
    assert "Byron" not in audited.out


@pytest.mark.usefixtures("elsewhere")
def test_masked_rows_are_sent_and_published_without_what_was_found(teacher: FakeTeacher, project: Project) -> None:
    write(project, head='[privacy]\nidentifiers = "mask"')
    assert call(*project.arguments()).code == 0
    assert any("Mrs. [REDACTED:name] (MRN [REDACTED:mrn]) coughs" in prompt for prompt in prompts(teacher))
    assert len(prompts(teacher)) == 5
    assert not any("Byron" in prompt or "0048291" in prompt for prompt in prompts(teacher))
    published = pq.read_table(next((project.out / "data" / "rl").glob("*.parquet")))["problem"].to_pylist()
    assert len(published) == 5
    assert not any("Byron" in problem for problem in published)
    assert ["mask", "quiz", "masked", 1] in json.loads((project.out / "lock.json").read_text())["tallies"]
    assert "Text was masked in 1 of the published questions." in (project.out / "README.md").read_text()
    assert call("audit", str(project.out)).code == 0


@pytest.mark.usefixtures("elsewhere")
def test_rows_that_are_dropped_are_counted_by_their_reason(teacher: FakeTeacher, project: Project) -> None:
    write(project, head='[privacy]\nidentifiers = "drop"')
    assert call(*project.arguments()).code == 0
    assert len(prompts(teacher)) == 4
    assert not any("coughs" in prompt for prompt in prompts(teacher))
    assert "| `choose` | identifiers | 1 |" in (project.out / "README.md").read_text()
    assert call("audit", str(project.out)).code == 0


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("told", [{"source": "may_send = true\n"}, {"head": '[privacy]\nidentifiers = "off"'}])
def test_what_the_manifest_permits_is_sent(teacher: FakeTeacher, project: Project, told: dict[str, str]) -> None:
    write(project, **told)
    assert call(*project.arguments()).code == 0
    assert any(TOLD in prompt for prompt in prompts(teacher))


def test_rows_that_may_be_sent_are_counted_all_the_same(teacher: FakeTeacher, project: Project) -> None:
    write(project, source="may_send = true\n")
    assert project.build().errors == []
    card = (project.out / "README.md").read_text()
    assert "| `name` | 1 |" in card
    assert "but for `quiz`, where the manifest permits it" in card


@pytest.mark.usefixtures("elsewhere")
def test_a_worker_refuses_by_itself_what_may_not_leave(teacher: FakeTeacher, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "hold_back", lambda *told: None)
    said = call(*project.arguments())
    assert said.code == 1
    assert "Teacher fake is remote, and 1 of its questions hold identifiers of persons (mrn 1, name 1)" in said.err
    assert not any("Byron" in prompt for prompt in prompts(teacher))


@pytest.mark.usefixtures("elsewhere")
def test_provider_batches_send_none_either(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = FakeBatches()
    point_to(monkeypatch, provider.url)
    try:
        said = call("batch", "send", str(project.manifest), "--store", str(project.store))
        assert said.code == 2
        assert "1 row holds identifiers of persons in its text (1 of quiz)" in said.error
        assert not provider.files
        monkeypatch.setattr(batches, "hold_back", lambda *told: None)
        asked = open_manifest(project.manifest)
        with pytest.raises(TeacherError, match=r"1 of its questions hold identifiers of persons \(mrn 1, name 1\)"):
            batches.send(asked, options_of(asked, project.store))
        assert not provider.files
    finally:
        provider.close()


def test_a_remote_judge_is_not_told_of_rows_that_a_teacher_on_this_machine_may_read(
    teacher: FakeTeacher, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeTeacher() as judge:
        monkeypatch.setenv("MEDTRACE_WEIGHER_BASE_URL", judge.url)
        monkeypatch.setattr(endpoints, "is_loopback", lambda url: url != judge.url)
        (project.folder / "open.jsonl").write_text(json.dumps({"q": "Where is it?", "key": "seen by Mrs. Ada Byron"}) + "\n")
        project.write({"quiz": [question(2) | {"q": TOLD}]}, samples=1, head="", more=JUDGE)
        project.manifest.write_text(project.manifest.read_text() + OPEN)
        said = call(*project.arguments())
        assert "Teacher weigher is remote, and 1 row holds identifiers of persons in its text (1 of open)" in said.error
        monkeypatch.setattr(build, "hold_back", lambda *told: None)
        assert "Teacher weigher is remote, and 1 of its questions hold" in call(*project.arguments()).err
        assert not judge.requests


@pytest.mark.usefixtures("elsewhere")
def test_what_the_ledger_holds_is_built_from_though_the_teacher_is_remote_now(
    teacher: FakeTeacher, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as here:
        here.setattr(endpoints, "is_loopback", lambda url: True)
        assert project.build().errors == []
    asked = teacher.asked
    fresh = project.folder / "fresh"
    shutil.copytree(project.store / "ledger", fresh / "ledger")
    assert project.build(store=fresh).errors == []
    assert teacher.asked == asked


def test_permission_for_a_source_asks_nothing_again_and_changes_no_published_row(teacher: FakeTeacher, project: Project) -> None:
    project.build()
    asked = teacher.asked
    write(project, source="may_send = true\n")
    assert set(ran(project.build())) == {"choose", "sample[fake]"}
    assert teacher.asked == asked


def test_a_plan_tells_what_is_found_once_it_is_known(teacher: FakeTeacher, project: Project) -> None:
    arguments = ("plan", str(project.manifest), "--store", str(project.store))
    assert json.loads(call(*arguments, "--json").out)["identifiers"] is None
    project.build(until="choose")
    assert json.loads(call(*arguments, "--json").out)["identifiers"] == [["quiz", "mrn", 1], ["quiz", "name", 1]]
    assert "Rows that hold identifiers of persons: quiz mrn 1, quiz name 1." in call(*arguments).out


def test_where_nothing_is_found_the_card_says_so(teacher: FakeTeacher, project: Project) -> None:
    project.write({"quiz": questions(2)}, samples=1)
    assert project.build().errors == []
    assert "They found 0." in (project.out / "README.md").read_text()
