"""The five systems: their minis build and prove themselves over invented rows, their recipes plan without data."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.audit import audit
from jobs.declared import plan_declared
from jobs.inputs import open_manifest
from pipeline.publish.findings import Status
from tests.fixtures.systems import MANIFESTS, SYSTEMS, built


def rows(corpus: Path, config: str) -> list[dict[str, Any]]:
    return [row for file in sorted((corpus / "data" / config).glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_mini_builds_and_proves_itself(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = built(name, tmp_path, monkeypatch)
    asked = open_manifest(tmp_path / "jobs" / "manifests" / f"{name}-mini.toml")
    benchmarks = {one.name: asked.path.parent / (one.path or "") for one in asked.manifest.benchmark}
    checks = audit(corpus, strict=True, benchmarks=benchmarks).checks
    assert {check.name: check.detail for check in checks if check.status is not Status.OK} == {}
    posed = rows(corpus, "rl")
    assert posed
    reasons = {row["no_trace"] for row in posed}
    expected = {"octomed": {"", "gold"}, "infimed": {""}, "medmo": {"gold"}, "openmedq": {"gold"}, "qoqmed": {"rl_only"}}
    assert reasons == expected[name]


@pytest.mark.slow
def test_a_direct_answer_bears_octomed_s_words_beside_traces_of_teachers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = rows(built("octomed", tmp_path, monkeypatch), "sft")
    direct = [row for row in kept if row["source"] in ("vqa_rad", "slake")]
    assert direct
    assert all(row["problem"].endswith("Answer in a short word or phrase.") and not row["teacher"] for row in direct)
    assert all(row["response"] == row["answer"] for row in direct)
    reasoned = [row for row in kept if row["teacher"]]
    assert {row["teacher"] for row in reasoned} <= {"r1", "gpt4o"}
    assert all("<think>" in row["response"] for row in reasoned)


@pytest.mark.slow
def test_qoqmed_publishes_ecgs_with_their_leads_and_nine_domains_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rows(built("qoqmed", tmp_path, monkeypatch), "rl")
    assert {row["domain"] for row in asked} == {
        "ecg",
        "chest_xray",
        "mammography",
        "dermatology",
        "ultrasound",
        "mri",
        "pathology",
        "fundus",
        "ct",
    }
    ecg = [row for row in asked if row["domain"] == "ecg"]
    assert {(len(row["time_series"]), len(row["time_series"][0]), len(row["images"])) for row in ecg} == {(8, 2500, 1)}
    assert all(row["time_series"] == [] for row in asked if row["domain"] != "ecg")
    assert all(row["weight"] > 0 for row in asked)


@pytest.mark.slow
def test_medmo_tells_boxes_in_the_pixels_that_it_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [row for row in rows(built("medmo", tmp_path, monkeypatch), "sft") if row["source"] == "nih_boxes"]
    assert kept
    for row in kept:
        gold = json.loads(row["grading_json"])
        assert (gold["width"], gold["height"]) == (1024, 1024)
        assert row["response"].startswith(("Atelectasis <box>[[", "Infiltration <box>[["))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_recipe_plans_without_data(name: str) -> None:
    plan = plan_declared(open_manifest(MANIFESTS / f"{name}.toml"))
    assert all(source.rows for source in plan.sources)
    assert all(source.answers for source in plan.sources)
    assert all(teacher.usd is not None and teacher.requests for teacher in plan.teachers)


def test_medmo_s_and_qoqmed_s_stages_are_planned_apart() -> None:
    stages = {stage.name: stage for stage in plan_declared(open_manifest(MANIFESTS / "medmo.toml")).stages}
    assert {name: stage.max_pixels for name, stage in stages.items()} == {
        "general": 768 * 768,
        "grounding": 1280 * 1280,
        "instruction": 768 * 768,
        "rl": 1280 * 1280,
    }
    assert stages["general"].rows == 18_500_000 + 19_654 + 176_948 + 1_793 + 4_919
    ecg, whole = plan_declared(open_manifest(MANIFESTS / "qoqmed.toml")).stages
    assert (ecg.rows, whole.rows > ecg.rows) == (17_418 + 45_152 + 10_344 + 6_877, True)


def test_octomed_s_named_sources_are_a_fifth_of_what_it_publishes() -> None:
    plan = plan_declared(open_manifest(MANIFESTS / "octomed.toml"))
    assert plan.rows == 409_650 + 4_211
    assert {source.name: source.rows for source in plan.sources}["pmc_vqa"] == 176_948
    assert [teacher.requests for teacher in plan.teachers] == [16 * 205_751, 16 * (197_187 + 4_211)]
