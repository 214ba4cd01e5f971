"""Builds on Ray: jobs on a cluster with tokens, lost nodes and killed actors, and the local runner's bytes whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.standins import write_standin
from jobs.standins.files import tarred
from pipeline.images.clean import CLEAN_VERSION
from pipeline.read_source import read_source
from pipeline.stages.ingest import IngestRecipe
from sources import by_name
from sources.files import PART_ROWS
from sources.pictures import PART_IMAGES
from tests.fixtures import object_store
from tests.fixtures.local_build import (
    BOUND_S,
    HEEDING,
    ROOT,
    TABLE,
    Project,
    Said,
    call,
    cli,
    contents,
    end_session,
    logged,
    question,
    questions,
    serving,
    until,
    write_rows,
)
from tests.fixtures.pictures import drawn, encoded
from tests.fixtures.ray_nodes import RAY, Cluster, cluster

pytestmark = [pytest.mark.ray, pytest.mark.skipif(sys.platform != "linux", reason="finds Ray's processes in /proc")]

SOURCES = 4
QUESTIONS = 15
LOG = "log"
PAUSE_S = 0.1


class Site:
    """A cluster whose nodes know a teacher, the teacher's log, and the corpus of the local runner."""

    def __init__(self, nodes: Cluster, log: Path, corpus: dict[str, bytes]) -> None:
        self.nodes = nodes
        self.log = log
        self.corpus = corpus

    def start(self, project: Project, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HEEDING, *on_ray(project), *more]
        environment = self.nodes.driver(**self.endpoint)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    @property
    def endpoint(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": self.nodes.environment["OPENAI_BASE_URL"]}

    def keeper(self) -> int:
        """The actor that asks the teacher."""
        until(lambda: len(self.nodes.processes("ray::_Keeper")) == 1, "one actor")
        return self.nodes.processes("ray::_Keeper")[0]


def on_ray(project: Project) -> list[str]:
    return ["build", str(project.manifest), "--store", str(project.store), "--out", str(project.out), "--runner", "ray"]


def small(folder: Path) -> Project:
    """Questions of several sources, two of them with pictures: copies, one of which is published smaller, and others alike.

    A benchmark, which every shard reads whole, holds one of them as another file.
    """
    project = Project(folder)
    sources = {f"quiz{number}": questions(QUESTIONS, f"quiz{number}") for number in range(SOURCES)}
    copies = [encoded(drawn(1), quality=95), encoded(drawn(1), quality=40), encoded(drawn(1).crop((6, 5, 314, 255)))]
    shown = {
        "quiz0": [*copies[:2], encoded(drawn(2)), encoded(drawn(2).resize((400, 325)))],
        "quiz1": [copies[2], encoded(drawn(3), "PNG")],
    }
    for name, pictures in shown.items():
        for number, row in enumerate(sources[name]):
            row["image"] = f"{name}-{number}.img" if number < len(pictures) else ""
            if row["image"]:
                (folder / row["image"]).write_bytes(pictures[number])
    (folder / "exam.img").write_bytes(encoded(drawn(3).resize((380, 310)), quality=60))
    write_rows(folder / "exam.jsonl", [question(0, "exam") | {"image": "exam.img"}, question(1, "exam") | {"image": ""}])
    exam = TABLE.format(name="exam", path="exam.jsonl").replace("[[source]]", "[[benchmark]]") + 'images = "image"\n'
    project.write(sources, more=f"{exam}[images]\nmax_pixels = 90000\n[split]\nheldout = 0.2\n[budget]\ntokens = 1000000\n")
    return project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    project = small(folder)
    with serving(folder / LOG, pause_s=PAUSE_S) as url:
        said = cli(*project.arguments("--workers", "2"), url=url)
        assert said.code == 0, said.err
        with object_store.serving() as there, cluster(2, OPENAI_BASE_URL=url, **object_store.environment(there)) as nodes:
            yield Site(nodes, folder / LOG, contents(project.out))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return small(tmp_path)


def finish(process: subprocess.Popen[str]) -> Said:
    try:
        out, err = process.communicate(timeout=BOUND_S)
    finally:
        end_session(process)
    return Said(process.returncode, out, err)


def test_a_job_with_a_token_publishes_what_the_local_runner_does(site: Site, project: Project) -> None:
    command = [str(RAY), "job", "submit", "--working-dir", str(ROOT), "--", sys.executable, "-m", "jobs", *on_ray(project), "--json"]
    ended = subprocess.run(
        command, env=site.nodes.driver(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOUND_S, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert contents(project.out) == site.corpus


@pytest.mark.parametrize("option", ["--store", "--out"])
def test_a_relative_folder_is_refused(project: Project, option: str) -> None:
    told = on_ray(project)
    told[told.index(option) + 1] = "folder"
    said = call(*told)
    assert said.code == 2
    assert option in said.error


def test_one_worker_is_enough(site: Site, project: Project) -> None:
    said = finish(site.start(project, "--workers", "1", "--quiet"))
    assert (said.code, said.err) == (0, "")
    assert contents(project.out) == site.corpus
    (leak,) = pq.read_table(project.out / "overlaps.parquet").to_pylist()
    assert (leak["rule"], leak["decision"]) == ("picture", "leak")
    shown = pq.read_table(project.out / "overlap_images.parquet")["digest"].to_pylist()
    assert set(shown) == {leak["image"], leak["benchmark_image"]}


def test_a_killed_actor_asks_for_no_answer_again(site: Site, project: Project) -> None:
    before = logged(site.log)
    process = site.start(project, "--json")
    try:
        until(lambda: len(project.answered()) >= 10, "ten answers", process)
        keeper = site.keeper()
        os.kill(keeper, signal.SIGKILL)
        until(lambda: keeper not in site.nodes.processes("ray::"), "the actor's end")
        kept = project.answered()
    except BaseException:
        end_session(process)
        raise
    said = finish(process)
    assert said.code == 0, said.err
    assert said.told["errors"] == []
    asked = logged(site.log) - before
    assert contents(project.out) == site.corpus
    assert {seed: asked[seed] for seed in kept} == dict.fromkeys(kept, 1)


def test_a_ledger_in_an_object_store_outlives_an_actor_and_serves_another_store(
    site: Site, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (name for name in site.nodes.environment if name.startswith("AWS_")):
        monkeypatch.setenv(name, site.nodes.environment[name])
    told = ["--ledger", f"s3://{object_store.BUCKET}/{tmp_path.name}", "--workers", "2", "--json"]
    before = logged(site.log)
    process = site.start(project, *told)
    try:
        until(lambda: len(project.answered()) >= 10, "ten answers", process)
        os.kill(site.keeper(), signal.SIGKILL)
        kept = project.answered()
    except BaseException:
        end_session(process)
        raise
    said = finish(process)
    assert said.code == 0, said.err
    asked = logged(site.log) - before
    assert contents(project.out) == site.corpus
    assert {seed: asked[seed] for seed in kept} == dict.fromkeys(kept, 1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = small(elsewhere)
    assert cli(*other.arguments(*told[:2]), url=site.endpoint["OPENAI_BASE_URL"]).code == 0
    assert contents(other.out) == site.corpus
    assert logged(site.log) - before == asked


def test_an_interrupted_build_keeps_what_was_paid_leaves_no_actor_and_goes_on(site: Site, project: Project) -> None:
    before = logged(site.log)
    process = site.start(project)
    try:
        until(lambda: len(project.answered()) >= 5, "five answers", process)
        process.send_signal(signal.SIGINT)
    except BaseException:
        end_session(process)
        raise
    said = finish(process)
    assert said.code == 130
    assert said.err.splitlines()[-1].startswith("Stopped.")
    assert "Traceback" not in said.err
    kept, sent = project.answered(), logged(site.log) - before
    assert kept == set(sent)
    until(lambda: not site.nodes.processes("ray::_Keeper"), "the actor's end")
    assert finish(site.start(project)).code == 0
    assert contents(project.out) == site.corpus
    assert set((logged(site.log) - before).values()) == {1}


def _write_sets(folder: Path) -> None:
    """Questions about pictures of one zip and of one tar archive, and a Parquet file of three row groups, of which two make a part."""
    for name in ("pmc_vqa", "pmc_vqa_2"):
        write_standin(name, folder / name, "train", rows=PART_IMAGES + 10)
    (archive,) = (folder / "pmc_vqa_2").rglob("*.zip")
    with zipfile.ZipFile(archive) as zipped:
        tarred(archive.with_suffix(".tar.gz"), {name: zipped.read(name) for name in zipped.namelist()})
    archive.unlink()
    row = {"opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": 0, "subject_name": "Anatomy", "exp": ""}
    table = pa.Table.from_pylist([row | {"id": f"r{place}", "question": f"What is {place}?"} for place in range(PART_ROWS + 50)])
    (folder / "medmcqa" / "data").mkdir(parents=True)
    with pq.ParquetWriter(folder / "medmcqa" / "data" / "train-00000-of-00001.parquet", table.schema) as writer:
        for start, size in ((0, PART_ROWS - 100), (PART_ROWS - 100, 100), (PART_ROWS, 50)):
            writer.write_table(table.slice(start, size), row_group_size=size)


def test_members_of_an_archive_and_row_groups_of_a_file_are_units_of_their_own(site: Site, tmp_path: Path) -> None:
    _write_sets(tmp_path)
    sizes = {"pmc_vqa": [10, PART_IMAGES], "pmc_vqa_2": [10, PART_IMAGES], "medmcqa": [50, PART_ROWS]}
    manifest = tmp_path / "many.toml"
    sources = (f'[[source]]\nname = "{name}"\nsplit = "train"\npath = "{name}"\n' for name in sizes)
    manifest.write_text(f'name = "many"\n{"".join(sources)}', encoding="utf-8")
    command = [sys.executable, "-m", "jobs", "build", str(manifest), "--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    told = ["--until", "partition", "--runner", "ray", "--workers", "2", "--json"]
    environment = site.nodes.driver()
    ended = subprocess.run(
        [*command, *told], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOUND_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    here: list[dict[str, pa.Table]] = []
    for name in sizes:
        source = by_name(name)
        layout, parts = source.fit(tmp_path / name, "train")
        recipe = IngestRecipe(name, name, source.version, layout.name, "train", source.license, CLEAN_VERSION)
        here += [read_source(part, recipe, layout) for part in parts]
    for output in ("examples", "images"):
        units = [pq.read_table(file) for file in (tmp_path / "store").glob(f"ingest*/*.{output}.parquet")]
        assert output == "images" or sorted(map(len, units)) == sorted(chain.from_iterable(sizes.values()))
        assert rows_of(units) == rows_of([tables[output] for tables in here])


def rows_of(units: Sequence[pa.Table]) -> list[str]:
    return sorted(str(row) for unit in units for row in unit.to_pylist())


def test_a_lost_node_changes_nothing(site: Site, project: Project) -> None:
    node = site.nodes.start(2)
    process = site.start(project, "--workers", "4")
    try:
        until(lambda: any(project.store.glob("ingest*/*.parquet")), "a unit's end", process)
        assert process.poll() is None
        site.nodes.lose(node)
    except BaseException:
        end_session(process)
        raise
    said = finish(process)
    assert said.code == 0, said.err
    assert contents(project.out) == site.corpus


def test_a_node_that_does_not_share_the_store_is_named(site: Site, project: Project) -> None:
    apart = ["unshare", "--mount", "--propagation", "private"]
    hide = 'mount -t tmpfs none "$0"'
    project.store.mkdir()
    tried = subprocess.run([*apart, "sh", "-c", hide, str(project.store)], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this account may not mount")
    node = site.nodes.start(1, before=[*apart, "sh", "-c", f'{hide} && exec "$@"', str(project.store)])
    said = finish(site.start(project))
    site.nodes.lose(node)
    assert said.code == 1
    assert f"does not see {project.store} as this one does. Give --store a folder" in said.error


def test_a_node_that_was_lost_just_before_is_left_out(site: Site, project: Project) -> None:
    site.nodes.lose(site.nodes.start(1))
    said = finish(site.start(project))
    assert said.code == 0, said.err
    assert contents(project.out) == site.corpus


def test_a_cluster_that_does_not_answer_gives_one_sentence(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        said = cli(*on_ray(project), url="http://127.0.0.1:9/v1")
    assert said.code == 1
    assert said.error.startswith(f"No Ray cluster answers at {address}: ")
