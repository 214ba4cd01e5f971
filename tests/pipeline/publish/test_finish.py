import errno
import hashlib
import json
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from pipeline.publish import finish as finishing
from pipeline.publish.corpus import read_corpus
from pipeline.publish.finish import check_replaceable, is_corpus, portable
from schemas.corpus import Tally
from schemas.errors import StoreError
from schemas.manifest import read_manifest
from tests.fixtures.corpora import MANIFEST, boxed, detach, question, rows_of_a_corpus, stored_shards, traced, write_corpus


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def other_rows():
    return rows_of_a_corpus() | {"sft-heldout": [traced(question("q9", split="heldout"), boxed("A"))]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    return detach(built, tmp_path / "out" / "tiny")


def test_shards_with_rows_lie_under_their_config(out: Path):
    assert sorted(bytes_of(out)) == [
        "README.md",
        "croissant.json",
        "data/rejected/heldout-all.parquet",
        "data/rejected/train-all.parquet",
        "data/rl/heldout-all.parquet",
        "data/rl/train-all.parquet",
        "data/sft/heldout-all.parquet",
        "data/sft/train-all.parquet",
        "data/sft_text/train-all.parquet",
        "lock.json",
        "manifest.toml",
        "report.html",
    ]


def test_shards_are_links_to_the_store(built: Path):
    assert os.path.samefile(built / "data/rl/train-all.parquet", built.parent / "store/publish/all.rl-train.parquet")


def test_shards_are_copied_where_links_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    linked = bytes_of(write_corpus(tmp_path / "linked", tmp_path / "store"))

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "other disk")

    monkeypatch.setattr(os, "link", refuse)
    copied = write_corpus(tmp_path / "copied", tmp_path / "store")
    assert bytes_of(copied) == linked
    assert not os.path.samefile(copied / "data/rl/train-all.parquet", tmp_path / "store/publish/all.rl-train.parquet")


def test_a_rebuild_is_byte_identical_wherever_it_lies(out: Path, tmp_path: Path):
    again = write_corpus(tmp_path / "elsewhere" / "other", tmp_path / "store2")
    assert bytes_of(again) == bytes_of(out)


def test_no_file_holds_a_path_or_a_time(out: Path, built: Path):
    for name, held in bytes_of(out).items():
        assert str(built.parent).encode() not in held, name
        assert b"/somewhere" not in held, name
        assert not re.search(rb"20\d\d-\d\d-\d\dT", held), name


def test_the_lock_names_every_other_file_by_its_sha256(out: Path):
    lock = json.loads((out / "lock.json").read_text())
    told = {one["path"]: (one["sha256"], one["size"]) for one in [*lock["files"], *lock["shards"]]}
    found = {name: (hashlib.sha256(held).hexdigest(), len(held)) for name, held in bytes_of(out).items() if name != "lock.json"}
    assert told == found


def test_the_lock_counts_by_config_split_and_source(out: Path):
    lock = read_corpus(out).lock
    assert {config: {split: held["source"] for split, held in splits.items()} for config, splits in lock["counts"].items()} == {
        "sft": {"train": {"quiz": 2}, "heldout": {"quiz": 1}},
        "sft_text": {"train": {"quiz": 2}},
        "rl": {"train": {"quiz": 2}, "heldout": {"quiz": 2}},
        "rejected": {"train": {"quiz": 1}, "heldout": {"quiz": 1}},
    }
    assert lock["traces"]["kept"]["teacher"] == {"r1": 4}
    assert lock["datasets"][0]["files"] == [{"path": "quiz.jsonl", "sha256": "0" * 64, "size": 12}]
    assert lock["tallies"] == [
        ["choose", "quiz", "chosen", 4],
        ["choose", "quiz", "row cap", 1],
        ["ingest", "quiz", "no gold", 1],
        ["ingest", "quiz", "rows", 6],
        ["select", "quiz", "incorrect", 2],
        ["select", "quiz", "kept", 4],
    ]


def test_a_new_corpus_takes_the_place_of_the_old_one(out: Path, tmp_path: Path):
    write_corpus(out, tmp_path / "store2", other_rows())
    assert read_corpus(out).lock["counts"]["sft"]["heldout"]["modality"] == {"text": 1}
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize("stop", ["render_card", "swap"])
def test_a_crash_leaves_the_old_corpus(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str):
    before = bytes_of(out)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(finishing, stop, crash)
        with pytest.raises(KeyboardInterrupt):
            write_corpus(out, tmp_path / "store2", other_rows())
    assert bytes_of(out) == before
    write_corpus(out, tmp_path / "store2", other_rows())
    assert bytes_of(out) != before
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def test_a_full_disk_is_told_in_a_sentence_and_leaves_the_old_corpus(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = bytes_of(out)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(finishing, "_write", full)
    with pytest.raises(StoreError, match=r"No space left on device\. Make room"):
        write_corpus(out, tmp_path / "store2", other_rows())
    assert bytes_of(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def test_folders_are_swapped_where_the_kernel_cannot_exchange_them(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finishing, "_exchange", lambda *_: False)
    write_corpus(out, tmp_path / "store2", other_rows())
    assert read_corpus(out).lock["counts"]["sft"]["heldout"]["modality"] == {"text": 1}
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def test_a_corpus_that_a_crash_left_aside_comes_back(out: Path, tmp_path: Path):
    before = bytes_of(out)
    out.rename(out.parent / ".tiny.former")
    shards = stored_shards(tmp_path / "store2", rows_of_a_corpus())
    shutil.rmtree(tmp_path / "store2")
    with pytest.raises(StoreError, match=r"is no longer in the store\. Build again"):
        finish_with(out, shards)
    assert bytes_of(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def finish_with(out: Path, shards: list[finishing.Shard]) -> None:
    finishing.finish(out, shards, Tally.empty(), read_manifest(MANIFEST, "m"), MANIFEST, "m", {}, {})


def test_a_folder_that_is_no_corpus_is_refused_and_kept(tmp_path: Path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"thesis is a folder that is no medtrace corpus.* Choose another folder with --out"):
        write_corpus(out, tmp_path / "store")
    (out / "lock.json").write_text('{"format": "npm"}')
    with pytest.raises(StoreError, match="no medtrace corpus"):
        check_replaceable(out, "tiny")
    assert (out / "chapter.txt").read_text() == "years of work"
    assert not is_corpus(out)


def test_a_file_is_refused_and_an_empty_folder_taken(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        check_replaceable(tmp_path / "file", "tiny")
    (tmp_path / "empty").mkdir()
    assert is_corpus(write_corpus(tmp_path / "empty", tmp_path / "store"))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('path = "/home/me/a.jsonl"', 'path = "a.jsonl"  # only the last part of the path is kept'),
        ("path='/home/me/folder/'", "path='folder'  # only the last part of the path is kept"),
        (r'path = "C:\\data\\a.jsonl"', 'path = "a.jsonl"  # only the last part of the path is kept'),
        ('{ name = "a", path = "~/a.csv" }', '{ name = "a", path = "a.csv" }  # only the last part of the path is kept'),
        ('path = "data/a.jsonl"', 'path = "data/a.jsonl"'),
        ('my_path = "/x/y"', 'my_path = "/x/y"'),
        ('# path = "as it was"', '# path = "as it was"'),
        ("# once at /home/me/data/a.csv, then moved", "# once at a.csv, then moved"),
    ],
)
def test_absolute_paths_in_a_manifest_are_cut_to_their_last_part(line: str, shown: str):
    assert portable(line + "\n") == shown + "\n"


def test_the_published_manifest_still_reads_as_the_one_that_was_asked(out: Path):
    published = tomllib.loads((out / "manifest.toml").read_text())
    asked = tomllib.loads(MANIFEST)
    assert published["source"][0].pop("path") == "quiz.jsonl"
    asked["source"][0].pop("path")
    assert published == asked


def test_a_path_in_triple_quotes_is_cut_too() -> None:
    text = "name = 'a'\n[[source]]\nname = 'b'\npath = '''/home/me/b.csv'''\n"
    assert "/home/me" not in portable(text)
    assert "b.csv" in portable(text)


@pytest.mark.parametrize("change", ["other file", "other manifest"])
def test_a_corpus_with_something_else_in_it_is_left_alone(tmp_path: Path, change: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lock = {"format": "medtrace-corpus/1", "name": "tiny", "files": [{"path": "README.md"}], "shards": []}
    (out / "README.md").write_text("card")
    (out / "lock.json").write_text(json.dumps(lock))
    check_replaceable(out, "tiny")
    if change == "other file":
        (out / "cache").mkdir()
        (out / "cache" / "answers").write_text("paid")
    with pytest.raises(StoreError, match="also holds cache/answers" if change == "other file" else "another manifest"):
        check_replaceable(out, "tiny" if change == "other file" else "small")
