"""Takedown: rows leave a corpus, the store and the ledger, and no build brings them back."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.ledgers import join_ledger
from pipeline.models.ledger import Ledger
from pipeline.publish.corpus import read_corpus
from pipeline.publish.diff import diff
from tests.fixtures.fake_teacher import FakeTeacher, boxed_letter
from tests.fixtures.local_build import TEACHER, Project, call, contents, give_up_soon, png, point_to, question, write_rows

OPEN = """
name = "small"
[[source]]
name = "open"
kind = "table"
path = "open.jsonl"
question = "q"
id = "n"
gold = { column = "key", as = "text" }
license = "CC0-1.0"
[[teacher]]
name = "fake"
model = "fake"
max_tokens = 64
[judge.model]
name = "weigher"
model = "judge"
revision = "r2"
"""
MAPPED = 'id = "n"\ngroup = "patient"\n'


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def project(tmp_path: Path, teacher: FakeTeacher) -> Project:
    """A built corpus: ten rows of five patients, each with a picture of two questions, one row told twice."""
    made = Project(tmp_path)
    rows: list[dict[str, Any]] = []
    for number in range(10):
        row = question(number) | {"n": f"row-{number}", "patient": f"patient-{number // 2}"}
        (tmp_path / f"{number // 2}.png").write_bytes(png(number // 2))
        rows.append(row | {"image": f"{number // 2}.png"})
    rows.append(rows[2] | {"n": "row-2-again"})
    made.write({"quiz": rows}, teachers=TEACHER.format(samples=2) + 'sees = ["text", "image"]\n')
    made.manifest.write_text(made.manifest.read_text().replace('license = "CC0-1.0"\n', 'license = "CC0-1.0"\n' + MAPPED))
    assert call(*made.arguments()).code == 0
    return made


def ids(project: Project, *lines: str) -> str:
    path = project.folder / "ids.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def redacted(project: Project, *more: str) -> dict[str, Any]:
    said = call(
        "redact", str(project.out), "--source", "quiz", "--store", str(project.store), "--manifest", str(project.manifest), *more, "--json"
    )
    assert said.code == 0, said.err
    return said.told


def rows_in(folder: Path) -> set[str]:
    return {
        row for path in folder.rglob("data/*/*.parquet") for row in pq.read_table(path, columns=["source_row"])["source_row"].to_pylist()
    }


def everything(folder: Path) -> bytes:
    """All values of all stored tables and of the ledger."""
    tables = [json.dumps(pq.read_table(path).to_pylist(), default=repr) for path in sorted(folder.rglob("*.parquet"))]
    opened = Ledger(folder / "ledger")
    answers = [entry.raw for entry in opened.entries()]
    opened.close()
    return "\n".join([*tables, *answers]).encode()


def test_a_row_leaves_corpus_store_and_ledger(project: Project, teacher: FakeTeacher):
    before = project.answered()
    assert b"quiz case 2:" in everything(project.store)
    told = redacted(project, "--rows", ids(project, "row-2"))
    assert (told["questions"], told["unmet"], told["version"]) == (1, [], "0+redacted.1")
    assert (told["answers"], told["pictures"], len(told["sharing"])) == (2, 0, 1)
    assert len(project.answered()) == len(before) - 2
    assert project.answered() < before
    assert rows_in(project.out) == {f"row-{number}" for number in (0, 1, 3, 4, 5, 6, 7, 8, 9)}
    assert b"quiz case 2:" not in everything(project.store)
    audited = call("audit", str(project.out), "--strict")
    assert audited.code == 0, audited.out


@pytest.mark.parametrize("where", ["here", "compacted", "in an object store"])
def test_answers_go_too_whose_unit_was_never_stored(project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch, where: str):
    def stops_midway(prompt: str, seed: int) -> str:
        if "quiz case 9:" in prompt:
            raise ConnectionError
        return boxed_letter(prompt, seed)

    if where == "in an object store":
        join_ledger(project.store, f"file://{project.folder / 'remote'}")
    teacher.answer = stops_midway
    give_up_soon(monkeypatch)
    project.manifest.write_text(project.manifest.read_text().replace("samples = 2", "samples = 4"))
    assert call(*project.arguments()).code == 1
    before = project.answered()
    if where == "compacted":
        assert call("ledger", "compact", "--store", str(project.store)).code == 0
    assert len(before) > 20
    told = redacted(project, "--rows", ids(project, "row-2"))
    assert (told["answers"], len(project.answered())) == (4, len(before) - 4)
    assert b"quiz case 2:" not in everything(project.store)


def test_what_the_judge_was_asked_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    project = Project(tmp_path)
    write_rows(tmp_path / "open.jsonl", [{"q": f"Site {place}?", "key": "left lower lobe", "n": f"row-{place}"} for place in range(3)])
    project.manifest.write_text(OPEN)
    with (
        FakeTeacher(lambda prompt, seed: f"\\boxed{{lobe of {prompt.partition('?')[0]}}}") as teacher,
        FakeTeacher(lambda prompt, seed: "no verdict", model="judge") as judge,
    ):
        point_to(monkeypatch, teacher.url)
        monkeypatch.setenv("MEDTRACE_WEIGHER_BASE_URL", judge.url)
        assert call(*project.arguments()).code == 0
        assert (teacher.asked, judge.asked) == (3, 9)
        said = call(
            "redact", str(project.out), "--source", "open", "--store", str(project.store), "--rows", ids(project, "row-1"), "--json"
        )
        assert said.told["answers"] == 4
        assert b"Site 1" not in everything(project.store)
        assert call(*project.arguments()).code == 0
        assert (teacher.asked, judge.asked) == (3 + 1, 9 + 3)


def test_a_batch_that_asks_about_a_row_is_ended_first(project: Project):
    held = sorted(key for entry in Ledger(project.store / "ledger").entries() for key in [entry.key])
    batches = project.store / "batches"
    batches.mkdir()
    for name in ("json", "keys"):
        (batches / f"{'0' * 64}.{name}").write_text("\n".join(held))
    before = contents(project.out)
    said = call("redact", str(project.out), "--source", "quiz", "--store", str(project.store), "--rows", ids(project, "row-2"))
    assert "A provider batch that asks about these rows is under way" in said.error
    assert (contents(project.out), len(project.answered())) == (before, len(held))


def test_no_build_brings_it_back_not_even_from_its_copy_under_another_id(project: Project, teacher: FakeTeacher):
    redacted(project, "--rows", ids(project, "row-2"))
    taken = Path(shutil.copytree(project.out, project.folder / "taken"))
    asked = teacher.asked
    assert call(*project.arguments()).code == 0
    assert teacher.asked == asked
    assert not {"row-2", "row-2-again"} & rows_in(project.out)
    assert b"quiz case 2:" not in everything(project.store)
    lock = json.loads((project.out / "lock.json").read_text())
    assert ["ingest", "quiz", "taken down", 2] in lock["tallies"]
    changed = diff(taken, project.out)
    assert (changed.rows, changed.shards.old_only, [one.key for one in changed.manifest]) == ((), (), ["version"])
    assert call("audit", str(project.out), "--strict").code == 0


def test_a_patient_goes_with_all_rows_and_pictures(project: Project):
    told = redacted(project, "--groups", ids(project, "patient-1", "patient-4", "patient-99"))
    assert (told["questions"], told["pictures"], told["sharing"], told["unmet"]) == (4, 2, [], ["patient-99"])
    assert not {"row-2", "row-3", "row-8", "row-9"} & rows_in(project.out)
    assert call("audit", str(project.out), "--strict").code == 0


def test_the_list_and_the_lock_tell_no_id_that_was_asked_for(project: Project):
    redacted(project, "--groups", ids(project, "patient-1"))
    listed = project.manifest.with_suffix(".takedown.json").read_text() + (project.out / "lock.json").read_text()
    assert "patient-1" not in listed
    assert "row-2" not in listed
    assert len(json.loads(project.manifest.with_suffix(".takedown.json").read_text())["sources"]["quiz"]) == 3


def test_what_changed_is_told_by_diff_and_a_second_takedown_is_a_version_of_its_own(project: Project):
    first = project.folder / "first"
    redacted(project, "--rows", ids(project, "row-2"), "--out", str(first))
    assert "row-2" in rows_in(project.out)
    changed = diff(project.out, first)
    assert {(one.config, one.removed, one.added, one.changed) for one in changed.rows if one.config == "rl"} == {("rl", 1, 0, 0)}
    said = call("redact", str(first), "--source", "quiz", "--rows", ids(project, "row-5"))
    assert said.code == 0
    assert "version 0+redacted.2" in said.out
    assert "a build of the original manifest brings these rows back" in said.out
    corpus = read_corpus(first)
    assert corpus.manifest.version == corpus.lock["version"] == "0+redacted.2"
    assert not {"row-2", "row-5"} & rows_in(first)
    assert call("audit", str(first), "--strict").code == 0


def test_an_audit_finds_a_row_that_came_back(project: Project, tmp_path: Path):
    whole = contents(project.out)
    redacted(project, "--rows", ids(project, "row-2"))
    lock = json.loads((project.out / "lock.json").read_text())
    old = json.loads(whole["lock.json"])
    for name, data in whole.items():
        (project.out / name).write_bytes(data)
    (project.out / "lock.json").write_text(json.dumps(old | {"build": lock["build"]}))
    said = call("audit", str(project.out), "--json")
    assert said.code == 1
    (check,) = [check for check in said.told["checks"] if check["name"] == "takedown"]
    assert check["counts"]["a row that was taken down"] >= 1


def test_a_damaged_list_stops_a_build(project: Project):
    project.manifest.with_suffix(".takedown.json").write_text("{")
    assert "takedown list" in call(*project.arguments()).error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--source", "quiz"], "Say what goes"),
        (["--source", "other", "--rows", "{ids}"], "no such source, only quiz"),
        (["--source", "quiz", "--rows", "{nothing}"], "holds no id"),
        (["--source", "quiz", "--rows", "{missing}"], "cannot be read"),
        (["--source", "quiz", "--rows", "{ids}"], "None of the 1 ids is one of quiz"),
        (["--source", "quiz", "--rows", "{ids}", "--store", "/nowhere/at/all"], "There is no store"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(project: Project, arguments: list[str], told: str):
    before = contents(project.out)
    (project.folder / "nothing.txt").write_text("\n")
    places = {"ids": ids(project, "row-77"), "nothing": str(project.folder / "nothing.txt"), "missing": str(project.folder / "missing.txt")}
    said = call("redact", str(project.out), *(word.format(**places) for word in arguments))
    assert told in said.error
    assert contents(project.out) == before


def test_a_list_that_windows_wrote_names_the_same_rows(project: Project):
    written = project.folder / "ids.txt"
    written.write_bytes(b"\xef\xbb\xbfrow-0\r\n  row-4\t\r\n\r\n")
    said = redacted(project, "--rows", str(written))
    assert (said["questions"], said["unmet"]) == (2, [])


def test_a_new_version_goes_under_any_name_into_a_folder_that_is_not_there_yet(project: Project):
    out = project.folder / "new" / "deep"
    said = redacted(project, "--rows", ids(project, "row-0"), "--out", str(out), "--version", 'after "Ω" \\ \t\x7f')
    assert said["version"] == read_corpus(out).lock["version"] == 'after "Ω" \\ \t\x7f'


def test_nothing_is_laid_out_within_the_corpus_or_where_nothing_can_be(project: Project):
    before = contents(project.out)
    said = call("redact", str(project.out), "--source", "quiz", "--rows", ids(project, "row-0"), "--out", str(project.out / "new"))
    assert (said.code, contents(project.out)) == (2, before)
    assert "lies within the corpus" in said.error
    said = call("redact", str(project.out), "--source", "quiz", "--rows", ids(project, "row-0"), "--out", "/proc/new")
    assert (said.code, contents(project.out)) == (1, before)
    assert "/proc/new cannot be written" in said.error


def test_what_was_altered_by_hand_is_not_laid_out_under_a_new_lock(project: Project):
    shard = project.out / "data/rl/train-all.parquet"
    held = shard.read_bytes()
    for spoiled in (held[:-9], held.replace(b"quiz", b"quit")):
        shard.unlink()
        shard.write_bytes(spoiled)
        said = call("redact", str(project.out), "--source", "quiz", "--rows", ids(project, "row-0"), "--manifest", str(project.manifest))
        assert "train-all.parquet has other bytes than the lock names. Get the corpus again" in said.error
    assert not project.manifest.with_suffix(".takedown.json").exists()
