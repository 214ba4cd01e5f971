"""Looking into a ledger: counts, damage and export, without a teacher."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.fixtures.fake_teacher import FakeTeacher
from tests.fixtures.local_build import Project, call, point_to, questions


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = Project(tmp_path)
    project.write({"quiz": questions(3)})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        assert call(*project.arguments()).code == 0
    return project.store


def test_every_answer_is_counted_once(store: Path) -> None:
    held = call("ledger", "show", "--store", str(store), "--json").told["answers"]
    exported = store.parent / "answers.jsonl"
    assert call("ledger", "export", "--store", str(store), "--out", str(exported)).code == 0
    rows = [json.loads(line) for line in exported.read_text().splitlines()]
    assert sum(holding["answers"] for holding in held) == len(rows) == len({row["key"] for row in rows}) > 0
    assert all(row["text"] and row["raw"] for row in rows)


@pytest.mark.parametrize(("price", "nanousd"), [("", lambda held: 0), ("price = { input = 0.5, output = 2.0 }", lambda held: held)])
def test_costs_go_from_the_ledger_into_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, price: str, nanousd: Any) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(3)}, more=price)
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        assert call(*project.arguments()).code == 0
    held = call("ledger", "show", "--store", str(project.store), "--json").told["answers"]
    paid = nanousd(sum(500 * one["prompt_tokens"] + 2000 * one["completion_tokens"] for one in held))
    assert sum(one["cost_nanousd"] for one in held) == paid
    assert sum(one["unpriced"] for one in held) == 0
    lock = json.loads((project.out / "lock.json").read_text())
    assert lock["costs"]["fake"]["cost_nanousd"] == paid
    rows = [row for config in ("sft", "rejected") for path in (project.out / "data" / config).glob("*.parquet") for row in costs(path)]
    assert sum(rows) == paid
    assert len(rows) == 6


def costs(path: Path) -> list[int]:
    return pq.read_table(path, columns=["cost_nanousd"])["cost_nanousd"].to_pylist()


def test_a_price_decides_no_row_and_asks_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.write({"quiz": questions(3)})
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        assert call(*project.arguments()).code == 0
        project.write({"quiz": questions(3)}, more="price = { input = 0.5, output = 2.0 }")
        assert all(step["ran"] == 0 for step in call(*project.arguments("--json")).told["steps"])
        assert server.asked == 6


def test_a_damaged_record_is_named(store: Path) -> None:
    assert call("ledger", "verify", "--store", str(store)).code == 0
    segment = max((path for path in (store / "ledger").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 0xFF
    segment.write_bytes(bytes(data))
    said = call("ledger", "verify", "--store", str(store), "--json")
    assert said.code == 1
    assert len(said.told["damages"]) == 1


def test_no_ledger_is_one_sentence(tmp_path: Path) -> None:
    said = call("ledger", "show", "--store", str(tmp_path))
    assert said.code == 1
    assert "There is no ledger" in said.err
