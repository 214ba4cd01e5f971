"""Find overlaps: pictures before text, with the benchmark's row as evidence."""

from typing import Any

import pyarrow as pa

from pipeline.stages.find_overlaps import OverlapsRecipe, find_overlaps
from schemas.graph import SHARD, Overlap
from tests.fixtures.stage_rows import digest_of, example, examples, hashed, hashes, sharded


def found(
    rows: list[dict[str, Any]], theirs: list[dict[str, Any]], ours: pa.Table | None = None, held: pa.Table | None = None
) -> list[dict[str, Any]]:
    table = find_overlaps(
        sharded(examples(rows)),
        hashes() if ours is None else ours,
        OverlapsRecipe(),
        benchmark=sharded(examples(theirs)),
        benchmark_hashes=hashes() if held is None else held,
    )["overlaps"]
    return table.to_pylist()


def bench(id: str, **told: Any) -> dict[str, Any]:
    return example(id, source="medqa", row=f"test {id}", answer="", gold_json="", **told)


def test_the_same_text_is_an_overlap_with_the_row_as_evidence() -> None:
    (row,) = found([example("1", content="x"), example("2", content="y")], [bench("9", content="z"), bench("8", content="x")])
    assert row == {SHARD: 0, Overlap.id: "1", Overlap.benchmark: "medqa", Overlap.row: "test 8", Overlap.kind: "question"}


def test_the_same_image_is_an_overlap_whatever_is_asked() -> None:
    (row,) = found([example("1", images=[digest_of("q"), digest_of("p")])], [bench("9", images=[digest_of("p")])])
    assert (row[Overlap.kind], row[Overlap.row]) == ("image", "test 9")


def test_the_same_pixels_in_another_file_are_an_overlap() -> None:
    rows, theirs = [example("1", images=[digest_of("p")])], [bench("9", images=[digest_of("q")])]
    (row,) = found(rows, theirs, hashes(hashed("p", "same")), hashes(hashed("q", "same")))
    assert row[Overlap.kind] == "pixels"


def test_broken_images_meet_only_by_their_bytes() -> None:
    rows, theirs = [example("1", images=[digest_of("p")])], [bench("9", images=[digest_of("q")])]
    assert found(rows, theirs, hashes(hashed("p", fault="x")), hashes(hashed("q", fault="x"))) == []


def test_a_short_question_about_another_picture_is_no_overlap() -> None:
    rows = [example("1", content="x", images=[digest_of("p")]), example("2", content="x")]
    assert found(rows, [bench("9", content="x", images=[digest_of("q")])], hashes(hashed("p")), hashes(hashed("q"))) == []


def test_an_example_is_told_once_and_the_first_row_of_the_benchmark_stands() -> None:
    rows = [example("1", images=[digest_of("p"), digest_of("q")])]
    theirs = [bench("7", images=[digest_of("q")]), bench("8", images=[digest_of("p")]), bench("9", images=[digest_of("p")])]
    (row,) = found(rows, theirs)
    assert row[Overlap.row] == "test 8"


def test_without_benchmarks_nothing_overlaps() -> None:
    table = find_overlaps(sharded(examples([example("1")])), hashes(), OverlapsRecipe())["overlaps"]
    assert table.num_rows == 0
    assert found([example("1")], []) == []


def test_shards_are_told() -> None:
    table = find_overlaps(
        sharded(examples([example("1", content="x"), example("2", content="x")]), [3, 5]),
        hashes(),
        OverlapsRecipe(),
        sharded(examples([bench("9", content="x")])),
        hashes(),
    )
    assert table["overlaps"][SHARD].to_pylist() == [3, 5]
