"""The manifests that ship: they parse, and their data are what they say."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.manifests import make_demo_images
from pipeline.images.clean import clean
from schemas.manifest import Manifest, read_manifest
from sources import by_name
from sources.table import table_source

HERE = Path(make_demo_images.__file__).parent
OPTIONS = ("a", "b", "c", "d")


def manifest(name: str) -> Manifest:
    return read_manifest((HERE / name).read_text(encoding="utf-8"), name)


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (HERE / "demo" / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", sorted(HERE.glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_manifest_parses(path: Path) -> None:
    assert read_manifest(path.read_text(encoding="utf-8"), path.name).source


def test_demo_asks_the_small_teacher_for_four_samples() -> None:
    (teacher,) = manifest("demo.toml").teachers
    assert (teacher.model, teacher.samples, teacher.structure, teacher.sees) == ("smollm2-135m", 4, "think_boxed", ("text",))


def test_student_mini_has_a_student_and_no_teacher() -> None:
    asked = manifest("student-mini.toml")
    assert asked.student is not None
    assert asked.teachers == (asked.student,)
    assert (HERE / (asked.source[0].path or "")).is_file()


def test_first_light_names_known_sources_that_can_be_fetched() -> None:
    asked = manifest("first_light.toml")
    for dataset in (*asked.source, *asked.benchmark):
        source = by_name(dataset.name)
        assert dataset.path is None
        assert source.repo
        assert dataset.split in source.files


def test_demo_sources_read_without_a_fault() -> None:
    read = {}
    for dataset in manifest("demo.toml").source:
        source = table_source(dataset)
        assert dataset.path
        layout = source.layouts[0]
        read[dataset.name] = [row for part in layout.find(HERE / dataset.path, source.default_split) for row in layout.read(part)]
    assert {name: len(found) for name, found in read.items()} == {"demo_questions": 36, "demo_pictures": 8}
    assert [row.fault for found in read.values() for row in found if row.fault] == []
    assert all(len(row.images) == 1 and row.modality == "chart" for row in read["demo_pictures"])


@pytest.mark.parametrize("name", ["questions.jsonl", "pictures.jsonl"])
def test_demo_questions_are_whole_and_differ(name: str) -> None:
    found = rows(name)
    for row in found:
        options = [row[letter] for letter in OPTIONS]
        assert len(set(options)) == 4
        assert all(option.strip() for option in options)
        assert row["key"] in "ABCD"
        assert row["q"].endswith("?")
    assert len({row["q"] for row in found}) == len(found)


def test_demo_questions_cover_specialties_and_letters_evenly() -> None:
    found = rows("questions.jsonl")
    assert len({row["subject"] for row in found}) >= 8
    letters = Counter(row["key"] for row in found)
    assert max(letters.values()) - min(letters.values()) <= 1


def test_demo_pictures_are_what_their_script_draws(tmp_path: Path) -> None:
    drawn = make_demo_images.make(tmp_path)
    assert {f"images/{path.name}" for path in drawn} == {row["image"] for row in rows("pictures.jsonl")}
    for path in drawn:
        shipped = HERE / "demo/images" / path.name
        with Image.open(path) as new, Image.open(shipped) as old:
            assert np.array_equal(np.asarray(new.convert("RGB")), np.asarray(old.convert("RGB"))), path.name
        data = shipped.read_bytes()
        assert len(data) < 20_000
        assert clean(data).bytes == data
