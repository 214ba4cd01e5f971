"""The graph of a manifest: its steps fit together, and only what changes rows is part of them."""

from pathlib import Path

import pytest

from jobs import inputs
from jobs.plan import build_graph
from pipeline.graph import Graph
from tests.fixtures.local_build import Project, questions


def graph_of(project: Project, *, more: str = "", samples: int = 2) -> Graph:
    project.write({"one": questions(2, "one"), "two": questions(2, "two")}, more=more, samples=samples)
    asked = inputs.open_manifest(project.manifest)
    items, _ = inputs.resolve(asked, project.folder / "fetched")
    return build_graph(asked.manifest, items)


def fingerprints(graph: Graph) -> dict[str, str]:
    return {step.name: step.fingerprint() for step in graph.steps}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_steps_fit_together_with_one_teacher_with_two_and_with_none(project: Project) -> None:
    graph_of(project).check()
    graph_of(project, more='[[teacher]]\nname = "eyes"\nmodel = "eyes"\nsees = ["image"]\n').check()
    graph_of(project)
    text = project.manifest.read_text()
    head, _, _ = text.partition("[[teacher]]")
    project.manifest.write_text(head.replace('name = "small"', 'name = "small"\nteacher = "none"'))
    asked = inputs.open_manifest(project.manifest)
    graph = build_graph(asked.manifest, inputs.resolve(asked, project.folder / "fetched")[0])
    graph.check()
    assert "sample[none]" in fingerprints(graph)


@pytest.mark.parametrize(
    ("more", "samples", "moved"),
    [
        ("", 3, {"sample[fake]", "select[fake]", "publish"}),
        ('[judge]\npolicy = "eval"\n', 2, {"judge[fake]"}),
        ("[select]\nmax_per_question = 1\n", 2, {"select[fake]"}),
        ("[split]\nheldout = 0.5\n", 2, {"rank"}),
    ],
)
def test_a_key_of_the_manifest_moves_the_steps_it_decides(project: Project, more: str, samples: int, moved: set[str]) -> None:
    before = fingerprints(graph_of(project))
    after = fingerprints(graph_of(project, more=more, samples=samples))
    assert {name for name in before if before[name] != after[name]} == moved


def test_a_graph_until_a_step_has_what_it_needs_and_no_more(project: Project) -> None:
    graph = graph_of(project)
    names = [step.name for step in graph.until("choose").steps]
    assert names[-1] == "choose"
    assert "sample[fake]" not in names
    assert [step.name for step in graph.until("sample").steps][-1] == "sample[fake]"
