"""The keeper of a budget: no cap is passed whatever dies when, and nothing that is known is counted twice."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import journal
from pipeline.models.accounts import Account, Cap, Caps, Spent
from pipeline.models.budget import Ask, Keeper, Refusal, journal_path, unsettled
from pipeline.models.entry import LedgerEntry, Paid
from pipeline.models.generate import Completion
from pipeline.models.ledger import Ledger
from schemas.errors import LedgerError

ROOT = Path(__file__).parents[3]
CAP = 1000
CAPS = Caps(Cap(CAP, 100_000), {"t": Cap(800)}, {"a": Cap(None, 600)})


class DiedError(BaseException):
    """The process is no more."""


def key_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def ask(number: int, most: int, teacher: str = "t", source: str = "a") -> Ask:
    return Ask(key_of(number), Account(teacher, source), Spent(most, most))


def answer(asked: Ask, id: str, cost: int) -> LedgerEntry:
    return LedgerEntry(asked.key, "m", Completion("B", "stop"), "{}", Paid("c", *asked.account, id, cost, cost))


STEPS = st.tuples(
    st.integers(0, 3),
    st.lists(
        st.tuples(st.integers(1, 300), st.integers(0, 300), st.sampled_from(["t", "u"]), st.sampled_from(["a", "b"])),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["settled", "answered", "lost", "unbilled"]),
    st.sampled_from(["", "", "", "closes", "dies", "dies writing", "dies half-way through writing"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=25))
def test_no_cap_is_passed_by_what_was_sent_whatever_dies_when(steps: list[tuple[int, list[tuple[int, int, str, str]], str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        root = Path(folder) / "ledger"
        keepers: dict[int, Keeper] = {}
        ledger = Ledger(root)
        billed: dict[Account, int] = {}
        number = 0
        for worker, asks, outcome, end in steps:
            keeper = keepers.setdefault(worker, Keeper(root, "c", CAPS))
            asked = [ask(number + place, most, teacher, source) for place, (most, _, teacher, source) in enumerate(asks)]
            number += len(asks)
            patch.setattr(journal, "append", dying(end) if "writing" in end else REAL)
            try:
                given_ids = keeper.reserve(asked)
            except DiedError:
                del keepers[worker]
                continue
            for one, id, (most, cost, _, _) in zip(asked, given_ids, asks, strict=True):
                if isinstance(id, str):
                    paid = 0 if outcome == "unbilled" else min(cost, most)
                    billed[one.account] = billed.get(one.account, 0) + paid
                    if outcome in ("settled", "answered"):
                        ledger.put([answer(one, id, paid)])
                    if outcome in ("settled", "unbilled"):
                        keeper.settle({id: Spent(paid, paid)})
            assert sum(billed.values()) <= CAP
            assert sum(cost for account, cost in billed.items() if account.teacher == "t") <= 800
            assert sum(cost for account, cost in billed.items() if account.source == "a") <= 600
            if end:
                patch.setattr(journal, "append", REAL)
                if end == "closes":
                    keeper.close()
                del keepers[worker]
        patch.setattr(journal, "append", REAL)
        for keeper in keepers.values():
            keeper.close()
        known = Keeper(root, "c", CAPS).spent()
        assert sum(billed.values()) <= known.of(Account("")).nanousd <= CAP
        journal_path(root, "c").unlink(missing_ok=True)
        held = [entry.paid.nanousd for entry in ledger.entries() if entry.paid]
        assert Keeper(root, "c", CAPS).spent().of(Account("")).nanousd == sum(held)
        ledger.close()


REAL = journal.append


def dying(how: str, after: int = 0):
    """Writes to a journal that end a process, after so many that do not."""
    left = after

    def append(fd: int, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            return REAL(fd, data)
        REAL(fd, data[: len(data) // 2] if "half" in how else data)
        raise DiedError

    return append


def test_what_is_in_flight_counts_in_full_and_what_it_cost_makes_room_again(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, "c", CAPS)
    (first,) = keeper.reserve([ask(1, 500)])
    (refused,) = keeper.reserve([ask(2, 400)])
    assert isinstance(refused, Refusal)
    assert (refused.whose, refused.unit, refused.spent) == ("teacher t", "usd", "$0.000000500 of $0.000000800")
    assert isinstance(first, str)
    keeper.settle({first: Spent(100, 100)})
    assert isinstance(keeper.reserve([ask(2, 400)])[0], str)


def test_a_small_request_still_goes_where_a_large_one_does_not(tmp_path: Path) -> None:
    given_ids = Keeper(tmp_path, "c", CAPS).reserve([ask(1, 700, "t", "b"), ask(2, 200), ask(3, 100)])
    assert [isinstance(id, str) for id in given_ids] == [True, False, True]


def test_every_process_sees_what_others_reserved_at_once(tmp_path: Path) -> None:
    one, other = Keeper(tmp_path, "c", CAPS), Keeper(tmp_path, "c", CAPS)
    assert isinstance(one.reserve([ask(1, 500)])[0], str)
    assert isinstance(other.reserve([ask(2, 400)])[0], Refusal)
    assert isinstance(Keeper(tmp_path, "another corpus", CAPS).reserve([ask(2, 400)])[0], str)


def test_what_a_dead_process_was_answered_is_settled_from_the_ledger_and_the_rest_is_unsettled(tmp_path: Path) -> None:
    dead = Keeper(tmp_path, "c", CAPS)
    asks = [ask(1, 200), ask(2, 150)]
    ids = [id for id in dead.reserve(asks) if isinstance(id, str)]
    ledger = Ledger(tmp_path)
    ledger.put([answer(asks[0], ids[0], 20)])
    ledger.close()
    assert unsettled(tmp_path) == {"c": [Spent(150, 150)]}
    assert Keeper(tmp_path, "c", CAPS).spent().of(Account("")) == Spent(170, 170)
    assert unsettled(tmp_path) == {"c": [Spent(150, 150)]}


def test_a_journal_grown_large_is_rewritten_with_its_sums_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.models.budget._COMPACT_BYTES", 4096)
    caps = Caps(Cap(10**9))
    one = Keeper(tmp_path, "c", caps)
    for number in range(100):
        (id,) = one.reserve([ask(number, 10)])
        assert isinstance(id, str)
        one.settle({id: Spent(3, 7)})
    (open_id,) = one.reserve([ask(1000, 50)])
    size = journal_path(tmp_path, "c").stat().st_size
    other = Keeper(tmp_path, "c", caps)
    assert other.spent().of(Account("t")) == Spent(350, 750)
    assert journal_path(tmp_path, "c").stat().st_size < size / 10
    assert isinstance(open_id, str)
    one.settle({open_id: Spent(5, 5)})
    one.close()
    assert other.spent().of(Account("t")) == Spent(305, 705)


def test_a_journal_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "budget").write_text("in the way")
    with pytest.raises(LedgerError, match="nothing is sent without it"):
        Keeper(tmp_path, "c", CAPS).reserve([ask(1, 1)])


WORKER = """
import os, random, sys
from pathlib import Path
from pipeline.models.budget import Keeper, Refusal
from pipeline.models.ledger import Ledger
from tests.pipeline.models.test_budget import answer, ask
from pipeline.models.accounts import Cap, Caps
root, bill, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
drawn = random.Random(seed)
keeper, ledger = Keeper(root, "c", Caps(Cap(100_000))), Ledger(root)
fd = os.open(bill, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print("ready", flush=True)
for turn in range(100_000):
    asks = [ask(drawn.getrandbits(60), drawn.randrange(50, 400)) for _ in range(drawn.randrange(1, 8))]
    given = keeper.reserve(asks)
    if all(isinstance(id, Refusal) for id in given):
        break
    for one, id in zip(asks, given):
        if isinstance(id, str):
            cost = drawn.randrange(0, one.bound.nanousd + 1)
            os.write(fd, b"%d\\n" % cost)
            ledger.put([answer(one, id, cost)])
            keeper.settle({id: one.bound._replace(nanousd=cost, tokens=cost)})
"""


@pytest.mark.slow
def test_four_processes_killed_at_any_moment_never_pass_the_cap(tmp_path: Path) -> None:
    root, bill = tmp_path / "ledger", tmp_path / "bill"
    drawn = random.Random(5)
    started = [start(root, bill, seed) for seed in range(4)]
    for round in range(3):
        wait_until_billed(bill, 15_000 * (round + 1), started)
        for place in drawn.sample(range(4), 2):
            os.kill(started[place].pid, signal.SIGKILL)
            started[place].communicate()
            started[place] = start(root, bill, 10 * (round + 1) + place)
    for process in started:
        process.communicate(timeout=60)
    total = sum(map(int, bill.read_text().split()))
    assert 80_000 < total <= 100_000
    known = Keeper(root, "c", Caps(Cap(100_000))).spent().of(Account("")).nanousd
    lost = unsettled(root).get("c", [])
    assert known - sum(one.nanousd for one in lost) <= total <= known <= 100_000
    assert len(lost) <= 6 * 7


def start(root: Path, bill: Path, seed: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(root), str(bill), str(seed)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def wait_until_billed(bill: Path, amount: int, started: "list[subprocess.Popen[str]]") -> None:
    while sum(map(int, bill.read_text().split()[:-1])) < amount and any(process.poll() is None for process in started):
        time.sleep(0.02)
