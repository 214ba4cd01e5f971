"""What a change redoes: exactly the units whose inputs or recipe moved, and only the requests that are new."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.build import Built
from jobs.steps import corpus, traces
from pipeline import run_local
from pipeline.stages.partition import PartitionRecipe
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, contents, png, point_to, question, questions, ran

AFTER_CHOOSE = {"sample[fake]", "judge[fake]", "select[fake]", "publish"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Two sources, in shards of at most eight questions."""
    monkeypatch.setattr(PartitionRecipe.__init__, "__defaults__", (8, 256 << 20))
    made = Project(tmp_path)
    made.write({"one": questions(24, "one"), "two": pictured(made, 12)})
    return made


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        yield server


def pictured(project: Project, count: int) -> list[dict[str, Any]]:
    """Questions, every third with a picture that two of them share."""
    rows = questions(count, "two")
    for number, row in enumerate(rows):
        path = project.folder / f"{number // 6}.png"
        path.write_bytes(png(number // 6))
        row["image"] = path.name
    return rows


def units(built: Built, step: str) -> int:
    return built.execution.ran[step].units


def asked_by(teacher: FakeTeacher, project: Project) -> tuple[int, Built]:
    """How many requests one build sent."""
    before = teacher.asked
    built = project.build()
    assert built.errors == []
    return teacher.asked - before, built


def test_building_again_runs_nothing_asks_nobody_and_starts_no_worker(
    project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, built = asked_by(teacher, project)
    assert asked == 24 * 2
    assert units(built, "gather") > 3
    before = contents(project.out)
    monkeypatch.setattr(run_local, "ProcessPoolExecutor", None)
    teacher.close()
    again = project.build(workers=2)
    assert ran(again) == {}
    assert contents(project.out) == before


def test_one_more_row_asks_for_that_row_only(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": [*questions(24, "one"), question(24, "one")], "two": pictured(project, 12)})
    asked, built = asked_by(teacher, project)
    assert asked == 2
    done = ran(built)
    assert "ingest[two]" not in done
    assert done["ingest[one]"] == done["partition"] == done["rank"] == done["publish"] == 1
    assert done["choose"] == done["sample[fake]"] == done["judge[fake]"] == done["select[fake]"] == 1
    assert units(built, "sample[fake]") > 3


def test_the_units_that_ran_are_named_in_the_json(project: Project, teacher: FakeTeacher) -> None:
    call(*project.arguments())
    project.write({"one": [*questions(24, "one"), question(24, "one")], "two": pictured(project, 12)})
    said = call(*project.arguments("--json"))
    (sample,) = [step for step in said.told["steps"] if step["step"] == "sample[fake]"]
    assert (len(sample["units_ran"]), sample["ran"], sample["cached"]) == (1, 1, sample["units"] - 1)
    assert set(sample["units_ran"][0]) <= {"0", "1"}


def test_one_more_source_leaves_what_was_asked_alone(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": questions(24, "one"), "two": pictured(project, 12), "three": questions(3, "three")})
    asked, built = asked_by(teacher, project)
    assert asked == 3 * 2
    assert {"ingest[one]", "ingest[two]"}.isdisjoint(ran(built))
    assert ran(built)["ingest[three]"] == 1
    assert ran(built)["sample[fake]"] < units(built, "sample[fake]")


def test_another_judge_pays_for_nothing(project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = asked_by(teacher, project)
    for module in (traces, corpus):
        monkeypatch.setattr(module, "VERIFIER", "another")
    teacher.close()
    built = project.build()
    assert built.errors == []
    assert ran(built) == {"judge[fake]": units(first, "judge[fake]"), "publish": 1}


def test_another_policy_pays_for_nothing(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": questions(24, "one"), "two": pictured(project, 12)}, more='[judge]\npolicy = "eval"\n')
    asked, built = asked_by(teacher, project)
    assert asked == 0
    assert set(ran(built)) <= {"judge[fake]", "select[fake]", "publish"}


def test_more_samples_pay_for_the_new_ones(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": questions(24, "one"), "two": pictured(project, 12)}, samples=4)
    asked, built = asked_by(teacher, project)
    assert asked == 24 * 2
    assert set(teacher.requests.values()) == {1}
    assert set(ran(built)) == AFTER_CHOOSE


def test_growing_from_eight_to_sixteen_pays_for_eight_with_choices_or_without(
    project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together = project.folder / "alone", project.folder / "together"
    for store, choices, asked in ((alone, "1", 4 * 8), (together, "8", 4)):
        monkeypatch.setenv("MEDTRACE_FAKE_CHOICES", choices)
        for samples in (8, 16):
            project.write({"one": questions(4, "one")}, samples=samples)
            before = teacher.asked
            assert call("build", str(project.manifest), "--store", str(store), "--out", f"{store}-out{samples}", "--workers", "0").code == 0
            assert teacher.asked - before == asked
    kept = [{row["id"]: row["response"] for row in published(Path(f"{store}-out16"))} for store in (alone, together)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 4 * 16
    for more in ('[judge]\npolicy = "eval"\n', "[select]\nmax_per_question = 2\n"):
        project.write({"one": questions(4, "one")}, samples=16, more=more)
        before = teacher.asked
        assert call("build", str(project.manifest), "--store", str(together), "--out", f"{together}-out16", "--workers", "0").code == 0
        assert teacher.asked == before


def published(out: Path) -> list[dict[str, Any]]:
    """The traces of a corpus, kept or not."""
    paths = [*out.glob("data/sft/*.parquet"), *out.glob("data/rejected/*.parquet")]
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def test_fewer_samples_pay_for_nothing(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": questions(24, "one"), "two": pictured(project, 12)}, samples=1)
    asked, _ = asked_by(teacher, project)
    assert asked == 0


def test_another_revision_of_a_model_is_asked_anew_and_what_each_said_stays(project: Project, teacher: FakeTeacher) -> None:
    sources = {"one": questions(24, "one"), "two": pictured(project, 12)}
    plain, _ = asked_by(teacher, project)
    project.write(sources, more='revision = "2026-11-05"\n')
    asked, built = asked_by(teacher, project)
    assert asked == plain
    assert ran(built)["sample[fake]"] == units(built, "sample[fake]")
    project.write(sources)
    assert asked_by(teacher, project)[0] == 0


def test_a_row_taken_away_asks_for_nothing(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    project.write({"one": questions(23, "one"), "two": pictured(project, 12)})
    asked, built = asked_by(teacher, project)
    assert asked == 0
    assert built.counts["rl"] == 35


@pytest.mark.parametrize("seed", range(3))
def test_any_third_of_the_store_may_be_lost(project: Project, teacher: FakeTeacher, seed: int) -> None:
    asked, _ = asked_by(teacher, project)
    before = contents(project.out)
    stored = sorted(project.store.glob("*/*.parquet"))
    for path in random.Random(seed).sample(stored, len(stored) // 3):
        path.unlink()
    again, built = asked_by(teacher, project)
    assert again == 0
    assert ran(built)
    assert contents(project.out) == before
    assert asked == teacher.asked


def test_a_store_lost_whole_is_rebuilt_from_the_ledger(project: Project, teacher: FakeTeacher) -> None:
    asked_by(teacher, project)
    before = contents(project.out)
    for path in project.store.glob("*/*.parquet"):
        path.unlink()
    assert asked_by(teacher, project)[0] == 0
    assert contents(project.out) == before


def test_what_the_ledger_holds_needs_no_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        asked_by(server, project)
    before = contents(project.out)
    for path in project.store.glob("sample/*.parquet"):
        path.unlink()
    built = project.build(0)
    assert built.errors == []
    assert contents(project.out) == before


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_workers(project: Project, teacher: FakeTeacher) -> None:
    corpora: list[dict[str, bytes]] = []
    for workers in (0, 1, 2):
        out = project.folder / f"out{workers}"
        built = project.build(workers, store=project.folder / f"store{workers}", out=out)
        assert built.errors == []
        corpora.append(contents(out))
    assert corpora[0] == corpora[1] == corpora[2]
    assert {len(name.split("/")) for name in corpora[0]} == {1, 3}
