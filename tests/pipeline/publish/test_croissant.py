"""Croissant metadata: valid by MLCommons' own library, and enough to read the rows with."""

import json
import logging
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from schemas.corpus import CONFIGS
from schemas.errors import ManifestError
from schemas.manifest import read_manifest
from tests.fixtures.corpora import MANIFEST, rows_of_a_corpus, write_corpus
from tests.fixtures.hostile import hostile_corpus


def opened(corpus: Path) -> Any:
    logging.getLogger("absl").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlcroissant = pytest.importorskip("mlcroissant")
        return mlcroissant.Dataset(jsonld=str(corpus / "croissant.json"))


@pytest.mark.slow
def test_mlcroissant_finds_no_fault_and_reads_the_rows_of_every_config(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    found = opened(corpus)
    assert not found.metadata.ctx.issues.errors
    rows = rows_of_a_corpus()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for config in CONFIGS:
            read = next(iter(islice(found.records(config), 1)))
            told = rows[f"{config}-train"][0]
            assert read[f"{config}/id"] == told["id"].encode()
            assert {name.partition("/")[2] for name in read} == set(CONFIGS[config].columns)
            if config == "sft":
                assert read["sft/images"] == [image["bytes"] for image in told["images"]]
                assert read["sft/prompt"] == [told["prompt"][0]["content"].encode()]


@pytest.mark.slow
def test_hostile_names_leave_the_metadata_valid(tmp_path: Path) -> None:
    assert not opened(hostile_corpus(tmp_path)).metadata.ctx.issues.errors


def test_it_tells_what_the_lock_tells(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    told = json.loads((corpus / "croissant.json").read_text())
    lock = json.loads((corpus / "lock.json").read_text())
    assert told["conformsTo"] == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
    files = {one["@id"]: one["sha256"] for one in told["distribution"] if one["@type"] == "cr:FileObject"}
    assert files == {one["path"]: one["sha256"] for one in lock["shards"]}
    assert told["license"] == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert [one["@id"] for one in told["recordSet"]] == list(lock["counts"])
    assert told["rai:machineAnnotationTools"][0].startswith("r1 (deepseek-r1")
    assert "croissant.json" in [one["path"] for one in lock["files"]]


@pytest.mark.parametrize(
    ("version", "more", "day"),
    [
        ("2026.12.01", "", "2026-12-01"),
        ("1.2", "", None),
        ("1.2", '[publish]\ndate = "2026-11-27"\n', "2026-11-27"),
        ("2026.13.01", "", None),
    ],
)
def test_the_day_of_publication_is_the_manifests_or_the_versions(tmp_path: Path, version: str, more: str, day: str | None) -> None:
    text = MANIFEST.replace('version = "1"', f'version = "{version}"') + more
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=text)
    assert json.loads((corpus / "croissant.json").read_text()).get("datePublished") == day


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"publish\.date: a day as YYYY-MM-DD \(got '2026-02-30'\)"):
        read_manifest(MANIFEST + '[publish]\ndate = "2026-02-30"\n', "m.toml")


def test_the_same_corpus_has_the_same_metadata(tmp_path: Path) -> None:
    first = write_corpus(tmp_path / "one" / "tiny", tmp_path / "store")
    second = write_corpus(tmp_path / "two" / "tiny", tmp_path / "store2")
    assert (first / "croissant.json").read_bytes() == (second / "croissant.json").read_bytes()
