"""A unit: its key is what decides its output, and what goes wrong is told with its name."""

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.stages.gather import GatherRecipe, gather
from pipeline.step import Fan, Needs, Read, Step
from pipeline.store import Ref, Store
from pipeline.work import Piece, Took, Work, do, found
from schemas.contract import Contract
from schemas.errors import SchemaError, StoreError, TeacherError, UnitError
from schemas.example import Example, Reject
from schemas.image import Image
from schemas.picture import NearBenchmarkImage
from tests.fixtures.stage_rows import digest_of, example, image, images
from tests.fixtures.toy_graph import Counted, Letters, Plain, count


class Shown(Contract):
    """Images without what a unit does not read."""

    digest = Image.digest
    bytes = Image.bytes


LETTERS = Letters.from_rows([{"word": "a", "length": 1}, {"word": "bb", "length": 2}])


def put(store: Store, table: pa.Table, key: str = "0") -> Ref:
    return store.put("before", key * 32, "letters", table, [])


def work(pieces: tuple[Piece, ...], fan: Fan = Fan.MAP, shards: int = 1, **changes: Any) -> Work:
    step = Step("spell[x]", 1, fan, same, Plain(), (Read("letters", "before", "letters"),), {"letters": Letters})
    return Work(dataclasses.replace(step, **changes), 0, "01", {"letters": pieces}, shards=shards)


def same(letters: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    return {"letters": letters.select(["word", "length"])}


def test_a_unit_is_found_once_it_is_done(tmp_path: Path) -> None:
    store = Store(tmp_path)
    unit = work((Piece(0, put(store, LETTERS)),))
    assert found(unit, store) is None
    made = do(unit, store)
    assert found(unit, store) == dataclasses.replace(made, took=Took())
    assert store.read(made.outputs["letters"]).equals(LETTERS)


def test_the_key_follows_what_decides_the_output(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, two = put(store, LETTERS), put(store, LETTERS[:1], "1")
    key = work((Piece(0, one),)).key
    others = [
        work((Piece(0, two),)),
        work((Piece(0, one), Piece(1, two))),
        work((Piece(1, two), Piece(0, one))),
        work((Piece(0, one, None, 0, 1),)),
        work((Piece(0, one, ("word",)),)),
        work((Piece(0, one),), version=2),
        work((Piece(0, one),), recipe=Plain(salt=1)),
        work((Piece(0, one),), name="sing[x]"),
        work((Piece(0, one),), writes={"letters": Counted}),
        work((Piece(0, one),), parquet={"letters": {"row_group_size": 7}}),
        dataclasses.replace(work((Piece(0, one),)), part_digest="p"),
    ]
    assert len({key, *(other.key for other in others)}) == 1 + len(others)


def test_the_key_ignores_what_does_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store, LETTERS)
    elsewhere = dataclasses.replace(ref, key="f" * 32, step="other")
    key = work((Piece(0, ref),)).key
    assert work((Piece(0, elsewhere),)).key == key
    assert work((Piece(9, ref),)).key == key
    assert work((Piece(9, ref),), fan=Fan.GROUP).key == key
    assert work((Piece(0, ref),), name="spell[y]").key == key
    assert work((Piece(0, ref),), needs=Needs(cpus=4)).key == key
    assert dataclasses.replace(work((Piece(0, ref),)), index=5, label="x").key == key


def test_the_columns_that_a_unit_does_not_read_are_no_part_of_its_key(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, two = put(store, LETTERS), put(store, LETTERS.set_column(1, "length", pa.array([8, 9], pa.int32())), "1")
    assert work((Piece(0, one, ("word",)),)).key == work((Piece(0, two, ("word",)),)).key
    assert work((Piece(0, one),)).key != work((Piece(0, two),)).key


def test_a_reduce_knows_where_each_row_came_from_and_is_cut_by_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    pieces = (Piece(0, put(store, LETTERS)), Piece(2, put(store, LETTERS[:1], "1")))
    unit = work(pieces, Fan.REDUCE, shards=3, run=count, writes={"counts": Counted})
    made = do(unit, store)
    assert [store.read(made.outputs[f"counts-{shard:05d}"])["words"].to_pylist() for shard in range(3)] == [[2], [], [1]]
    assert (
        unit.key
        != work((pieces[0], dataclasses.replace(pieces[1], index=1)), Fan.REDUCE, shards=3, run=count, writes={"counts": Counted}).key
    )
    store.path("spell", unit.key, "counts-00001").unlink()
    assert found(unit, store) is None


def refused(letters: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    raise TeacherError("The endpoint is dead.")


def broken(letters: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    raise IndexError("list index out of range")


def starved(letters: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    raise MemoryError


def misshapen(letters: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    return {"letters": pa.table({"word": ["x"], "size": [1]})}


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (refused, TeacherError, "^The endpoint is dead.$"),
        (broken, UnitError, r"^spell\[x\] 01 failed: IndexError: list index out of range"),
        (starved, MemoryError, "^$"),
        (misshapen, SchemaError, r"spell\[x\] 01.*length is missing.*size is not in the contract"),
    ],
)
def test_what_goes_wrong_is_told_and_leaves_nothing(tmp_path: Path, run: Any, error: type[Exception], words: str) -> None:
    store = Store(tmp_path)
    unit = work((Piece(0, put(store, LETTERS)),), run=run)
    with pytest.raises(error, match=words):
        do(unit, store)
    assert found(unit, store) is None
    assert not (tmp_path / "spell").exists()


def test_an_input_that_is_gone_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store, LETTERS)
    store.path(ref.step, ref.key, ref.output).unlink()
    with pytest.raises(StoreError, match="build again"):
        do(work((Piece(0, ref),)), store)


def told_of(images: pa.Table, near: pa.Table, recipe: Plain) -> dict[str, pa.Table]:
    return {"images": images}


def test_of_images_that_another_read_names_the_others_stay_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    table = images(*(image(name) for name in "pqrs"))
    held = store.put("ingest", "0" * 32, "images", table, [], {"row_group_size": 1})
    columns = (Image.digest, Image.bytes)

    def read(*names: str) -> pa.Table:
        near = NearBenchmarkImage.from_rows({"digest": digest_of(name)} for name in names)
        named = store.put("near", digest_of("".join(names))[:32], "near", near, [])
        reads = (Read("images", "ingest", "images", columns, named_by="near"), Read("near", "near", "near"))
        step = Step("show", 1, Fan.MAP, told_of, Plain(), reads, {"images": Shown})
        pieces = {"images": (Piece(0, held, columns),), "near": (Piece(0, named),)}
        return store.read(do(Work(step, 0, "0", pieces), store).outputs["images"])

    assert read("q", "s", "x").equals(table.select(columns).filter(pc.is_in(table["digest"], pa.array([digest_of("q"), digest_of("s")]))))
    monkeypatch.setattr(store, "read_rows", lambda *_: pytest.fail("no image is named"))
    assert read("x").num_rows == 0


def gathering(pieces: dict[str, tuple[Piece, ...]]) -> Work:
    writes = {"examples": Example, "images": Image, "rejects": Reject}
    return Work(Step("gather", 1, Fan.GATHER, gather, GatherRecipe(), (), writes), 0, "0", pieces, shards=1)


def test_a_gathered_shard_has_its_ranges_and_every_image_they_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    d = {name: digest_of(name) for name in "pqrs"}
    first = Example.from_rows(
        sorted(
            (example(id, images=named) for id, named in (("1", [d["p"]]), ("2", []), ("3", [d["q"], d["r"]]))), key=lambda row: row["key"]
        )
    )
    second = Example.from_rows([example("4", source="b", images=[d["p"]])])
    refs = [store.put("ingest", key * 32, "examples", table, [], {"row_group_size": 1}) for key, table in (("0", first), ("1", second))]
    tables = (images(*(image(name) for name in "pqrs")), images(image("p")))
    held = [store.put("ingest", key * 32, "images", table, [], {"row_group_size": 1}) for key, table in zip("01", tables, strict=True)]

    def shard(*ranges: tuple[int, int, int]) -> dict[str, pa.Table]:
        unit = gathering(
            {
                "examples": tuple(Piece(place, refs[place], None, start, stop) for place, start, stop in ranges),
                "images": tuple(Piece(place, held[place]) for place in dict.fromkeys(place for place, _, _ in ranges)),
            }
        )
        made = do(unit, store)
        return {name: store.read(ref) for name, ref in made.outputs.items()}

    everything = shard((0, 0, 3), (1, 0, 1))
    assert sorted(everything["examples"]["id"].to_pylist()) == ["1", "2", "3", "4"]
    assert everything["images"]["digest"].to_pylist() == sorted(d[name] for name in "pqr")
    for place, id in enumerate(first["id"].to_pylist()):
        made = shard((0, place, place + 1))
        assert made["examples"]["id"].to_pylist() == [id]
        assert made["images"]["digest"].to_pylist() == sorted(set(first["images"][place].as_py()))
        assert made["images"]["bytes"].to_pylist() == [
            tables[0].to_pylist()[tables[0]["digest"].to_pylist().index(digest)]["bytes"] for digest in made["images"]["digest"].to_pylist()
        ]
    assert shard((1, 0, 1))["images"]["digest"].to_pylist() == [d["p"]]
