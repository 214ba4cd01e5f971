"""Stand-ins: every dataset has some, in a layout that its source reads whole."""

from pathlib import Path

import pytest

from jobs.standins import write_standin
from schemas.errors import ManifestError, SourceError
from schemas.example import AnswerType
from sources import SOURCES, by_name
from sources.check import check
from tests.fixtures.upstream import rows_of

PAIRS = [(source.name, split) for source in SOURCES for split in source.splits]


@pytest.mark.parametrize(("name", "split"), PAIRS)
def test_a_source_reads_its_stand_in_whole(tmp_path: Path, name: str, split: str) -> None:
    write_standin(name, tmp_path / "set", split, rows=8)
    found = check(by_name(name), tmp_path / "set", split)
    assert found.rows >= 6
    assert found.faults == ()


def test_a_stand_in_of_many_rows_keeps_its_boxes_inside_the_image(tmp_path: Path) -> None:
    write_standin("deeplesion", tmp_path / "set", rows=24)
    found = check(by_name("deeplesion"), tmp_path / "set")
    assert (found.rows, found.faults) == (24, ())


@pytest.mark.parametrize("name", [source.name for source in SOURCES])
def test_rows_of_a_stand_in_are_images_and_golds_of_their_kind(tmp_path: Path, name: str) -> None:
    write_standin(name, tmp_path / "set", rows=8)
    source = by_name(name)
    rows = rows_of(source, tmp_path / "set")
    assert bool(rows[0].images) == (source.modality != "text")
    for row in rows:
        if row.answer_type is AnswerType.MCQ:
            assert 0 <= row.gold["index"] < len(row.options)
        if row.answer_type is AnswerType.LABEL_SET:
            assert set(row.gold["labels"]) <= set(row.gold["vocabulary"])


def test_a_stand_in_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("slake", "bloodmnist", "ptb_xl", "medcalc_bench"):
        held = []
        for copy in ("a", "b"):
            write_standin(name, tmp_path / copy / name, rows=3)
            held.append({file.name: file.read_bytes() for file in (tmp_path / copy / name).rglob("*") if file.is_file()})
        assert held[0].keys() == held[1].keys()
        assert [key for key in held[0] if held[0][key] != held[1][key]] in ([], ["bloodmnist.npz"])


def test_other_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SourceError, match="holds other files already"):
        write_standin("medmcqa", tmp_path)
    with pytest.raises(ManifestError, match='no split "dev"'):
        write_standin("medmcqa", tmp_path / "x", "dev")
