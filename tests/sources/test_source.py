"""Finding the layout of what lies at a path, and the list of datasets."""

import pickle
from pathlib import Path

import pytest

from schemas.errors import ManifestError, SourceError
from sources import SOURCES, by_name
from sources.source import Source
from tests.fixtures.upstream import write_lines


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_dataset_tells_what_a_reader_needs(source: Source) -> None:
    assert by_name(source.name) is source
    assert source.default_split in source.splits
    assert source.default_split == ("train" if "train" in source.splits else source.splits[0])
    assert set(source.files) <= set(source.splits)
    for fact in (source.title, source.license, source.task, source.modality, source.rows, source.raw_row):
        assert fact
    if source.repo:
        assert source.default_split in source.files
    else:
        assert source.place.startswith(("Put ", "Unpack ", "Clone "))
        assert source.apply.startswith("https://")
    assert source.homepage.startswith("https://")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_dataset_crosses_process_boundaries(source: Source) -> None:
    again = pickle.loads(pickle.dumps(source))
    assert [layout.name for layout in again.layouts] == [layout.name for layout in source.layouts]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_an_empty_folder_fits_no_dataset(source: Source, tmp_path: Path) -> None:
    for split in source.splits:
        with pytest.raises(SourceError, match="where there is nothing; known are"):
            source.parts(tmp_path, split)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_table_of_something_else_fits_no_dataset(source: Source, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "train.jsonl", [{"foo": 1}])
    for at in (path, tmp_path):
        with pytest.raises(SourceError, match=r"train\.jsonl \(columns foo\)"):
            source.layout_for(at, None)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone does not exist\. Name the file or folder"):
        by_name("medqa").parts(tmp_path / "gone", None)


def test_an_unknown_split_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='medqa has no split "dev", only train, validation, test'):
        by_name("medqa").layout_for(tmp_path, "dev")


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ManifestError, match='"medmqca"; the nearest are medmcqa'):
        by_name("medmqca")
