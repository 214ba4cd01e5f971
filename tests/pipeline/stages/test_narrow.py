from pipeline.stages.narrow import NarrowRecipe, narrow, place_of
from schemas.example import Chosen
from tests.fixtures.stage_rows import chosen, example


def test_so_many_go_on_as_have_a_place_up_to_the_last_in_the_order_of_the_shard() -> None:
    rows = [example(str(number)) for number in range(20)]
    last = sorted(place_of(row[Chosen.id]) for row in rows)[4]
    kept = narrow(chosen(rows), NarrowRecipe(last))["chosen"][Chosen.id].to_pylist()
    assert len(kept) == 5
    assert kept == [row[Chosen.id] for row in rows if row[Chosen.id] in kept]


def test_places_have_nothing_to_do_with_the_order_of_ids() -> None:
    ids = [f"{number:064x}" for number in range(50)]
    assert sorted(ids, key=place_of) != ids
