"""Rank: reasons in their order, caps that other sources do not move, and held-out groups that stay whole."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.rank import RankRecipe, rank
from schemas.graph import SHARD, Duplicate, Overlap, Rank
from schemas.similar import Similar
from tests.fixtures.stage_rows import digest_of, example, examples, hashed, hashes, overlap, pictured, pictures, sharded, similar

Row = dict[str, Any]


def duplicate(id: str, group: str = "g", kind: str = "question") -> Row:
    return {SHARD: 0, Duplicate.id: id, Duplicate.group: group, Duplicate.kind: kind}


def ranked(
    rows: list[Row],
    *,
    measured: tuple[Row, ...] = (),
    shown: tuple[Row, ...] = (),
    duplicates: tuple[Row, ...] = (),
    overlaps: tuple[Row, ...] = (),
    caps: dict[str, int] | None = None,
    heldout: float = 0.0,
    seed: int = 0,
) -> pa.Table:
    named = {"a": 0} if caps is None else caps
    recipe = RankRecipe(sources=tuple(named), max_rows=tuple(named.values()), heldout=heldout, seed=seed)
    met = sharded(Overlap.from_rows(overlaps)) if overlaps else None
    return rank(sharded(examples(rows)), hashes(*measured), pictures(*shown), Duplicate.from_rows(duplicates), recipe, met)["ranks"]


def reasons(table: pa.Table) -> dict[str, tuple[str, str]]:
    return {row[Rank.id]: (row[Rank.reason], row[Rank.evidence]) for row in table.to_pylist()}


def kept(table: pa.Table) -> list[str]:
    return sorted(id for id, (reason, _) in reasons(table).items() if not reason)


def test_every_row_has_its_rank_in_order_and_in_its_shard() -> None:
    rows = [example("3"), example("1"), example("2")]
    recipe = RankRecipe(sources=("a",), max_rows=(0,))
    table = rank(sharded(examples(rows), [0, 0, 4]), hashes(), pictures(), Duplicate.empty(), recipe)["ranks"]
    assert table[Rank.id].to_pylist() == ["3", "1", "2"]
    assert table[SHARD].to_pylist() == [0, 0, 4]
    assert set(table[Rank.reason].to_pylist()) == {""}
    assert set(table[Rank.published_split].to_pylist()) == {"train"}


def test_reasons_come_in_their_order() -> None:
    picture = {"images": [digest_of("p")]}
    everything: dict[str, Any] = {
        "measured": (hashed("p", fault="truncated"),),
        "overlaps": (overlap("2"),),
        "duplicates": (duplicate("2", kind="contradiction"),),
    }
    rows = [example("1"), example("2", **picture), example("3")]
    assert reasons(ranked(rows, **everything, caps={"a": 1}))["2"] == ("broken image", f"{digest_of('p')[:16]}: truncated")
    del everything["measured"]
    assert reasons(ranked(rows, **everything, caps={"a": 1}))["2"] == ("in benchmark", "bench row 90 (question: exact, score 1.00)")
    del everything["overlaps"]
    assert reasons(ranked(rows, **everything, caps={"a": 1}))["2"] == ("contradicting gold", "g")
    repeats = (duplicate("1"), duplicate("2"))
    assert reasons(ranked(rows, duplicates=repeats, caps={"a": 1}))["2"] == ("duplicate question", "1")
    assert reasons(ranked(rows, caps={"a": 1}))["2"] == ("row cap", "1")


def test_a_finding_that_is_only_reported_drops_nothing_and_the_first_leak_is_the_evidence() -> None:
    met = (
        overlap("1", decision="report"),
        overlap("2", decision="report"),
        overlap("2", kind="image", rule="pixels"),
        overlap("2", rule="near", score=0.9),
    )
    assert reasons(ranked([example("1"), example("2")], overlaps=met)) == {
        "1": ("", ""),
        "2": ("in benchmark", "bench row 90 (image: pixels, score 1.00)"),
    }


def test_the_cap_keeps_the_lowest_ids_and_counts_only_rows_that_could_stay() -> None:
    rows = [example(id) for id in "654321"]
    assert kept(ranked(rows, caps={"a": 2})) == ["1", "2"]
    assert kept(ranked(rows, caps={"a": 2}, overlaps=(overlap("1"),))) == ["2", "3"]
    assert kept(ranked(rows, caps={"a": 2}, duplicates=(duplicate("1"), duplicate("2")))) == ["1", "3"]
    assert kept(ranked(rows, caps={"a": 0})) == list("123456")


def test_the_source_that_is_named_first_keeps_a_duplicate() -> None:
    rows = [example("1", source="b"), example("2", source="a")]
    repeats = (duplicate("1"), duplicate("2"))
    assert reasons(ranked(rows, duplicates=repeats, caps={"a": 0, "b": 0})) == {"1": ("duplicate question", "2"), "2": ("", "")}
    assert reasons(ranked(rows, duplicates=repeats, caps={"b": 0, "a": 0})) == {"1": ("", ""), "2": ("duplicate question", "1")}


def test_a_duplicate_that_the_first_source_did_not_keep_stays_in_the_second() -> None:
    rows = [example("1"), example("5"), example("3", source="b")]
    repeats = (duplicate("5"), duplicate("3"))
    assert reasons(ranked(rows, duplicates=repeats, caps={"a": 1, "b": 0}))["3"] == ("", "")
    assert reasons(ranked(rows, duplicates=repeats, overlaps=(overlap("5"),), caps={"a": 0, "b": 0}))["3"] == ("", "")


def test_one_of_many_duplicates_stays() -> None:
    rows = [example(id, source=source) for id, source in zip("123456", "cbacba", strict=True)]
    assert kept(ranked(rows, duplicates=tuple(duplicate(id) for id in "123456"), caps=dict.fromkeys("abc", 0))) == ["3"]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=14),
    st.lists(st.integers(0, 9), max_size=10),
    st.integers(0, 4),
)
@settings(max_examples=80, deadline=None)
def test_another_source_behind_it_moves_no_row_of_a_source(mine: list[tuple[int, bool]], theirs: list[int], cap: int) -> None:
    ours = [example(f"{place:02d}", group="", content=str(content)) for place, (content, _) in enumerate(mine)]
    others = [example(f"x{place:02d}", source="b", content=str(content)) for place, content in enumerate(theirs)]
    leaks = tuple(overlap(f"{place:02d}") for place, (_, leaked) in enumerate(mine) if leaked)

    def repeats(rows: list[Row]) -> tuple[Row, ...]:
        counts = Counter(row["content"] for row in rows)
        return tuple(duplicate(row["id"], row["content"]) for row in rows if counts[row["content"]] > 1)

    alone = reasons(ranked(ours, duplicates=repeats(ours), overlaps=leaks, caps={"a": cap}))
    for caps in ({"a": cap, "b": 0}, {"a": cap, "b": 2}):
        beside = reasons(ranked(ours + others, duplicates=repeats(ours + others), overlaps=leaks, caps=caps))
        assert {id: found for id, found in beside.items() if id in alone} == alone


@given(st.lists(st.integers(0, 5), min_size=1, max_size=14), st.lists(st.integers(0, 5), max_size=10), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_a_source_before_it_takes_rows_of_a_source_and_gives_none(mine: list[int], theirs: list[int], cap: int) -> None:
    ours = [example(f"{place:02d}", content=str(content)) for place, content in enumerate(mine)]
    others = [example(f"x{place:02d}", source="b", content=str(content)) for place, content in enumerate(theirs)]
    rows = ours + others
    counts = Counter(row["content"] for row in rows)
    repeats = tuple(duplicate(row["id"], row["content"]) for row in rows if counts[row["content"]] > 1)
    alone = kept(ranked(ours, duplicates=tuple(row for row in repeats if not row[Duplicate.id].startswith("x")), caps={"a": cap}))
    beside = [id for id in kept(ranked(rows, duplicates=repeats, caps={"b": 0, "a": cap})) if not id.startswith("x")]
    taken = {row["content"] for row in others}
    assert beside == [id for id in alone if ours[int(id)]["content"] not in taken]


def splits(table: pa.Table) -> dict[str, str]:
    return dict(zip(table[Rank.id].to_pylist(), table[Rank.published_split].to_pylist(), strict=True))


def test_a_patient_and_a_shared_picture_are_never_split() -> None:
    rows = [
        example(
            f"{number:04d}",
            group=f"patient {number % 150}" if number % 3 == 0 else "",
            images=[digest_of(f"p{number % 200}"), digest_of(f"q{number}")] if number % 3 == 1 else [],
        )
        for number in range(900)
    ]
    shown = tuple(pictured(f"p{number}", f"p{number % 100}") for number in range(200))
    found = splits(ranked(rows, shown=shown, heldout=0.3))
    whole: dict[str, set[str]] = {}
    for number, row in enumerate(rows):
        for tie in ([row["group"]] if row["group"] else []) + ([f"picture {number % 100}"] if row["images"] else []):
            whole.setdefault(tie, set()).add(found[row["id"]])
    assert all(len(members) == 1 for members in whole.values())
    assert set(found.values()) == {"train", "heldout"}


def test_a_group_of_another_source_is_another_group() -> None:
    rows = [example(f"{number:03d}", source="ab"[number % 2], group=f"case {number // 2}") for number in range(200)]
    found = splits(ranked(rows, caps={"a": 0, "b": 0}, heldout=0.5))
    assert any(found[f"{number:03d}"] != found[f"{number + 1:03d}"] for number in range(0, 200, 2))


def test_a_chain_of_shared_pictures_is_one_group() -> None:
    rows = [example(f"{number:02d}", images=[digest_of(f"p{number}"), digest_of(f"p{number + 1}")]) for number in range(40)]
    for seed in range(6):
        assert len(set(splits(ranked(rows, heldout=0.5, seed=seed)).values())) == 1


@pytest.mark.parametrize(("share", "size"), [(0.02, 1), (0.2, 1), (0.2, 5)])
def test_about_the_share_is_held_out(share: float, size: int) -> None:
    rows = [example(digest_of(str(number))[:32], group=f"g{number // size}" if size > 1 else "") for number in range(2000)]
    held = sum(split == "heldout" for split in splits(ranked(rows, heldout=share)).values())
    spread = (2000 * share * (1 - share) * size) ** 0.5
    assert abs(held - 2000 * share) < 4 * spread


def test_a_row_more_moves_no_other_row_between_the_splits() -> None:
    rows = [example(f"{number:03d}", group=f"g{number % 60}") for number in range(120)]
    before = splits(ranked(rows, heldout=0.3))
    after = splits(ranked([*rows, example("new")], heldout=0.3))
    assert {id: after[id] for id in before} == before


def test_the_seed_draws_another_split() -> None:
    rows = [example(f"{number:03d}") for number in range(200)]
    assert splits(ranked(rows, heldout=0.3, seed=1)) != splits(ranked(rows, heldout=0.3, seed=2))
    assert splits(ranked(rows, heldout=0.3, seed=1)) == splits(ranked(rows, heldout=0.3, seed=1))


def test_what_is_dropped_ties_nothing_together() -> None:
    rows = [
        example("1", images=[digest_of("p")]),
        example("2", images=[digest_of("q")]),
        example("3", images=[digest_of("p"), digest_of("q")]),
    ]
    alone = [splits(ranked(rows[:2], heldout=0.5, seed=seed)) for seed in range(8)]
    beside = [splits(ranked(rows, heldout=0.5, seed=seed, overlaps=(overlap("3"),))) for seed in range(8)]
    assert alone == [{id: split for id, split in found.items() if id != "3"} for found in beside]


def near(*pairs: tuple[str, str], against: list[str] | None = None) -> pa.Table:
    return Similar.from_rows([similar(id, other, **{Similar.against: against or []}) for id, other in pairs])


def test_of_questions_in_nearly_the_same_words_the_first_stays_where_the_recipe_says_so() -> None:
    rows = [example(id, source=source) for id, source in (("1", "b"), ("2", "a"), ("3", "a"), ("4", "a"))]

    def dropped(found: pa.Table, *, drops: bool) -> dict[str, tuple[str, str]]:
        recipe = RankRecipe(sources=("a", "b"), max_rows=(0, 0), drops_similar=drops)
        table = rank(sharded(examples(rows)), hashes(), pictures(), Duplicate.empty(), recipe, similar=found)["ranks"]
        return {id: why for id, why in reasons(table).items() if why[0]}

    chain = near(("3", "2"), ("4", "3"), ("1", "4"))
    assert dropped(chain, drops=True) == {"3": ("near duplicate", "2"), "1": ("near duplicate", "4")}
    assert dropped(chain, drops=False) == {}
    assert dropped(near(("3", "2"), against=["numbers"]), drops=True) == {}


def test_questions_in_nearly_the_same_words_share_a_split() -> None:
    rows = [example(str(place)) for place in range(40)]
    pairs = [(str(place + 1), str(place)) for place in range(0, 40, 2)]
    recipe = RankRecipe(sources=("a",), max_rows=(0,), heldout=0.4, seed=1)
    table = rank(sharded(examples(rows)), hashes(), pictures(), Duplicate.empty(), recipe, similar=near(*pairs, against=["numbers"]))[
        "ranks"
    ]
    split = dict(zip(table[Rank.id].to_pylist(), table[Rank.published_split].to_pylist(), strict=True))
    assert set(split.values()) == {"train", "heldout"}
    assert all(split[one] == split[two] for one, two in pairs)


def classed(*golds: int, source: str = "a") -> list[Row]:
    return [example(f"{source}{place}", source=source, gold_json=f'{{"index":{gold}}}') for place, gold in enumerate(golds)]


def of_classes(rows: list[Row], recipe: RankRecipe, *duplicates: Row) -> pa.Table:
    return rank(sharded(examples(rows)), hashes(), pictures(), Duplicate.from_rows(duplicates), recipe)["ranks"]


def test_a_class_keeps_its_lowest_ids_and_says_which_class_was_full() -> None:
    recipe = RankRecipe(("a",), (0,), per_class=(2,))
    table = of_classes(classed(0, 0, 0, 1), recipe)
    assert kept(table) == ["a0", "a1", "a3"]
    assert reasons(table)["a2"] == ("class cap", "2 of yellow")


def test_a_repeat_takes_no_place_of_its_class() -> None:
    table = of_classes(classed(0, 0, 0), RankRecipe(("a",), (0,), per_class=(2,)), duplicate("a0"), duplicate("a1"))
    assert kept(table) == ["a0", "a2"]
    assert reasons(table)["a1"] == ("duplicate question", "a0")


def test_balanced_classes_weigh_the_same_and_the_source_as_much_as_before() -> None:
    recipe = RankRecipe(("a", "b"), (0, 0), weights=(3.0, 0.5), balanced=("a",))
    table = of_classes([*classed(0, 0, 0, 1), *classed(1, source="b")], recipe)
    weights = dict(zip(table[Rank.id].to_pylist(), table[Rank.weight].to_pylist(), strict=True))
    assert weights == pytest.approx({"a0": 2.0, "a1": 2.0, "a2": 2.0, "a3": 6.0, "b0": 0.5})
    assert sum(weights[id] for id in ("a0", "a1", "a2", "a3")) == pytest.approx(4 * 3.0)


def test_a_dropped_row_counts_in_no_class() -> None:
    recipe = RankRecipe(("a",), (2,), balanced=("a",))
    table = of_classes(classed(0, 1, 1, 1), recipe)
    assert table[Rank.weight].to_pylist()[:2] == [1.0, 1.0]
