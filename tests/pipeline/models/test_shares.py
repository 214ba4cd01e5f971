"""One budget over machines with stores of their own, whose ledger is in an object store: no cap is passed by all of them together."""

import itertools
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import journal, mirror, shares
from pipeline.models.accounts import Account, Cap, Caps, Spent
from pipeline.models.budget import Keeper, Refusal, journal_path
from pipeline.models.ledger import Ledger
from pipeline.models.remote import join
from pipeline.models.shares import Shares, held_at
from schemas.errors import LedgerError
from tests.fixtures import google_store, object_store
from tests.pipeline.models.test_budget import CAP, CAPS, REAL, STEPS, DiedError, answer, ask, dying

MACHINES = 3


@pytest.fixture(scope="module")
def s3() -> Iterator[Mapping[str, str]]:
    with object_store.serving() as url:
        yield object_store.environment(url)


@pytest.fixture(scope="module")
def gs() -> Iterator[Mapping[str, str]]:
    with google_store.serving() as url:
        yield google_store.environment(url)


@pytest.fixture(params=["file", "s3", "gs"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "file":
        return f"file://{tmp_path / 'there'}"
    for name, value in request.getfixturevalue(request.param).items():
        monkeypatch.setenv(name, value)
    return f"{request.param}://{object_store.BUCKET}/{tmp_path.name}"


def machine(root: Path, url: str) -> Path:
    join(root, url)
    return root


def given_to(keeper: Keeper, *asks: object) -> list[bool]:
    return [isinstance(id, str) for id in keeper.reserve([*asks])]  # type: ignore[list-item]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, MACHINES - 1), STEPS, st.sampled_from([*[""] * 6, "lost", "copied"]), st.integers(0, 5)),
        min_size=1,
        max_size=20,
    )
)
def test_no_cap_is_passed_by_all_machines_together_whatever_dies_when(steps: list[tuple[int, tuple, str, int]]) -> None:
    """A process may die at each writing of its journal: before its share is put, after it, and after it was read beside the others'."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirror, "UPLOAD_S", 1000.0)
        patch.setattr(shares, "_PAUSE_S", 0.0)
        url, names = f"file://{folder}/there", itertools.count()
        roots = [machine(Path(folder) / str(next(names)), url) for _ in range(MACHINES)]
        keepers: dict[tuple[int, int], Keeper] = {}
        billed: dict[Account, int] = {}
        number = 0
        for at, (worker, asks, outcome, end), fate, lines in steps:
            asked = [ask(number + place, most, teacher, source) for place, (most, _, teacher, source) in enumerate(asks)]
            number += len(asks)
            keeper = keepers.setdefault((at, worker), Keeper(roots[at], "c", CAPS))
            patch.setattr(journal, "append", dying(end, lines) if "writing" in end else REAL)
            ledger = Ledger(roots[at])
            try:
                ids = keeper.reserve(asked)
            except DiedError:
                ids = [Refusal("", "", "", Spent())] * len(asked)
            patch.setattr(journal, "append", REAL)
            for one, id, (most, cost, _, _) in zip(asked, ids, asks, strict=True):
                if isinstance(id, str):
                    paid = 0 if outcome == "unbilled" else min(cost, most)
                    billed[one.account] = billed.get(one.account, 0) + paid
                    if outcome in ("settled", "answered"):
                        ledger.put([answer(one, id, paid)])
                    if outcome in ("settled", "unbilled"):
                        keeper.settle({id: Spent(paid, paid)})
            ledger.close()
            assert sum(billed.values()) <= CAP
            assert sum(cost for account, cost in billed.items() if account.teacher == "t") <= 800
            assert sum(cost for account, cost in billed.items() if account.source == "a") <= 600
            if end == "closes":
                keeper.close()
            if end or fate:
                keepers = {key: kept for key, kept in keepers.items() if (key[0] != at if fate else key != (at, worker))}
            if fate:
                beside = Path(folder) / str(next(names))
                if fate == "copied":
                    shutil.copytree(roots[at], beside)
                roots[at] = machine(beside, url)
        for keeper in keepers.values():
            keeper.close()
        late = Keeper(machine(Path(folder) / "late", url), "c", CAPS)
        assert given_to(late, ask(number, CAP - sum(billed.values()) + 1, "u", "b")) == [False]


def test_machines_that_reserve_at_once_spend_the_cap_and_no_more(tmp_path: Path, url: str) -> None:
    caps = Caps(Cap(20_000))
    spent: list[int] = []

    def build(name: str) -> Refusal:
        keeper = Keeper(machine(tmp_path / name, url), "c", caps)
        for number in itertools.count():
            ids = keeper.reserve([ask(1000 * number + place, 100) for place in range(4)])
            settled = {id: Spent(30, 30) for id in ids if isinstance(id, str)}
            spent.extend(told.nanousd for told in settled.values())
            keeper.settle(settled)
            refused = [id for id in ids if isinstance(id, Refusal)]
            if refused:
                keeper.close()
                return refused[0]
        raise AssertionError

    with ThreadPoolExecutor(3) as pool:
        refusals = list(pool.map(build, ["one", "two", "three"]))
    assert {refusal.whose for refusal in refusals} == {"the run"}
    # Each stopped when the next request could have passed what all held at that moment.
    assert 20_000 * 0.75 <= sum(spent) <= 20_000
    again = Keeper(machine(tmp_path / "four", url), "c", caps)
    assert given_to(again, ask(1, 20_001 - sum(spent))) == [False]
    assert given_to(again, ask(1, 20_000 - sum(spent))) == [True]


def test_a_share_is_read_whole_while_its_machine_writes_longer_and_shorter_ones(tmp_path: Path, url: str) -> None:
    writer, reader, done = Shares(url, "c"), Shares(url, "c"), threading.Event()
    short = {Account("t"): Spent(1, 1)}
    long = {Account("t", f"source {number}"): Spent(1, 1) for number in range(40)}
    writer.lower(short, lambda line: None)

    def write() -> None:
        for amounts in itertools.cycle([long, short]):
            writer.lower(amounts, lambda line: None)
            if done.is_set():
                return

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            seen: set[int] = set()
            for read in itertools.count():
                seen |= {spent.tokens for spent in reader.by_machine().values()}
                if read >= 150 and len(seen) > 1:
                    break
        finally:
            done.set()
        writing.result()
    assert seen == {1, 40}


def test_what_a_lost_machine_held_stays_spent_and_what_it_gave_back_does_not(tmp_path: Path, url: str) -> None:
    lost, ended = Keeper(machine(tmp_path / "lost", url), "c", CAPS), Keeper(machine(tmp_path / "ended", url), "c", CAPS)
    (id,) = ended.reserve([ask(1, 200, "u", "b")])
    assert isinstance(id, str)
    ended.settle({id: Spent(50, 50)})
    ended.close()
    assert given_to(lost, ask(2, 300, "u", "b")) == [True]
    shutil.rmtree(tmp_path / "lost")
    new = Keeper(machine(tmp_path / "new", url), "c", CAPS)
    assert given_to(new, ask(3, 651, "u", "b")) == [False]
    assert given_to(new, ask(3, 650, "u", "b")) == [True]
    assert sorted(held_at(url)["c"].values()) == [Spent(50, 50), Spent(300, 300), Spent(650, 650)]


def test_answers_in_the_ledger_that_no_machine_holds_count_for_whoever_comes(tmp_path: Path, url: str) -> None:
    first = machine(tmp_path / "first", url)
    keeper, ledger, paid = Keeper(first, "c", CAPS), Ledger(first), ask(1, 400)
    (id,) = keeper.reserve([paid])
    assert isinstance(id, str)
    ledger.put([answer(paid, id, 400), answer(ask(2, 300, "u", "b"), "made-before-1", 300)])
    ledger.close()
    keeper.settle({id: Spent(400, 400)})
    keeper.close()
    journal_path(first, "c").unlink()
    for name in ("first", "second"):
        root = machine(tmp_path / name, url)
        assert given_to(Keeper(root, "c", CAPS), ask(3, 301, "u", "b")) == [False]
    # What was paid before shares were kept is held by both who looked, and so counts twice: never too little.
    assert Keeper(first, "c", CAPS).spent().of(Account("")) == Spent(300, 300)


def test_a_cap_that_was_lowered_holds_for_what_was_held_before(tmp_path: Path, url: str) -> None:
    root, other = machine(tmp_path / "one", url), machine(tmp_path / "two", url)
    assert given_to(Keeper(root, "c", CAPS), ask(1, 300, "u", "b")) == [True]
    assert given_to(Keeper(other, "c", CAPS), ask(2, 300, "u", "b")) == [True]
    assert given_to(Keeper(root, "c", Caps(Cap(650))), ask(3, 60, "u", "b")) == [False]


def test_other_corpora_have_budgets_of_their_own(tmp_path: Path, url: str) -> None:
    assert given_to(Keeper(machine(tmp_path / "one", url), "c", CAPS), ask(1, 500)) == [True]
    assert given_to(Keeper(machine(tmp_path / "two", url), "d", CAPS), ask(2, 500)) == [True]
    assert given_to(Keeper(machine(tmp_path / "two", url), "c", CAPS), ask(2, 500)) == [False]


def test_where_the_object_store_cannot_be_reached_nothing_is_sent(tmp_path: Path) -> None:
    root = machine(tmp_path / "one", f"file://{tmp_path / 'there'}")
    keeper = Keeper(root, "c", CAPS)
    assert given_to(keeper, ask(1, 1)) == [True]
    shutil.rmtree(tmp_path / "there")
    (tmp_path / "there").write_text("in the way")
    with pytest.raises(LedgerError, match=r"What other machines hold of the budget of c cannot be read or written at file://.*/budget: "):
        keeper.reserve([ask(2, 500)])


def test_a_copy_of_a_store_that_goes_on_beside_it_is_another_machine(tmp_path: Path, url: str) -> None:
    one = Keeper(machine(tmp_path / "one", url), "c", CAPS)
    assert given_to(one, ask(1, 200, "u", "b")) == [True]
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    assert given_to(one, ask(2, 200, "u", "b"), ask(3, 100, "u", "b")) == [True, True]
    copy = Keeper(tmp_path / "copy", "c", CAPS)
    assert given_to(copy, ask(4, 400, "u", "b"), ask(5, 300, "u", "b")) == [False, True]
    assert given_to(one, ask(6, 100, "u", "b")) == [False]
