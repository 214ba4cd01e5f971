from pathlib import Path

import pytest

from pipeline.publish.corpus import read_corpus
from schemas.errors import CorpusError
from tests.fixtures.corpora import detach, edit_lock, write_corpus


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture
def corpus(built: Path, tmp_path: Path) -> Path:
    return detach(built, tmp_path / "tiny")


def test_rows_come_by_config_and_split_with_the_columns_asked_for(corpus: Path):
    read = read_corpus(corpus)
    found = [(shard.split, table.to_pylist()) for shard, table in read.read("rl", ["id"])]
    assert found == [("train", [{"id": "q1"}, {"id": "q3"}]), ("heldout", [{"id": "q2"}, {"id": "q4"}])]
    assert [shard.name for shard in read.of("sft", "heldout")] == ["data/sft/heldout-all.parquet"]
    assert read.manifest.name == "tiny"


def test_a_shard_that_is_gone_is_named(corpus: Path):
    (corpus / "data/rl/train-all.parquet").unlink()
    with pytest.raises(CorpusError, match=r"rl/train-all\.parquet cannot be read"):
        list(read_corpus(corpus).read("rl"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: (path / "lock.json").unlink(), "it has no lock.json"),
        (lambda path: (path / "lock.json").write_text("{"), "cannot be read"),
        (lambda path: (path / "lock.json").write_text("[]"), "has the format None"),
        (lambda path: (path / "manifest.toml").unlink(), r"manifest\.toml cannot be read"),
        (lambda path: (path / "manifest.toml").write_text("name = 3"), r"manifest\.toml cannot be read"),
        (lambda path: edit_lock(path, lambda lock: lock.pop("counts")), "counts: Field required"),
        (lambda path: edit_lock(path, lambda lock: lock.update(format="medtrace-corpus/99")), "has the format 'medtrace-corpus/99'"),
        (lambda path: edit_lock(path, lambda lock: lock["shards"][0].update(path="../../x")), "which no corpus holds"),
        (lambda path: edit_lock(path, lambda lock: lock["shards"][0].pop("rows")), "shards.0.rows: Field required"),
        (lambda path: edit_lock(path, lambda lock: lock["datasets"][0].pop("license")), "datasets.0.license: Field required"),
        (lambda path: edit_lock(path, lambda lock: lock["datasets"][0].pop("homepage")), "datasets.0.homepage: Field required"),
        (lambda path: edit_lock(path, lambda lock: lock["datasets"][0]["files"][0].pop("sha256")), "datasets.0.files.0.sha256: Field"),
        (lambda path: edit_lock(path, lambda lock: lock["build"].update(takedown=["x"])), "build.takedown: Input should be"),
        (lambda path: edit_lock(path, lambda lock: lock.update(datasets=5)), "datasets: Input should be a valid list"),
        (lambda path: edit_lock(path, lambda lock: lock.update(policy="any")), "policy: Input should be 'train' or 'eval'"),
        (lambda path: edit_lock(path, lambda lock: lock["counts"]["rl"].update(train=[1])), "counts.rl.train: "),
        (lambda path: edit_lock(path, lambda lock: lock.update(tallies=[["ingest"]])), "tallies.0.1: Field required"),
        (lambda path: edit_lock(path, lambda lock: lock["datasets"][0].update(homepage=None)), "datasets.0.homepage: "),
    ],
)
def test_what_is_no_corpus_is_told_in_a_sentence(corpus: Path, spoil, told: str):
    spoil(corpus)
    with pytest.raises(CorpusError, match=told) as raised:
        read_corpus(corpus)
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(CorpusError, match="is no folder"):
        read_corpus(tmp_path / "nowhere")
