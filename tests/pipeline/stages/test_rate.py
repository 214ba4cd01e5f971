"""Rate and thin: which questions go into sft and rl, by how often they are answered right."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.rate import (
    ALL_RIGHT,
    ALL_WRONG,
    NO_BAND,
    NOT_MEASURED,
    RL_ONLY,
    SHARE,
    TOO_EASY,
    TOO_HARD,
    RateRecipe,
    Rule,
    rate,
)
from pipeline.stages.thin import CROWDED, ThinRecipe, thin
from schemas.rated import Rated, Thinned
from schemas.trace import Selected, Trace
from tests.fixtures.stage_rows import chosen, example, selection, sharded, trace

COUNTS = {"none": 0, "few": 2, "half": 4, "most": 6, "all": 8}
BAND = Rule(((0.1, 0.6, 1.0),))


def rated(rule: Rule, counts: dict[str, int] | None = None, *, sft: Rule | None = None, **told: Any) -> dict[str, dict[str, Any]]:
    """What becomes of questions of which so many of eight samples are correct; -1 of which no one was asked."""
    counts = COUNTS if counts is None else counts
    asked = {id: count for id, count in counts.items() if count >= 0}
    table = rate(
        chosen([example(id, **told) for id in counts]),
        Trace.from_rows(trace(id, 0) for id in asked),
        Selected.from_rows(selection(id, 0, "", 8, count) for id, count in asked.items()),
        RateRecipe(("t",), sft or Rule(), rule, rl_only=("only",)),
    )["rated"]
    return {row[Rated.example]: row for row in table.to_pylist()}


def reasons(rows: dict[str, dict[str, Any]], config: str = "rl") -> list[str]:
    return [row[config] for row in rows.values()]


def test_without_a_rule_every_question_goes_in() -> None:
    assert reasons(rated(Rule())) == [""] * 5


def test_a_band_holds_its_bounds_and_tells_on_which_side_the_others_are() -> None:
    assert reasons(rated(Rule(((0.25, 0.75, 1.0),)))) == [TOO_HARD, "", "", "", TOO_EASY]


def test_of_several_bands_the_first_that_fits_counts() -> None:
    assert reasons(rated(Rule(((0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (0.5, 0.9, 1.0))))) == ["", NO_BAND, SHARE, "", TOO_EASY]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_of_a_band_about_its_share_stays_the_same_ones_under_a_larger_share(share: float) -> None:
    counts = {f"{place:032x}": 4 for place in range(1000)}
    stay = {id for id, row in rated(Rule(((0.0, 1.0, share),)), counts).items() if not row[Rated.rl]}
    more = {id for id, row in rated(Rule(((0.0, 1.0, min(1.0, share + 0.3)),)), counts).items() if not row[Rated.rl]}
    assert abs(len(stay) - 1000 * share) < 50
    assert stay <= more


def test_mixed_drops_what_is_all_right_and_all_wrong() -> None:
    assert reasons(rated(Rule(mixed=True))) == [ALL_WRONG, "", "", "", ALL_RIGHT]


def test_what_was_not_measured_goes_unless_it_is_kept_and_no_rule_asks_nothing() -> None:
    assert reasons(rated(BAND, {"x": -1})) == [NOT_MEASURED]
    assert reasons(rated(Rule(((0.1, 0.6, 1.0),), keeps_unmeasured=True), {"x": -1})) == [""]
    assert reasons(rated(Rule(), {"x": -1})) == [""]


@pytest.mark.parametrize("finish", ["too_long", "image_refused"])
def test_a_question_that_the_model_could_not_be_asked_is_not_measured(finish: str) -> None:
    table = rate(
        chosen([example("x")]),
        Trace.from_rows(trace("x", place, finish_reason=finish) for place in range(4)),
        Selected.from_rows(selection("x", place, "no_answer", 4, 0) for place in range(4)),
        RateRecipe(("t",), Rule(), Rule(per_domain=1)),
    )["rated"]
    assert table[Rated.rl].to_pylist() == [NOT_MEASURED]


def test_sources_beside_the_rule_and_questions_that_are_held_out_stay_whole() -> None:
    assert reasons(rated(Rule(mixed=True, besides=("a",)))) == [""] * 5
    assert reasons(rated(Rule(mixed=True), published_split="heldout")) == [""] * 5


def test_sft_and_rl_have_rules_of_their_own_and_some_sources_no_traces() -> None:
    rows = rated(Rule(), sft=Rule(((0.0, 0.6, 1.0),)))
    assert (reasons(rows, "sft"), reasons(rows)) == (["", "", "", TOO_EASY, TOO_EASY], [""] * 5)
    assert reasons(rated(Rule(), source="only"), "sft") == [RL_ONLY] * 5


def test_the_rate_is_that_of_the_first_teacher_that_has_one() -> None:
    told = [("pupil", 8, 1), ("t", 4, 4)]
    for order in (told, told[::-1]):
        table = rate(
            chosen([example("x")]),
            Trace.from_rows(trace("x", place, teacher=name) for place, (name, _, _) in enumerate(order)),
            Selected.from_rows(selection("x", place, "", sampled, correct) for place, (_, sampled, correct) in enumerate(order)),
            RateRecipe(("pupil", "t"), Rule(), Rule()),
        )["rated"]
        assert table[Rated.pass_rate].to_pylist() == [1 / 8]


def thinned(rows: list[tuple[str, str, float | None]], most: int, first: str = "hard") -> dict[str, str]:
    told = [
        {Rated.example: id, Rated.domain: domain, Rated.pass_rate: rate, Rated.sft: "", Rated.rl: "", Rated.ranked: ["rl"]}
        for id, domain, rate in rows
    ]
    made = thin(sharded(Rated.from_rows(told)), ThinRecipe(0, most, "hard", first))["thinned"]
    return dict(zip(made[Thinned.example].to_pylist(), made[Thinned.rl].to_pylist(), strict=True))


@pytest.mark.parametrize(("first", "stay"), [("hard", {"a", "b", "e"}), ("easy", {"c", "b", "e"})])
def test_each_domain_takes_its_number_hardest_or_easiest_first(first: str, stay: set[str]) -> None:
    rows = [("a", "ct", 0.0), ("b", "ct", 0.5), ("c", "ct", 1.0), ("d", "ct", None), ("e", "mri", 0.9)]
    found = thinned(rows, 2, first)
    assert {id for id, reason in found.items() if not reason} == stay
    assert {reason for id, reason in found.items() if id not in stay} == {CROWDED}


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0])), max_size=30), st.integers(1, 5))
def test_nothing_easier_stays_while_a_harder_one_of_its_domain_goes(questions: list[tuple[str, float | None]], most: int) -> None:
    rows = [(f"{place:04x}", domain, rate) for place, (domain, rate) in enumerate(questions)]
    found = thinned(rows, most)
    assert found == thinned(rows, most)
    late = {id: 2.0 if rate is None else rate for id, _, rate in rows}
    for domain in "xyz":
        mine = [id for id, named, _ in rows if named == domain]
        stay, go = [id for id in mine if not found[id]], [id for id in mine if found[id]]
        assert len(stay) == min(most, len(mine))
        assert max((late[id] for id in stay), default=0.0) <= min((late[id] for id in go), default=2.0)
    assert set(thinned([row for row in rows if not found[row[0]]], most).values()) <= {""}
