"""Pictures in a build: copies are one picture across sources, splits and benchmarks, and a new one re-asks nothing."""

import base64
import hashlib
import importlib.util
import json
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs.audit import audit as audit_files
from pipeline.images.burned import burned_lines
from pipeline.publish.audit import audit
from tests.fixtures.identified import FILES, NEEDS, identified, tells
from tests.fixtures.local_build import Project, call, contents, ran
from tests.fixtures.pictures import drawn, encoded, lettered_png

TABLE = """
[[{role}]]
name = "{name}"
kind = "table"
path = "{name}.jsonl"
question = "q"
gold = {{ column = "a", as = "text" }}
images = "image"
license = "CC0-1.0"
"""
COPIES = {
    "as it is": lambda image: encoded(image, quality=95),
    "worse": lambda image: encoded(image, quality=40),
    "smaller": lambda image: encoded(image.resize((210, 170), Image.Resampling.BICUBIC)),
    "cropped": lambda image: encoded(image.crop((8, 6, 312, 254))),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def write(project: Project, rows: dict[str, list[tuple[str, str, bytes]]], *, benchmark: str = "", more: str = "") -> None:
    """A manifest without a teacher over rows of question, answer and picture."""
    text = 'name = "small"\nteacher = "none"\n'
    for name, told in rows.items():
        lines: list[dict[str, Any]] = []
        for place, (question, answer, data) in enumerate(told):
            (project.folder / f"{name}{place}.img").write_bytes(data)
            lines.append({"q": question, "a": answer, "image": f"{name}{place}.img"})
        (project.folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        text += TABLE.format(name=name, role="benchmark" if name == benchmark else "source")
    project.manifest.write_text(text + more)


def published(project: Project, split: str = "train") -> list[dict[str, Any]]:
    return [row for path in sorted(project.out.glob(f"data/rl/{split}-*.parquet")) for row in pq.read_table(path).to_pylist()]


def tally(project: Project, stage: str) -> dict[str, int]:
    lock = json.loads((project.out / "lock.json").read_text())
    counts: Counter[str] = Counter()
    for where, _, reason, count in lock["tallies"]:
        counts.update({reason: count} if where == stage else {})
    return dict(counts)


def test_a_copy_of_a_picture_with_the_same_question_is_a_duplicate_and_with_another_stays(project: Project) -> None:
    copies = [copy(drawn(1)) for copy in COPIES.values()]
    write(project, {"one": [("What is it?", "liver", copies[0])], "two": [("What is it?", "liver", data) for data in copies[1:]]})
    assert project.build().errors == []
    assert [row["source"] for row in published(project)] == ["one"]
    assert tally(project, "choose") == {"chosen": 1, "duplicate question": 3}
    write(
        project, {"one": [("What is it?", "liver", copies[0])], "two": [(f"Where is {n}?", "left", data) for n, data in enumerate(copies)]}
    )
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": 5}


def test_other_golds_for_copies_of_a_picture_are_reported(project: Project) -> None:
    one, two = COPIES["as it is"](drawn(1)), COPIES["cropped"](drawn(1))
    write(project, {"one": [("What is it?", "liver", one), ("And this?", "lung", one)], "two": [("What is it?", "spleen", two)]})
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": 1, "contradicting gold": 2}


@pytest.mark.parametrize("copy", COPIES)
def test_a_benchmarks_picture_is_left_out_whatever_is_asked_about_it(project: Project, copy: str) -> None:
    ours = [("What is it?", "liver", COPIES[copy](drawn(1))), ("What is that?", "lung", encoded(drawn(2)))]
    write(project, {"one": ours, "bench": [("Which organ?", "liver", encoded(drawn(1)))]}, benchmark="bench")
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": 1, "in benchmark": 1}


def test_near_none_takes_copies_for_other_pictures(project: Project) -> None:
    ours = [("What is it?", "liver", COPIES["worse"](drawn(1)))]
    bench = [("Which organ?", "liver", encoded(drawn(1)))]
    write(project, {"one": ours, "bench": bench}, benchmark="bench", more='[images]\nnear = "none"\n')
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": 1}


def test_copies_of_a_picture_are_never_split(project: Project) -> None:
    rows = {
        name: [(f"{name} {number}?", "yes", COPIES[copy](drawn(number, shape=number))) for number in range(8)]
        for name, copy in (("one", "as it is"), ("two", "worse"), ("three", "smaller"))
    }
    write(project, rows, more="[split]\nheldout = 0.4\n")
    assert project.build().errors == []
    train, heldout = (
        {int(row["problem"].split()[1].strip("?\n").split("?")[0]) for row in published(project, split)} for split in ("train", "heldout")
    )
    assert train
    assert heldout
    assert not train & heldout


def test_one_more_picture_reads_no_other_shard_again(project: Project) -> None:
    rows = [(f"Question {number}?", "yes", COPIES["as it is"](drawn(number % 4, shape=number % 4))) for number in range(8)]
    write(project, {"one": rows})
    assert project.build().errors == []
    write(project, {"one": rows, "two": [("Another?", "no", encoded(drawn(9, shape=9)))]})
    built = project.build()
    assert built.errors == []
    assert "ingest[one]" not in ran(built)
    assert ran(built)["join_images"] == 1


def test_large_images_are_published_within_the_bound_under_the_digest_of_their_source(project: Project) -> None:
    large, small = encoded(drawn(1, (420, 360))), encoded(drawn(2, (40, 30), shape=2))
    rows = [("What is it?", "liver", large), ("What is that?", "lung", small)]
    write(project, {"one": rows}, more="[images]\nmax_pixels = 20000\n")
    assert project.build().errors == []
    told = {row["image_digests"][0]: row["images"][0] for row in published(project)}
    sizes = {digest: Image.open(BytesIO(image["bytes"])).size for digest, image in told.items()}
    assert sizes[hashlib.sha256(small).hexdigest()] == (40, 30)
    width, height = sizes[hashlib.sha256(large).hexdigest()]
    assert 19_000 < width * height <= 20_000
    assert all(image["path"].startswith(hashlib.sha256(image["bytes"]).hexdigest()) for image in told.values())
    assert "20,000 pixels" in (project.out / "README.md").read_text()
    assert not audit(project.out, strict=True).failed


@pytest.mark.parametrize("bound", ["", "[images]\nmax_pixels = 20000\n"])
def test_letters_are_painted_over_in_what_teachers_see_and_readers_get(project: Project, bound: str) -> None:
    named, plain = lettered_png(), encoded(drawn(2, (40, 30), shape=2))
    rows = [("What is it?", "liver", named), ("What is that?", "lung", plain)]
    benchmark = [("Whose is it?", "liver", named)]
    keep = '[[overlap]]\nbenchmark = "bench"\ndecision = "keep"\nwhy = "To be seen."\n'
    write(project, {"one": rows, "bench": benchmark}, benchmark="bench", more=f'[privacy]\npictures = "mask"\n{keep}{bound}')
    assert project.build().errors == []
    told = {row["image_digests"][0]: row["images"][0]["bytes"] for row in published(project)}
    assert told[hashlib.sha256(plain).hexdigest()] == plain
    masked = told[hashlib.sha256(named).hexdigest()]
    thumbnails = pq.read_table(project.out / "overlap_images.parquet").to_pylist()
    shown = [masked, *(row["image"]["bytes"] for row in thumbnails)]
    assert len(thumbnails) >= 1
    assert not any(burned_lines(Image.open(BytesIO(data)).convert("L")) for data in shown)
    assert "in 1 of the pictures that were read" in (project.out / "README.md").read_text()
    checks = audit_files(project.out, strict=True, benchmarks={"bench": project.folder / "bench.jsonl"}).checks
    assert [(check.name, check.detail) for check in checks if check.status != "ok"] == []


def test_an_audit_finds_the_benchmarks_picture_in_another_file(project: Project) -> None:
    ours = [("What is it?", "liver", COPIES["worse"](drawn(1))), ("What is that?", "lung", encoded(drawn(2)))]
    keep = '[[overlap]]\nbenchmark = "bench"\nrule = "picture"\ndecision = "keep"\nwhy = "To be found."\n'
    write(project, {"one": ours, "bench": [("Which organ?", "liver", encoded(drawn(1)))]}, benchmark="bench", more=keep)
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": 2}
    checks = {
        check.name: check for check in audit_files(project.out, strict=True, benchmarks={"bench": project.folder / "bench.jsonl"}).checks
    }
    assert {name for name, check in checks.items() if check.status != "ok"} == set()
    assert checks["overlaps"].detail == "2 questions; kept by the manifest (1)"


def findings_of(project: Project) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The findings and thumbnails that the page of the report holds."""
    page = (project.out / "report.html").read_text()
    data = json.loads(page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0])
    return data["findings"], data["thumbnails"]


def test_a_leak_is_shown_beside_the_benchmarks_picture_though_neither_is_published(project: Project) -> None:
    ours = [("What is it?", "liver", COPIES["cropped"](drawn(1))), ("What is that?", "lung", encoded(drawn(2)))]
    write(project, {"one": ours, "bench": [("Which organ?", "liver", encoded(drawn(1)))]}, benchmark="bench")
    assert project.build().errors == []
    (found,), thumbnails = findings_of(project)
    sizes = [Image.open(BytesIO(base64.b64decode(thumbnails[found[side]].partition(",")[2]))).size for side in ("image", "theirImage")]
    assert sizes == [(304, 248), (320, 260)]
    table = pq.read_table(project.out / "overlap_images.parquet").to_pylist()
    told = pq.read_table(project.out / "overlaps.parquet", columns=["image", "benchmark_image"]).to_pylist()
    assert {row["digest"] for row in table} == set(told[0].values())
    assert "side by side" in (project.out / "README.md").read_text()
    checks = {check.name: check.status for check in audit(project.out).checks}
    assert checks["evidence"] == "ok"
    pq.write_table(pq.read_table(project.out / "overlap_images.parquet").slice(1), project.out / "overlap_images.parquet")
    assert {check.name: check.detail for check in audit(project.out).checks}["evidence"].startswith("lock tells of other findings")


def test_a_picture_of_the_same_bytes_is_shown_on_both_sides(project: Project) -> None:
    data = encoded(drawn(1))
    rows = {"one": [("What is it?", "liver", data), ("Left?", "no", encoded(drawn(2, shape=3)))], "bench": [("Organ?", "liver", data)]}
    write(project, rows, benchmark="bench")
    assert project.build().errors == []
    (found,), thumbnails = findings_of(project)
    assert found["image"] == found["theirImage"]
    assert found["image"] in thumbnails


def test_a_rule_that_meets_nothing_is_warned_of(project: Project) -> None:
    ours = [("What is it?", "liver", COPIES["worse"](drawn(1))), ("What is that?", "lung", encoded(drawn(2)))]
    rules = (("picture", "keep"), ("picture", "drop"), ("cases", "drop"))
    more = "".join(f'[[overlap]]\nrule = "{rule}"\ndecision = "{decision}"\nwhy = "w"\n' for rule, decision in rules)
    write(project, {"one": ours, "bench": [("Which organ?", "liver", encoded(drawn(1)))]}, benchmark="bench", more=more)
    said = call(*project.arguments("-q"))
    assert said.code == 0
    told = [line for line in said.err.splitlines() if line.startswith("Warning")]
    assert [line.split(" (")[0] for line in told] == ["Warning: overlap.1 of the manifest", "Warning: overlap.2 of the manifest"]
    assert "`drop` where rule `cases`: w" in told[1]
    card = (project.out / "README.md").read_text()
    assert "- `keep` where rule `picture`: w (1 finding)" in card
    assert card.count("(**meets no finding**)") == 2


def test_damaged_images_are_rows_with_a_reason_and_what_is_left_passes_an_audit(project: Project) -> None:
    whole = {
        "jpeg": encoded(drawn(1).convert("RGB")),
        "progressive": encoded(drawn(2), progressive=True),
        "png": encoded(drawn(3), "PNG"),
        "palette": encoded(drawn(4).convert("RGB").quantize(32), "PNG", transparency=bytes(range(0, 256, 8))),
    }
    ends = {"jpeg": b"\xff\xd9", "progressive": b"\xff\xd9"}
    end = bytes(4) + b"IEND\xaeB`\x82"
    files = dict(whole)
    for name, data in whole.items():
        for tenths in range(0, 10, 2):
            files[f"{name} {tenths}"] = data[: len(data) * tenths // 10]
            files[f"{name} {tenths} ended"] = data[: len(data) * tenths // 10] + ends.get(name, end)
        files[f"{name} without end"] = data[:-2]
    write(project, {"one": [(f"What is {name}?", "liver", data) for name, data in files.items()]})
    assert project.build().errors == []
    asked = {row["problem"].partition("What is ")[2].partition("?")[0] for row in published(project)}
    assert set(whole) <= asked
    counted = tally(project, "ingest") | tally(project, "choose")
    assert counted["chosen"] == len(asked)
    assert counted["chosen"] + counted["broken image"] + counted["image empty"] == len(files)
    assert not [name for name in asked if name.endswith(("0", "without end"))]
    assert not audit(project.out, strict=True).failed


def test_the_manifest_says_which_frame_is_the_picture_of_sources_and_benchmarks(project: Project) -> None:
    film = encoded(drawn(1), "GIF", save_all=True, append_images=[drawn(2, shape=2), drawn(3, shape=3)])
    rows = {"one": [("What is it?", "liver", film), ("Other?", "lung", encoded(drawn(4, shape=4)))]}
    rows["bench"] = [("Which organ?", "liver", encoded(drawn(2, shape=2)))]
    chosen: dict[str, dict[str, int]] = {}
    for frame in ("first", "middle", "refuse"):
        write(project, rows, benchmark="bench", more=f'[images]\nframe = "{frame}"\n')
        assert project.build().errors == []
        chosen[frame] = tally(project, "choose")
    assert chosen["first"] == {"chosen": 2}
    assert chosen["middle"] == {"chosen": 1, "in benchmark": 1}
    assert chosen["refuse"] == {"chosen": 1, "broken image": 1}


def test_any_number_of_workers_publishes_the_same_bytes(project: Project) -> None:
    rows = {
        name: [(f"{name} {number}?", "yes", COPIES[copy](drawn(number, shape=number % 2))) for number in range(3)]
        for name, copy in (("one", "as it is"), ("two", "cropped"))
    }
    write(project, rows, more="[images]\nmax_pixels = 80000\n[split]\nheldout = 0.4\n")
    published: list[dict[str, bytes]] = []
    for workers in (0, 2):
        out = project.folder / f"out{workers}"
        assert project.build(workers, store=project.folder / f"store{workers}", out=out).errors == []
        published.append(contents(out))
    assert published[0] == published[1]


@pytest.mark.parametrize("bound", ["", "[images]\nmax_pixels = 1024\n"])
def test_no_published_file_tells_whose_pictures_they_are(project: Project, bound: str) -> None:
    files = {name: identified(name) for name in FILES if name not in NEEDS or importlib.util.find_spec(NEEDS[name])}
    write(project, {"one": [(f"What is in {name}?", "liver", data) for name, data in files.items()]}, more=bound)
    assert project.build().errors == []
    assert tally(project, "choose") == {"chosen": len(files)}
    assert not [name for name, data in contents(project.out).items() if tells(data)]
    tables = [pq.read_table(path) for path in sorted(project.out.glob("data/*/*.parquet"))]
    assert sum("images" in table.column_names for table in tables) >= 2
    assert not [table for table in tables if tells(repr(table.to_pylist()).encode())]
    assert not any(tells(image["bytes"]) for row in published(project) for image in row["images"])
