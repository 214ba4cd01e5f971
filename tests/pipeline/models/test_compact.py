"""Compaction of the ledger: nothing is lost at any moment, whoever dies and whoever reads meanwhile."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.models import compact, finished, segment_writer, shelf
from pipeline.models.compact import due
from pipeline.models.entry import LedgerEntry
from pipeline.models.finished import Extent
from pipeline.models.generate import Completion
from pipeline.models.ledger import SUFFIX, Ledger

ROOT = Path(__file__).parents[3]
FEW = 5


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def entry(name: str, text: str = "") -> LedgerEntry:
    return LedgerEntry(key(name), "asked", Completion(text or f"about {name}", "stop", "answered", 3, 5), f'{{"choices": "{name}"}}')


def choices(*names: str) -> LedgerEntry:
    """One response with a choice for each name."""
    first, *others = names
    return replace(entry(first), others=tuple((key(name), entry(name).completion) for name in others))


def fill(root: Path, writers: int, each: int = FEW) -> dict[str, str]:
    """So many writers' segments; returns what every key must read as."""
    for writer in range(writers):
        ledger = Ledger(root)
        ledger.put([entry(f"{writer}-{number}") for number in range(each)])
        ledger.close()
    return {key(f"{writer}-{number}"): f"about {writer}-{number}" for writer in range(writers) for number in range(each)}


def segments(root: Path) -> list[Path]:
    return sorted(root.glob(f"*{SUFFIX}"))


def texts(ledger: Ledger, wanted: dict[str, str]) -> dict[str, str]:
    return {name: completion.text for name, completion in ledger.get(list(wanted)).items()}


def check(root: Path, wanted: dict[str, str]) -> None:
    """Everything is read by key and once by place, and nothing is damaged."""
    ledger = Ledger(root)
    assert texts(ledger, wanted) == wanted
    assert sorted(found.key for found in ledger.entries()) == sorted(wanted)
    assert list(ledger.verify()) == []


def test_many_segments_become_one_that_holds_the_same(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 6)
    before = sorted(repr(found) for found in Ledger(tmp_path).entries())
    told = Ledger(tmp_path).compact()
    assert (told.merged, told.made, told.answers) == (6, 1, 30)
    assert len(segments(tmp_path)) == 1
    check(tmp_path, wanted)
    assert sorted(repr(found) for found in Ledger(tmp_path).entries()) == before
    assert Ledger(tmp_path).compact() == compact.Compacted()


def test_the_same_segments_become_the_same_bytes(tmp_path: Path) -> None:
    fill(tmp_path / "one", 3)
    (tmp_path / "two").mkdir()
    for path in (tmp_path / "one").iterdir():
        (tmp_path / "two" / path.name).write_bytes(path.read_bytes())
    for name in ("one", "two"):
        Ledger(tmp_path / name).compact()
    one, two = segments(tmp_path / "one"), segments(tmp_path / "two")
    assert [(path.name, path.read_bytes()) for path in one] == [(path.name, path.read_bytes()) for path in two]


def test_writers_compact_by_themselves_where_segments_grow_many(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 30)
    assert len(segments(tmp_path)) < 16
    check(tmp_path, wanted)


def test_a_full_segment_is_followed_by_another_and_looked_up_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_writer, "MOST_RECORDS", 4)
    ledger, reader = Ledger(tmp_path), Ledger(tmp_path)
    for number in range(10):
        ledger.put([entry(f"q{number}")])
    wanted = {key(f"q{number}"): f"about q{number}" for number in range(10)}
    assert len(segments(tmp_path)) == 3
    assert texts(ledger, wanted) == texts(reader, wanted) == wanted
    assert all(ledger.holds(name) for name in wanted)
    assert not reader.holds(key("q0"))
    assert reader.holds(key("q9"))
    ledger.close()
    check(tmp_path, wanted)


def test_living_writers_are_left_alone_and_dead_ones_are_taken(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 2)
    living = Ledger(tmp_path)
    living.put([entry("living")])
    code = (
        "import os, signal, sys; from pathlib import Path; from pipeline.models.ledger import Ledger\n"
        "from tests.pipeline.models.test_compact import entry\n"
        "Ledger(Path(sys.argv[1])).put([entry('dead')]); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert len(segments(tmp_path)) == 4
    assert Ledger(tmp_path).compact().merged == 3
    living.put([entry("living still")])
    living.close()
    check(tmp_path, wanted | {key(name): f"about {name}" for name in ("living", "dead", "living still")})


def test_several_answers_to_one_key_all_stay_and_one_counts(tmp_path: Path) -> None:
    for text in ("first", "second", "third", "second"):
        ledger = Ledger(tmp_path)
        ledger.put([entry("same", text)])
        ledger.close()
    before = Ledger(tmp_path).get([key("same")])
    Ledger(tmp_path).compact()
    again = Ledger(tmp_path)
    assert again.get([key("same")]) == before
    assert sorted(found.completion.text for found in again.entries()) == ["first", "second", "third"]
    assert list(again.verify()) == []


def test_a_response_with_several_choices_is_stored_once_and_found_under_each(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(8)]
    body = "x" * 10_000
    ledger = Ledger(tmp_path)
    ledger.put([replace(choices(*names), raw=body), entry("alone")])
    wanted = {key(name): f"about {name}" for name in (*names, "alone")}
    assert texts(ledger, wanted) == wanted
    ledger.close()
    for _ in range(2):
        check(tmp_path, wanted)
        assert segments(tmp_path)[0].read_bytes().count(b"\xffMN\xfe") == 1
        other = Ledger(tmp_path)
        other.put([entry("more")])
        other.close()
        wanted |= {key("more"): "about more"}
        Ledger(tmp_path).compact()


def test_a_reader_goes_on_while_others_compact(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 4)
    reader = Ledger(tmp_path)
    assert texts(reader, wanted) == wanted
    reading = Ledger(tmp_path).entries()
    first = next(reading)
    Ledger(tmp_path).compact()
    assert len(segments(tmp_path)) == 1
    assert texts(reader, wanted) == wanted
    assert sorted(found.key for found in (first, *reading)) == sorted(wanted)


def test_readers_and_writers_never_miss_an_answer_while_it_is_compacted(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 3)
    stop, missed = threading.Event(), list[str]()

    def read() -> None:
        reader = Ledger(tmp_path)
        while not stop.is_set():
            for ledger in (reader, Ledger(tmp_path)):
                missed.extend(set(wanted) - set(ledger.get(list(wanted))))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(40):
        ledger = Ledger(tmp_path)
        ledger.put([entry(f"more {number}")])
        ledger.close()
        Ledger(tmp_path).compact()
    stop.set()
    for thread in threads:
        thread.join()
    assert missed == []
    check(tmp_path, wanted | {key(f"more {number}"): f"about more {number}" for number in range(40)})


STEPS = ("write", "fsync", "replace", "unlink", "rename", "open")


def die_at(step: int) -> None:
    """Lets this process die without a word at its nth call that changes a file system."""
    calls = 0

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step:
                if real is WRITE:
                    WRITE(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os._exit(9)
            return real(*arguments, **named)

        return call

    for name in STEPS:
        setattr(os, name, counting(getattr(os, name)))


WRITE = os.write


def test_a_compaction_may_die_at_any_step(tmp_path: Path) -> None:
    ends: list[int] = []
    for step in range(1, 200):
        root = tmp_path / str(step)
        wanted = fill(root, 3)
        child = os.fork()
        if child == 0:
            die_at(step)
            compact.compact(root, everything=True)
            os._exit(0)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        check(root, wanted)
        Ledger(root).compact()
        assert len(segments(root)) == 1
        assert [path.name for path in root.iterdir() if path.name.startswith(".")] == []
        check(root, wanted)
        if ends[-1] == 0:
            break
    assert ends[-1] == 0
    assert len(ends) > 12


@pytest.mark.parametrize("place", [10, 1000, -10])
def test_a_damaged_index_costs_nothing_but_is_reported_and_made_anew(tmp_path: Path, place: int) -> None:
    wanted = fill(tmp_path, 1)
    (index,) = tmp_path.glob("*.index")
    data = bytearray(index.read_bytes())
    data[place] ^= 1
    index.write_bytes(bytes(data))
    ledger = Ledger(tmp_path)
    assert texts(ledger, wanted) == wanted
    (error,) = ledger.verify()
    assert f"Ledger index {index} is damaged" in str(error)
    fill(tmp_path, 1, 0)
    ledger = Ledger(tmp_path)
    ledger.put([entry("other")])
    ledger.close()
    Ledger(tmp_path).compact()
    check(tmp_path, wanted | {key("other"): "about other"})


def test_a_damaged_segment_is_left_alone_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    damaged = segments(tmp_path)[1]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(bytes(data))
    told = Ledger(tmp_path).compact()
    assert told.damaged == (damaged.name,)
    assert damaged.read_bytes() == bytes(data)
    (error,) = Ledger(tmp_path).verify()
    assert damaged.name in str(error)
    assert len(list(Ledger(tmp_path).entries())) == 14


def test_an_index_of_a_segment_that_is_gone_is_no_harm(tmp_path: Path) -> None:
    wanted = fill(tmp_path, 2)
    (tmp_path / "gone.index").write_bytes(b"MLINDEX1")
    check(tmp_path, wanted)
    Ledger(tmp_path).compact()
    assert not (tmp_path / "gone.index").exists()


def test_a_large_segment_of_a_dead_writer_gets_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = fill(tmp_path, 1, 30)
    (index,) = tmp_path.glob("*.index")
    index.unlink()
    monkeypatch.setattr(compact, "MOST_RECORDS", 20)
    wanted |= fill(tmp_path, 2, 2) | {key(f"0-{number}"): f"about 0-{number}" for number in range(2)}
    assert index.exists()
    ledger = Ledger(tmp_path)
    assert texts(ledger, wanted) == wanted
    assert list(ledger.verify()) == []


def test_a_ledger_of_more_segments_than_files_may_be_open_is_read_and_compacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "MOST_OPEN", 4)
    monkeypatch.setattr(shelf, "MOST_OPEN", 4)
    monkeypatch.setattr(compact, "_MANY_OF_A_SIZE", 100)
    wanted = fill(tmp_path, 11)
    check(tmp_path, wanted)
    assert Ledger(tmp_path).compact().answers >= len(wanted)
    assert len(segments(tmp_path)) == 1
    check(tmp_path, wanted)


def test_merging_pays_where_one_size_has_many() -> None:
    small, large, full = Extent(10_000, 10), Extent(40 << 20, 16_000), Extent(1 << 30, 100)
    assert not due([small] * 7 + [large] * 7)
    assert due([small] * 8)
    assert due([small, *[large] * 8])
    assert not due([full] * 100)


WRITER = """
import hashlib, sys
from pathlib import Path
from pipeline.models import segment_writer
from pipeline.models.ledger import Ledger
from tests.pipeline.models.test_compact import entry
segment_writer.MOST_RECORDS = 7
ledger = Ledger(Path(sys.argv[1]))
number = 0
while True:
    ledger.put([entry(f"{sys.argv[2]}-{number}-{part}") for part in range(3)])
    print(number, flush=True)
    number += 1
"""


def test_processes_killed_while_they_write_and_compact_lose_and_tear_nothing(tmp_path: Path) -> None:
    promised: dict[str, str] = {}
    for turn in range(4):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"{turn}-{number}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for number in range(2)
        ]
        for number, writer in enumerate(writers):
            assert writer.stdout is not None
            for _ in range(40 + 7 * turn):
                put = int(writer.stdout.readline())
                names = [f"{turn}-{number}-{put}-{part}" for part in range(3)]
                promised |= {key(name): f"about {name}" for name in names}
        for writer in writers:
            writer.kill()
            writer.communicate()
        ledger = Ledger(tmp_path)
        assert texts(ledger, promised) == promised
        assert list(ledger.verify()) == []
    Ledger(tmp_path).compact()
    ledger = Ledger(tmp_path)
    assert texts(ledger, promised) == promised
    keys = [found.key for found in ledger.entries()]
    assert len(keys) == len(set(keys)) >= len(promised)


@pytest.mark.parametrize("cut", [0, 3, 40, 150])
def test_what_a_writer_left_that_died_before_its_first_answer_was_whole_can_be_compacted(tmp_path: Path, cut: int) -> None:
    ledger = Ledger(tmp_path)
    ledger.put([entry("a")])
    ledger.close()
    (path,) = segments(tmp_path)
    path.with_suffix(".index").unlink()
    assert path.stat().st_size > 150
    os.truncate(path, cut)
    for _ in range(2):
        ledger = Ledger(tmp_path)
        assert ledger.compact().damaged == ()
        assert ledger.get([key("a")]) == {}
        assert list(ledger.verify()) == []
        ledger.close()
    ledger = Ledger(tmp_path)
    ledger.put([entry("a"), entry("b")])
    ledger.close()
    assert ledger.compact().damaged == ()
    check(tmp_path, {key(name): f"about {name}" for name in "ab"})
