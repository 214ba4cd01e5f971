"""Pictures in an audit: a copy on the other side of a split or in a benchmark is found whatever its file."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pipeline.benchmark import Item, asked
from pipeline.publish.audit import audit
from pipeline.publish.findings import Check, Status
from tests.fixtures.corpora import MANIFEST, Row, posed, question, write_corpus
from tests.fixtures.pictures import drawn, encoded

BENCHMARK = MANIFEST + '\n[[benchmark]]\nname = "exam"\n'
KEEP = '\n[[overlap]]\nbenchmark = "exam"\nrow = "7"\ndecision = "keep"\nwhy = "Shown in every textbook."\n'
ORIGINAL = encoded(drawn(1), quality=95)
COPIES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": lambda image: image,
    "smaller": lambda image: image.resize((224, 182), Image.Resampling.BICUBIC),
    "cropped": lambda image: image.crop((6, 5, 314, 255)),
    "brighter": lambda image: image.point(lambda shade: min(255, round(shade * 1.15))),
}
OTHERS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "turned": lambda image: image.rotate(180),
    "another of its kind": lambda _: drawn(2),
}


def copied(how: str) -> bytes:
    return encoded((COPIES | OTHERS)[how](drawn(1)), quality=50)


def check_of(name: str, folder: Path, rows: Mapping[str, list[Row]], *, manifest: str = MANIFEST, held: bytes | None = None) -> Check:
    """A check of a corpus of these rows; `held` is the only picture of the benchmark."""
    out = write_corpus(folder / "tiny", folder / "store", rows, manifest_text=manifest)
    upstream = hashlib.sha256(b"as published elsewhere" + (held or b"")).hexdigest()
    items = {"exam": [Item(asked("7", "Which side?"), (upstream,))]}
    theirs = {"benchmarks": lambda: items, "benchmark_images": lambda: [("exam", upstream, held)]} if held else {}
    return next(check for check in audit(out, **theirs).checks if check.name == name)


def split(train: bytes, heldout: bytes) -> dict[str, list[Row]]:
    return {"rl-train": [posed(question("q1", images=[train]))], "rl-heldout": [posed(question("q2", images=[heldout], split="heldout"))]}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_on_the_other_side_of_the_split_is_found(tmp_path: Path, how: str):
    found = check_of("pictures", tmp_path, split(ORIGINAL, copied(how)))
    assert (found.status, found.detail) == (Status.FAILED, "picture in train and heldout (1)")
    assert found.examples == ("picture in train and heldout: q1 in data/rl/train-all.parquet and q2 in data/rl/heldout-all.parquet",)


@pytest.mark.parametrize("how", OTHERS)
def test_another_picture_on_the_other_side_is_none(tmp_path: Path, how: str):
    found = check_of("pictures", tmp_path, split(ORIGINAL, copied(how)))
    assert (found.status, found.detail) == (Status.OK, "2 images")


def test_copies_on_one_side_of_the_split_are_let_be(tmp_path: Path):
    rows = {"rl-train": [posed(question(f"q{place}", images=[copied(how)])) for place, how in enumerate(COPIES)]}
    assert check_of("pictures", tmp_path, rows).status is Status.OK


def test_copies_are_other_pictures_where_the_manifest_says_so_but_for_equal_pixels(tmp_path: Path):
    apart = MANIFEST + '\n[images]\nnear = "none"\n'
    assert check_of("pictures", tmp_path / "near", split(ORIGINAL, copied("cropped")), manifest=apart).status is Status.OK
    packed = [encoded(drawn(1), "PNG", compress_level=level) for level in (1, 9)]
    assert check_of("pictures", tmp_path / "same", split(*packed), manifest=apart).status is Status.FAILED


def test_pictures_made_smaller_were_told_apart_before_that_and_are_only_counted(tmp_path: Path):
    bounded = MANIFEST + "\n[images]\nmax_pixels = 50000\n"
    found = check_of("pictures", tmp_path, split(ORIGINAL, copied("recompressed")), manifest=bounded)
    assert (found.status, found.detail) == (Status.OK, "2 images; alike in train and heldout as they are published (1)")


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_of_a_benchmarks_picture_is_found_whatever_is_asked(tmp_path: Path, how: str):
    rows = {"rl-train": [posed(question("q1", images=[ORIGINAL])), posed(question("q2", images=[copied("mirrored")]))]}
    found = check_of("overlaps", tmp_path, rows, manifest=BENCHMARK, held=copied(how))
    assert (found.status, found.detail) == (Status.FAILED, "image of a benchmark (1)")
    assert found.examples[0].startswith("image of a benchmark: q1 in data/rl/train-all.parquet meets exam 7 (picture, score ")


@pytest.mark.parametrize("how", OTHERS)
def test_another_picture_in_the_benchmark_is_none(tmp_path: Path, how: str):
    rows = {"rl-train": [posed(question("q1", images=[ORIGINAL]))]}
    assert check_of("overlaps", tmp_path, rows, manifest=BENCHMARK, held=copied(how)).status is Status.OK


def test_a_copy_that_the_manifest_keeps_is_counted(tmp_path: Path):
    rows = {"rl-train": [posed(question("q1", images=[ORIGINAL]))]}
    found = check_of("overlaps", tmp_path, rows, manifest=BENCHMARK + KEEP, held=copied("smaller"))
    assert (found.status, found.detail) == (Status.OK, "1 questions; kept by the manifest (1)")


def test_equal_pixels_in_other_files_are_told_as_such(tmp_path: Path):
    packed = [encoded(drawn(1), "PNG", compress_level=level) for level in (1, 9)]
    rows = {"rl-train": [posed(question("q1", images=packed[:1]))]}
    found = check_of("overlaps", tmp_path, rows, manifest=BENCHMARK, held=packed[1])
    assert "meets exam 7 (pixels, score 1.00)" in found.examples[0]


def test_without_the_benchmarks_files_nothing_is_said_of_its_pictures(tmp_path: Path):
    rows = {"rl-train": [posed(question("q1", images=[ORIGINAL]))]}
    found = check_of("overlaps", tmp_path, rows, manifest=BENCHMARK)
    assert (found.status, found.detail) == (Status.NOT_CHECKED, "the files of exam are not here")


@pytest.mark.parametrize("damaged", [b"no image", ORIGINAL[: len(ORIGINAL) // 2]])
def test_an_image_that_does_not_decode_is_alike_to_none(tmp_path: Path, damaged: bytes):
    assert check_of("pictures", tmp_path, split(ORIGINAL, damaged)).status is Status.OK
