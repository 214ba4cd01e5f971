"""Budgets: a build never pays more than its caps, stops whole, and goes on where they are raised."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jobs.ledgers import join_ledger
from pipeline.models.ledger import Ledger
from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, Said, call, contents, give_up_soon, point_to, questions

PRICE = "price = { input = 1.0, output = 10.0 }\n"
SAMPLES = 4
QUESTIONS = 12


def verbose(prompt: str, seed: int) -> str:
    return "<think>\n" + "because " * (seed % 40 + 5) + "</think>\n\n\\boxed{A}"


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTeacher]:
    give_up_soon(monkeypatch)
    with FakeTeacher(verbose) as server:
        point_to(monkeypatch, server.url)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def write(project: Project, *, teacher: str = "", run: str = "", sources: tuple[str, ...] = ("quiz",)) -> None:
    project.write({name: questions(QUESTIONS, name) for name in sources}, samples=SAMPLES, more=f"{teacher}\n{run}")


def build(project: Project, *more: str) -> Said:
    return call(*project.arguments("--json", *more))


def billed(project: Project) -> tuple[int, int]:
    """Nanodollars and tokens of all answers that were paid."""
    ledger = Ledger(project.store / "ledger")
    try:
        paid = [entry.paid for entry in ledger.entries()]
    finally:
        ledger.close()
    assert all(one is not None for one in paid)
    return sum(one.nanousd for one in paid if one), sum(one.tokens for one in paid if one)


@pytest.mark.parametrize(
    ("teacher_says", "run_says", "named", "usd", "tokens"),
    [
        ("budget_usd = 0.008", "", "raise budget_usd of teacher fake", 0.008, None),
        ("budget_tokens = 2200", "", "raise budget_tokens of teacher fake", None, 2200),
        ("", "[budget]\nusd = 0.008", "raise usd of [budget]", 0.008, None),
        ("", "[budget]\ntokens = 2200", "raise tokens of [budget]", None, 2200),
    ],
)
def test_a_build_stops_before_its_budget_and_goes_on_when_it_is_raised(
    project: Project, teacher: FakeTeacher, teacher_says: str, run_says: str, named: str, usd: float | None, tokens: int | None
) -> None:
    write(project, teacher=PRICE + teacher_says, run=run_says)
    said = build(project)
    assert said.code == 1
    assert named in said.error
    assert f"of {QUESTIONS * SAMPLES} answers of sample[fake]" in said.error
    assert 0 < teacher.asked < QUESTIONS * SAMPLES
    spent = billed(project)
    assert usd is None or spent[0] <= usd * 10**9
    assert tokens is None or spent[1] <= tokens
    again = build(project)
    assert again.code == 1
    assert billed(project)[0] <= (usd or 1) * 10**9
    write(project, teacher=PRICE + "budget_usd = 1", run="[budget]\nusd = 1")
    assert build(project).code == 0
    assert teacher.asked == len(teacher.requests) == QUESTIONS * SAMPLES


def test_the_corpus_is_the_same_whatever_its_budgets_were(project: Project, teacher: FakeTeacher, tmp_path: Path) -> None:
    write(project, teacher=PRICE + "budget_usd = 0.008")
    assert build(project).code == 1
    write(project, teacher=PRICE)
    assert build(project).code == 0
    stopped = contents(project.out)
    other = Project(tmp_path / "other")
    other.folder.mkdir()
    write(other, teacher=PRICE)
    assert build(other).code == 0
    assert contents(other.out) == stopped


def test_machines_with_stores_of_their_own_share_the_budget_of_a_ledger_in_an_object_store(teacher: FakeTeacher, tmp_path: Path) -> None:
    url, cap = f"file://{tmp_path / 'there'}", 2600
    machines = [Project(tmp_path / name) for name in ("one", "two", "late")]
    for machine in machines:
        machine.folder.mkdir()
        write(machine, run=f"[budget]\ntokens = {cap}")
        join_ledger(machine.store, url)
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda machine: machine.build(), machines[:2]))
    assert all("raise tokens of [budget]" in str(error) for one in built for error in one.errors)
    paid = billed(machines[0])[1]
    assert cap / 2 <= paid <= cap
    told = call("ledger", "show", "--store", str(machines[0].store), "--json").told["shares"]
    assert {share["corpus"] for share in told} == {"small"}
    assert sum(share["tokens"] for share in told) == paid
    said = call("ledger", "show", "--store", str(machines[0].store)).out
    assert f"Corpus small: machine {told[0]['machine']} holds $0.00 and {told[0]['tokens']:,} tokens of its budget." in " ".join(
        said.split()
    )
    assert machines[2].build().errors
    assert billed(machines[2])[1] <= cap
    write(machines[2], run="[budget]\ntokens = 1000000")
    asked = teacher.requests.copy()
    assert not machines[2].build().errors
    assert set(asked) <= set(teacher.requests)
    assert len(teacher.requests) == QUESTIONS * SAMPLES


def test_a_source_has_a_budget_of_its_own(project: Project, teacher: FakeTeacher) -> None:
    write(project, teacher=PRICE, sources=("quiz", "exam"))
    text = project.manifest.read_text().replace('name = "exam"', 'name = "exam"\nbudget_usd = 0.005')
    project.manifest.write_text(text)
    said = build(project)
    assert said.code == 1
    assert "raise budget_usd of source exam" in said.error
    ledger = Ledger(project.store / "ledger")
    spent = sum(entry.paid.nanousd for entry in ledger.entries() if entry.paid and entry.paid.source == "exam")
    assert 0 < spent <= 5_000_000


def test_a_budget_in_money_needs_a_price(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(monkeypatch, "https://gateway.example/v1")
    write(project, teacher="budget_usd = 1")
    pytest.importorskip("genai_prices", reason="genai-prices is not installed")
    for said in (call("plan", str(project.manifest), "--store", str(project.store)), build(project)):
        assert said.code == 1
        assert "price = { input = …, output = … }" in said.error


def test_what_was_cut_off_counts_in_full_and_is_told(project: Project, teacher: FakeTeacher) -> None:
    write(project, teacher=PRICE)
    teacher.fail(3, 0, cut=True)
    told = build(project).told
    (lost,) = told["unsettled"]
    assert (lost["corpus"], lost["requests"]) == ("small", 3)
    assert lost["nanousd"] >= 3 * 64 * 10_000
    shown = call("ledger", "show", "--store", str(project.store))
    assert "the answers to 3 requests are not known" in shown.out
    assert call("ledger", "show", "--store", str(project.store), "--json").told["unsettled"] == [lost]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refused_request_costs_nothing(project: Project, teacher: FakeTeacher, status: int) -> None:
    write(project, teacher=PRICE)
    teacher.fail(3, status)
    told = build(project).told
    assert told["unsettled"] == []


def test_an_answer_without_usage_is_booked_at_its_bound(project: Project, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = teacher.completion

    def silent(body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in plain(body).items() if name != "usage"}

    monkeypatch.setattr(teacher, "completion", silent)
    write(project, teacher=PRICE)
    assert build(project).code == 0
    nanousd, tokens = billed(project)
    assert nanousd >= QUESTIONS * SAMPLES * 64 * 10_000
    assert tokens >= QUESTIONS * SAMPLES * 64
    lock = json.loads((project.out / "lock.json").read_text())
    assert lock["costs"]["fake"]["cost_nanousd"] == nanousd
