"""Gather: one order whatever the order of arrival, each id and each image once."""

import itertools

import pyarrow as pa

from pipeline.stages.gather import GatherRecipe, gather
from schemas.example import Example, Reject
from schemas.image import Image
from tests.fixtures.stage_rows import digest_of, example, examples, image


def made(rows: list[dict[str, object]], images: pa.Table | None = None) -> dict[str, pa.Table]:
    return gather(examples(rows), Image.empty() if images is None else images, GatherRecipe())


def test_rows_come_by_key_and_id_whatever_their_order() -> None:
    rows = [example("3", key=b"\x00" * 16), example("1", key=b"\xff" * 16), example("2", key=b"\x00" * 16)]
    for order in itertools.permutations(rows):
        assert made(list(order))["examples"]["id"].to_pylist() == ["2", "3", "1"]


def test_a_repeated_row_of_a_source_becomes_a_reject() -> None:
    rows = [example("1", row="b"), example("2"), example("1", row="a"), example("1", row="c")]
    tables = made(rows)
    assert sorted(tables["examples"][Example.id].to_pylist()) == ["1", "2"]
    assert "a" in tables["examples"][Example.row].to_pylist()
    rejects = tables["rejects"].to_pylist()
    assert [reject[Reject.row] for reject in rejects] == ["b", "c"]
    assert {reject[Reject.reason] for reject in rejects} == {"repeated row"}
    assert {reject[Reject.detail] for reject in rejects} == {"1"}


def test_every_image_is_there_once_by_digest() -> None:
    twice = pa.concat_tables([Image.from_rows([image("p"), image("q")]), Image.from_rows([image("q"), image("r")])])
    tables = made([example("1", images=[digest_of("p")])], twice)
    assert tables["images"][Image.digest].to_pylist() == sorted(map(digest_of, "pqr"))


def test_every_row_is_counted() -> None:
    rows = [example(str(number % 7), row=str(number)) for number in range(20)]
    tables = made(rows)
    assert tables["examples"].num_rows + tables["rejects"].num_rows == 20


def test_one_row_without_images_is_a_shard() -> None:
    tables = made([example("1")])
    assert [tables[name].num_rows for name in ("examples", "images", "rejects")] == [1, 0, 0]
