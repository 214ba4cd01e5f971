"""Purging a ledger: what was named is gone from every byte of it, all else is there."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.models.entry import LedgerEntry
from pipeline.models.generate import Completion
from pipeline.models.ledger import Ledger
from pipeline.models.purge import purge
from pipeline.models.remote import join
from schemas.errors import LedgerError


def entry(number: int) -> LedgerEntry:
    return LedgerEntry(f"{number + 1:064x}", "m", Completion(f"text {number}", "stop", "m", 1, 1), f'{{"id": "answer {number}"}}')


def filled(root: Path) -> list[LedgerEntry]:
    """A ledger of two segments, one of them compacted."""
    entries = [entry(number) for number in range(40)]
    for part in (entries[:15], entries[15:30]):
        ledger = Ledger(root)
        ledger.put(part)
        ledger.close()
    Ledger(root).compact()
    last = Ledger(root)
    last.put(entries[30:])
    last.close()
    return entries


def test_what_is_purged_is_gone_and_the_rest_is_as_it_was(tmp_path: Path):
    entries = filled(tmp_path / "ledger")
    gone = {entries[3].key, entries[20].key, entries[35].key, f"{999:064x}"}
    assert purge(tmp_path / "ledger", gone) == 3
    ledger = Ledger(tmp_path / "ledger")
    left = [one for one in entries if one.key not in gone]
    assert ledger.get_entries([one.key for one in entries]) == {one.key: one for one in left}
    assert sorted(one.key for one in ledger.entries()) == sorted(one.key for one in left)
    assert list(ledger.verify()) == []
    assert not (tmp_path / "ledger" / "purged").exists()


def test_a_ledger_without_such_answers_is_not_touched(tmp_path: Path):
    filled(tmp_path / "ledger")
    before = {path.name: path.read_bytes() for path in (tmp_path / "ledger").iterdir()}
    assert purge(tmp_path / "ledger", {f"{999:064x}"}) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "ledger").iterdir()} == before


def test_a_ledger_that_is_written_is_left_alone(tmp_path: Path):
    entries = filled(tmp_path / "ledger")
    writer = Ledger(tmp_path / "ledger")
    writer.put([entry(100)])
    with pytest.raises(LedgerError, match="is in use; nothing was removed"):
        purge(tmp_path / "ledger", {entries[0].key})
    writer.close()
    assert purge(tmp_path / "ledger", {entries[0].key}) == 1


def test_a_damaged_ledger_is_left_alone(tmp_path: Path):
    entries = filled(tmp_path / "ledger")
    segment = max((tmp_path / "ledger").glob("*.segment"), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 255
    segment.write_bytes(data)
    with pytest.raises(LedgerError, match="Nothing is purged from a damaged ledger"):
        purge(tmp_path / "ledger", {entries[39].key})
    assert segment.exists()


def test_a_missing_ledger_holds_nothing(tmp_path: Path):
    assert purge(tmp_path / "ledger", {entry(1).key}) == 0


def test_of_a_response_with_several_choices_only_the_named_ones_go_and_its_body_with_them(tmp_path: Path):
    ledger = Ledger(tmp_path)
    told = entry(0)
    ledger.put([replace(told, raw="text 0 text 1 text 2", others=tuple((entry(n).key, entry(n).completion) for n in (1, 2))), entry(3)])
    ledger.close()
    assert purge(tmp_path, {entry(1).key}) == 1
    again = Ledger(tmp_path)
    assert sorted(one.completion.text for one in again.entries()) == ["text 0", "text 2", "text 3"]
    assert not any("text 1" in one.raw for one in again.entries())
    (both,) = (one for one in again.responses() if one.others)
    assert [key for key, _ in both.choices] == [entry(0).key, entry(2).key]


def test_what_is_purged_goes_from_an_object_store_too(tmp_path: Path):
    url = f"file://{tmp_path / 'store'}"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        join(tmp_path / name, url)
    entries = [entry(number) for number in range(20)]
    for name, part in (("one", entries[:10]), ("two", entries[10:])):
        ledger = Ledger(tmp_path / name)
        ledger.put(part)
        ledger.close()
    assert purge(tmp_path / "one", {entries[3].key, entries[13].key}) == 2
    left = [one for one in entries if one not in (entries[3], entries[13])]
    for name in ("one", "three"):
        (tmp_path / name).mkdir(exist_ok=True)
        join(tmp_path / name, url)
        assert sorted(one.key for one in Ledger(tmp_path / name).entries()) == sorted(one.key for one in left)
    held = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert bytes.fromhex(entries[3].key) not in held
    assert bytes.fromhex(entries[13].key) not in held
    assert bytes.fromhex(entries[14].key) in held


def test_an_object_store_that_another_machine_writes_is_left_alone(tmp_path: Path):
    url = f"file://{tmp_path / 'store'}"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        join(tmp_path / name, url)
    ledger = Ledger(tmp_path / "one")
    ledger.put([entry(1)])
    ledger.close()
    writer = Ledger(tmp_path / "two")
    writer.put([entry(2)])
    writer.push()
    with pytest.raises(LedgerError, match="is written by another machine"):
        purge(tmp_path / "one", {entry(1).key})
    writer.close()
    assert purge(tmp_path / "one", {entry(1).key}) == 1
