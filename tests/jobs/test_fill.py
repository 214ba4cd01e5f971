"""Pictures that may not be passed on: a corpus without them that says so, and the same corpus once upstream's files put them back."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.publish.audit import audit
from pipeline.publish.corpus import read_corpus
from pipeline.publish.exports.write import export
from pipeline.publish.send.permission import obstacles
from pipeline.training.rows import shards_of
from schemas.errors import TrainingError
from tests.fixtures.corpora import edit_lock, rewrite
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import TEACHER, Project, Said, call, contents, point_to, question
from tests.fixtures.pictures import drawn, encoded

CLOSED = 'license = "CC0-1.0"\n'
SEES = 'sees = ["text", "image"]\n'


def build(folder: Path, *, closed: bool, more: str = "", license: str = "CC0-1.0") -> Project:
    """Four questions with pictures of a source that is closed or not, two of an open one, which shares a picture, and one without."""
    project = Project(folder)
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(encoded(drawn(number), quality=90))
    rows = {
        "shut": [question(number, "shut") | {"image": f"{number // 2}.jpg"} for number in range(4)],
        "free": [
            *(question(number, "free") | {"image": f"{number + 1}.jpg"} for number in range(2)),
            question(2, "free") | {"image": None},
        ],
    }
    project.write(rows, teachers=TEACHER.format(samples=2) + SEES, more=more)
    text = project.manifest.read_text()
    said = f'license = "{license}"\n' + ("publish_images = false\n" if closed else "")
    project.manifest.write_text(text.replace(CLOSED, said, 1))
    return project


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Project]:
    """The same rows in a corpus without the pictures of one source, and in one with all of them."""
    folder = tmp_path_factory.mktemp("fill")
    made = {closed: build(folder / str(closed), closed=closed) for closed in (True, False)}
    with FakeTeacher() as teacher, pytest.MonkeyPatch.context() as patch:
        point_to(patch, teacher.url)
        for project in made.values():
            assert call(*project.arguments()).code == 0
    return made


@pytest.fixture
def corpus(projects: dict[bool, Project], tmp_path: Path) -> Path:
    """The corpus as somebody received it."""
    return Path(shutil.copytree(projects[True].out, tmp_path / "got"))


def rows_of(corpus: Path, config: str) -> list[dict[str, Any]]:
    return [row for path in sorted(corpus.glob(f"data/{config}/*.parquet")) for row in pq.read_table(path).to_pylist()]


def fill(corpus: Path, project: Project, *more: str) -> Said:
    return call("fill", str(corpus), "--source", f"shut={project.folder / 'shut.jsonl'}", "--out", str(corpus.parent / "full"), *more)


def test_the_rows_of_a_closed_source_go_out_whole_but_for_their_pictures(corpus: Path, projects: dict[bool, Project]):
    for config in ("sft", "rl"):
        rows = {row["id"]: row for row in rows_of(corpus, config)}
        for full in rows_of(projects[False].out, config):
            row = rows.pop(full["id"])
            if full["source"] == "shut":
                assert (row["images"], row["withheld_images"]) == ([], [image["path"] for image in full["images"]])
                assert "<image>" not in row["problem"] + row["verl_prompt"][0]["content"]
                assert full["problem"] == "<image>" + row["problem"]
                full |= {name: row[name] for name in ("images", "withheld_images", "problem", "verl_prompt")}
            assert row == full
        assert not rows
    assert any(row["source"] == "free" and row["images"] for row in rows_of(corpus, "rl"))
    shards = b"".join(path.read_bytes() for path in corpus.glob("data/*/*.parquet"))
    pictures = [(projects[True].folder / f"{number}.jpg").read_bytes() for number in range(3)]
    assert [picture in shards for picture in pictures] == [False, True, True]


def test_card_and_audit_say_what_is_withheld(corpus: Path):
    card = (corpus / "README.md").read_text()
    assert "The 2 pictures of 4 questions of `shut` are not passed on" in card
    assert "`medtrace fill CORPUS --source shut=PATH`" in card
    audited = call("audit", str(corpus), "--strict", "--json")
    assert audited.code == 0, audited.out
    checks = {check["name"]: check for check in audited.told["checks"]}
    assert checks["pictures"]["counts"]["withheld pictures, compared with benchmarks by the sha256 of their files alone"] == 2


def test_filled_it_holds_the_values_of_the_corpus_with_all_pictures(corpus: Path, projects: dict[bool, Project]):
    said = fill(corpus, projects[True], "--json")
    assert said.code == 0, said.err
    assert (said.told["images"], said.told["sources"]) == (2, ["shut"])
    full, wanted = corpus.parent / "full", read_corpus(projects[False].out)
    assert [(shard.name, shard.digest) for shard in read_corpus(full).shards] == [(shard.name, shard.digest) for shard in wanted.shards]
    assert "Do not pass this copy on." in (full / "README.md").read_text()
    audited = call("audit", str(full), "--strict")
    assert audited.code == 0, audited.out
    before = contents(full)
    assert fill(corpus, projects[True]).code == 0
    assert contents(full) == before


def test_a_filled_copy_goes_nowhere_unasked(corpus: Path, projects: dict[bool, Project]):
    assert fill(corpus, projects[True]).code == 0
    full = corpus.parent / "full"
    assert obstacles(read_corpus(full), audit(full)) == {"shut": ["its pictures, which are not to be passed on, were put back here"]}


def test_no_model_is_trained_on_questions_whose_pictures_are_withheld(corpus: Path, projects: dict[bool, Project]):
    with pytest.raises(TrainingError, match=r"The pictures of shut are not in .*, and questions about them teach nothing without"):
        shards_of(read_corpus(corpus), "sft", "train")
    assert fill(corpus, projects[True]).code == 0
    assert shards_of(read_corpus(corpus.parent / "full"), "rl", "train")


def test_exports_leave_rows_out_whose_pictures_are_withheld(corpus: Path, tmp_path: Path):
    for name in ("trl", "octomed", "easyr1"):
        done = export(corpus, name, tmp_path / name)
        assert "their pictures are withheld; medtrace fill puts them in" in done.left_out
        for one in done.files:
            table = pq.read_table(tmp_path / name / one.path)
            assert "withheld_images" not in table.column_names
            assert not any("shut" in str(row.get("prompt") or row.get("problem") or row.get("question")) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("source", "path", "told"),
    [
        ("free", "free.jsonl", "withholds pictures only of shut"),
        ("other", "free.jsonl", "withholds pictures only of shut"),
        ("shut", "free.jsonl", "1 of 2 pictures of shut are not in"),
    ],
)
def test_what_cannot_be_filled_is_one_sentence_and_leaves_nothing(
    corpus: Path, projects: dict[bool, Project], source: str, path: str, told: str
):
    place = projects[True].folder / path
    said = call("fill", str(corpus), "--source", f"{source}={place}", "--out", str(corpus.parent / "full"))
    assert told in said.error
    assert sorted(path.name for path in corpus.parent.iterdir()) == ["got"]


def test_a_picture_that_comes_out_in_other_bytes_is_not_taken(corpus: Path, projects: dict[bool, Project]):
    def rename(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["withheld_images"] = [f"{'0' * 64}.jpg" for _ in row["withheld_images"]]

    (name,) = [path.relative_to(corpus).as_posix() for path in corpus.glob("data/rl/*.parquet")]
    rewrite(corpus, name, rename)
    assert "pictures of shut come out in other bytes than the corpus names" in fill(corpus, projects[True]).error


def test_an_audit_finds_a_picture_that_should_not_be_there_and_one_that_should(corpus: Path, projects: dict[bool, Project]):
    assert fill(corpus, projects[True]).code == 0
    edit_lock(corpus.parent / "full", lambda lock: lock.update(filled=[]))
    checks = {check["name"]: check for check in call("audit", str(corpus.parent / "full"), "--json").told["checks"]}
    assert checks["withheld pictures"]["counts"]["a picture of a source whose pictures are withheld"]
    edit_lock(corpus, lambda lock: lock.update(filled=["shut"]))
    checks = {check["name"]: check for check in call("audit", str(corpus), "--json").told["checks"]}
    assert checks["withheld pictures"]["counts"]["a picture withheld of a source that passes them on"]


def test_a_licence_without_changed_copies_lets_rows_out_without_their_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found: dict[bool, dict[str, list[str]]] = {}
    with FakeTeacher() as teacher:
        point_to(monkeypatch, teacher.url)
        for closed in (True, False):
            project = build(tmp_path / str(closed), closed=closed, license="CC-BY-ND-4.0", more='[publish]\nlicense = "by row"\n')
            assert call(*project.arguments()).code == 0
            corpus = read_corpus(project.out)
            found[closed] = obstacles(corpus, audit(project.out))
    assert found == {True: {}, False: {"shut": ["its licence CC-BY-ND-4.0 permits no changed copies"]}}


def test_thumbnails_of_withheld_pictures_are_not_made(tmp_path: Path):
    shown: dict[bool, int] = {}
    for closed in (True, False):
        folder = tmp_path / str(closed)
        project = build(folder, closed=closed)
        (folder / "test.jsonl").write_text(json.dumps(question(9, "test") | {"image": "0.jpg"}) + "\n")
        text = project.manifest.read_text().partition("[[teacher]]")[0].replace('name = "small"', 'name = "small"\nteacher = "none"')
        bench = text[text.index("[[source]]") :].split("[[source]]")[2].replace('"free', '"test')
        project.manifest.write_text(f"{text}\n[[benchmark]]{bench}")
        assert call(*project.arguments()).code == 0
        shown[closed] = pq.read_metadata(project.out / "overlap_images.parquet").num_rows
    assert shown == {True: 0, False: 1}
