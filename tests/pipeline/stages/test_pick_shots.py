import pyarrow as pa

from pipeline.stages.pick_shots import PickShotsRecipe, find_shots, pick_shots
from schemas.example import Chosen
from tests.fixtures.stage_rows import chosen, digest_of, example

ROWS = [example(str(number)) for number in range(20)]


def ids(rows: list[dict[str, object]], recipe: PickShotsRecipe) -> list[str]:
    return find_shots(chosen(rows), recipe)["shots"][Chosen.id].to_pylist()


def test_one_more_than_is_shown_is_picked_whatever_the_order_of_the_rows() -> None:
    recipe = PickShotsRecipe("a", 3)
    assert len(ids(ROWS, recipe)) == 4
    assert ids(ROWS[::-1], recipe) == ids(ROWS, recipe)


def test_the_pick_of_all_shards_is_that_of_all_their_rows() -> None:
    recipe = PickShotsRecipe("a", 3)
    shards = [find_shots(chosen(ROWS[start::3]), recipe)["shots"] for start in range(3)]
    assert pick_shots(pa.concat_tables(shards), recipe)["shots"][Chosen.id].to_pylist() == ids(ROWS, recipe)


def test_what_cannot_be_shown_is_not_picked() -> None:
    unfit = [
        example("21", source="b"),
        example("22", images=[digest_of("p")]),
        example("23", answer=""),
        example("24", answer_type="bbox"),
        example("25") | {Chosen.identifiers: ["name"]},
        example("26") | {Chosen.published_split: "heldout"},
    ]
    assert ids(unfit, PickShotsRecipe("a", 16)) == []
