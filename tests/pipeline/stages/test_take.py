"""Take: the same questions every time, so many of each benchmark."""

from pipeline.stages.take import TakeRecipe, take
from schemas.evaluation import Taken
from schemas.graph import SHARD
from tests.fixtures.stage_rows import example, examples, sharded


def taken(max_rows: int, *names: str) -> list[bool]:
    rows = [example(f"{place} {name}", source=name[0]) for place, name in zip((3, 1, 2, 5, 4), names, strict=True)]
    return take(sharded(examples(rows), [0, 0, 1, 1, 1]), TakeRecipe(max_rows))["taken"][Taken.taken].to_pylist()


def test_all_are_taken_where_no_number_is_said() -> None:
    assert taken(0, "a", "a", "a", "b", "b") == [True] * 5


def test_the_lowest_ids_of_each_benchmark_are_taken() -> None:
    assert taken(2, "a", "a", "a", "b", "b") == [False, True, True, True, True]
    assert taken(1, "a", "a", "a", "b", "b") == [False, True, False, False, True]


def test_every_example_has_a_row_in_order_with_its_shard() -> None:
    rows = [example(id) for id in "ba"]
    found = take(sharded(examples(rows), [0, 1]), TakeRecipe(1))["taken"]
    assert found[Taken.id].to_pylist() == ["b", "a"]
    assert found[SHARD].to_pylist() == [0, 1]
