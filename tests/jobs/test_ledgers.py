"""Looking into a ledger: counts, damage and export, without a teacher."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.models.ledger import Ledger
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


def test_a_flipped_byte_is_placed(store: Path) -> None:
    segment = max((store / "ledger").glob("*.segment"), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[-3] ^= 1
    segment.write_bytes(bytes(data))
    (damage,) = call("ledger", "verify", "--store", str(store), "--json").told["damages"]
    start, stop = (int(word) for word in damage.split("damaged from byte ")[1].split(",")[0].split(" to "))
    assert segment.name in damage
    assert start < len(data) - 3 < stop == len(data)


def test_the_same_rows_are_exported_as_lines_and_as_parquet(store: Path) -> None:
    lines, parquet = store.parent / "answers.jsonl", store.parent / "answers.parquet"
    for path in (lines, parquet):
        assert call("ledger", "export", "--store", str(store), "--out", str(path)).code == 0
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert pq.read_table(parquet).to_pylist() == rows
    assert {row["asked"] for row in rows} == {"fake"}


def test_one_answer_is_shown_by_the_key_that_a_trace_names(store: Path) -> None:
    (shard, *_) = (store / "sample").glob("*.parquet")
    trace = pq.read_table(shard).to_pylist()[0]
    shown = call("ledger", "show", trace["request"], "--store", str(store), "--json").told
    assert shown["text"] == trace["text"]
    assert json.loads(shown["raw"])["choices"]
    assert trace["text"] in call("ledger", "show", trace["request"], "--store", str(store)).out
    assert "holds no answer under" in call("ledger", "show", "0" * 64, "--store", str(store)).error
    assert "64 hex digits" in call("ledger", "show", "R1", "--store", str(store)).error


def test_compaction_keeps_every_answer_and_pays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        for count in (2, 4, 6):
            project.write({"quiz": questions(count)})
            assert call(*project.arguments()).code == 0
        before = sorted(map(repr, entries(project.store)))
        told = call("ledger", "compact", "--store", str(project.store), "--json").told
        assert told["merged"] == 3
        assert told["answers"] == len(before) == 12
        assert sorted(map(repr, entries(project.store))) == before
        assert call("ledger", "show", "--store", str(project.store), "--json").told["segments"] == 1
        for path in project.store.glob("sample/*.parquet"):
            path.unlink()
        assert call(*project.arguments()).code == 0
        assert server.asked == 12
    assert "nothing to merge" in call("ledger", "compact", "--store", str(project.store)).out


def entries(store: Path) -> list[Any]:
    ledger = Ledger(store / "ledger")
    try:
        return list(ledger.entries())
    finally:
        ledger.close()


def test_a_ledger_at_a_url_serves_another_machine_and_its_store_remembers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"file://{tmp_path / 'answers'}"
    one, two = Project(tmp_path / "one"), Project(tmp_path / "two")
    with FakeTeacher() as server:
        point_to(monkeypatch, server.url)
        for project, samples, asked in ((one, 2, 6), (two, 2, 6), (one, 3, 9), (two, 3, 9)):
            project.folder.mkdir(exist_ok=True)
            project.write({"quiz": questions(3)}, samples=samples)
            first = () if (project.store / "ledger").exists() else ("--ledger", url)
            assert call(*project.arguments(*first)).code == 0
            assert server.asked == asked
    told = call("ledger", "show", "--store", str(two.store), "--json").told
    assert told["where"] == url
    assert sum(one["answers"] for one in told["answers"]) == 9
    assert call("ledger", "verify", "--store", str(two.store)).code == 0
    said = call("plan", str(two.manifest), "--store", str(two.store), "--ledger", f"{url}-2")
    assert f"belongs to the ledger at {url}, not {url}-2" in said.error
    assert call("ledger", "show", "--store", str(tmp_path / "three"), "--ledger", url).code == 0


def test_no_ledger_is_one_sentence(tmp_path: Path) -> None:
    said = call("ledger", "show", "--store", str(tmp_path))
    assert said.code == 1
    assert "There is no ledger" in said.err
