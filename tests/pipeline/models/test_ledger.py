import errno
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.models.entry import LedgerEntry
from pipeline.models.generate import Completion
from pipeline.models.ledger import SUFFIX, Ledger
from schemas.errors import LedgerError

ROOT = Path(__file__).parents[3]


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def entry(name: str, text: str = "") -> LedgerEntry:
    text = text or f"<think>\nabout {name}\n</think>\n\n\\boxed{{A}}"
    return LedgerEntry(key(name), "asked", Completion(text, "stop", "answered", 3, 5), f'{{"choices": "{name}"}}')


def segments(root: Path) -> list[Path]:
    return sorted(root.glob(f"*{SUFFIX}"))


def record_ends(root: Path, count: int) -> list[int]:
    """Where each of the first records of one-by-one puts ends."""
    ledger = Ledger(root)
    ends: list[int] = []
    for number in range(count):
        ledger.put([entry(f"q{number}")])
        ends.append(segments(root)[0].stat().st_size)
    ledger.close()
    return ends


def test_what_was_put_is_read_by_another_process_word_for_word(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    odd = entry("odd", "Ω \ud83d lone, 脳, \x00")
    ledger.put([entry("a"), odd])
    again = Ledger(tmp_path / "ledger")
    assert again.get([key("a"), key("odd"), key("never asked")]) == {key("a"): entry("a").completion, key("odd"): odd.completion}
    assert sorted(again.entries(), key=lambda found: found.raw) == [entry("a"), odd]
    ledger.close()


def test_which_keys_are_known_is_told_without_reading_answers(tmp_path: Path) -> None:
    writer, reader = Ledger(tmp_path), Ledger(tmp_path)
    writer.put([entry("a"), entry("b")])
    assert not reader.holds(key("a"))
    assert reader.known([key("a"), key("c")]) == {key("a")}
    assert reader.holds(key("a"))
    assert writer.holds(key("b"))
    writer.close()


def test_an_absent_ledger_is_empty_and_reading_creates_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.get([key("a")]) == {}
    assert list(ledger.verify()) == []
    assert list(ledger.entries()) == []
    ledger.put([])
    ledger.close()
    assert list(tmp_path.iterdir()) == []


def test_a_crash_at_any_byte_loses_only_the_record_it_cuts(tmp_path: Path) -> None:
    ends = record_ends(tmp_path / "whole", 4)
    data = segments(tmp_path / "whole")[0].read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    for size in range(ends[1], len(data) + 1):
        (cut / f"a{SUFFIX}").write_bytes(data[:size])
        survivors = [f"q{number}" for number, end in enumerate(ends) if end <= size]
        reader = Ledger(cut)
        assert set(reader.get([key(f"q{number}") for number in range(4)])) == {key(name) for name in survivors}
        assert list(reader.verify()) == []


@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0" * 100, b"\xffML\xfe" + b"\0" * 90])
def test_a_torn_tail_is_never_glued_to_later_records(tmp_path: Path, tail: bytes) -> None:
    ends = record_ends(tmp_path, 3)
    torn = segments(tmp_path)[0]
    torn.write_bytes(torn.read_bytes()[: ends[2] - 7] + tail)
    ledger = Ledger(tmp_path)
    assert key("q2") not in ledger.get([key("q2")])
    ledger.put([entry("q2"), entry("q3")])
    ledger.close()
    assert len(segments(tmp_path)) == 2
    assert len(Ledger(tmp_path).get([key(f"q{number}") for number in range(4)])) == 4


def test_a_reader_sees_what_a_living_writer_adds_and_the_record_it_had_seen_half_of(tmp_path: Path) -> None:
    record_ends(tmp_path / "whole", 2)
    data = segments(tmp_path / "whole")[0].read_bytes()
    grown = tmp_path / f"grown{SUFFIX}"
    reader = Ledger(tmp_path)
    grown.write_bytes(data[:-10])
    assert set(reader.get([key("q0"), key("q1")])) == {key("q0")}
    grown.write_bytes(data)
    assert set(reader.get([key("q0"), key("q1")])) == {key("q0"), key("q1")}


def test_damage_in_the_middle_costs_one_record_and_is_reported(tmp_path: Path) -> None:
    ends = record_ends(tmp_path, 4)
    segment = segments(tmp_path)[0]
    good = segment.read_bytes()
    for place in range(ends[0], ends[1], 3):
        segment.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        reader = Ledger(tmp_path)
        assert set(reader.get([key(f"q{number}") for number in range(4)])) == {key("q0"), key("q2"), key("q3")}
        (error,) = reader.verify()
        assert f"damaged from byte {ends[0]} to {ends[1]}" in str(error)
        assert segment.name in str(error)


def test_a_damaged_end_is_reported_as_lost(tmp_path: Path) -> None:
    ends = record_ends(tmp_path, 3)
    segment = segments(tmp_path)[0]
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(bytes(data))
    reader = Ledger(tmp_path)
    assert set(reader.get([key("q1"), key("q2")])) == {key("q1")}
    (error,) = reader.verify()
    assert f"from byte {ends[1]} to {ends[2]}, to its end, and what stood there is lost" in str(error)


def test_of_two_answers_to_one_key_every_reader_takes_the_same(tmp_path: Path) -> None:
    first, second = Ledger(tmp_path), Ledger(tmp_path)
    names = [f"q{number}" for number in range(20)]
    first.put([entry(name, f"first {name}") for name in names])
    second.put([entry(name, f"second {name}") for name in names])
    first.put([entry(name, f"third {name}") for name in reversed(names)])
    keys = [key(name) for name in names]
    answers = Ledger(tmp_path).get(keys)
    assert first.get(keys) == second.get(keys) == answers
    assert len({completion.text.split()[0] for completion in answers.values()}) == 3
    assert len(list(Ledger(tmp_path).entries())) == 60
    first.close()
    second.close()


def test_threads_that_put_at_once_share_a_segment_and_lose_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    unseen: list[str] = []

    def write(thread: int) -> None:
        for number in range(20):
            name = f"{thread}-{number}"
            ledger.put([entry(name)])
            if not Ledger(tmp_path).get([key(name)]):
                unseen.append(name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    assert unseen == []
    assert len(segments(tmp_path)) == 1
    assert len(Ledger(tmp_path).get([key(f"{thread}-{number}") for thread in range(8) for number in range(20)])) == 160


def test_one_fsync_serves_all_that_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.put([entry("opens the segment")])
    first, others = threading.Event(), threading.Event()
    syncs: list[int] = []
    real = os.fsync

    def held(fd: int) -> None:
        syncs.append(fd)
        first.set()
        assert others.wait(60)
        real(fd)

    monkeypatch.setattr(os, "fsync", held)
    threads = [threading.Thread(target=ledger.put, args=([entry(f"q{number}")],)) for number in range(9)]
    threads[0].start()
    assert first.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(ledger._queue) < 8:  # pyright: ignore[reportPrivateUsage]
        threads[1].join(0.001)
    others.set()
    for thread in threads:
        thread.join()
    assert len(syncs) == 2
    assert len(ledger.get([key(f"q{number}") for number in range(9)])) == 9
    ledger.close()


def test_processes_write_one_folder_at_once_each_to_its_own_segment(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.models.ledger import Ledger\n"
        "from pipeline.models.entry import LedgerEntry; from pipeline.models.generate import Completion\n"
        "import hashlib; ledger = Ledger(Path(sys.argv[1]))\n"
        "for i in range(30):\n"
        "    k = hashlib.sha256(f'{sys.argv[2]}-{i}'.encode()).hexdigest()\n"
        "    ledger.put([LedgerEntry(k, 'm', Completion(k, 'stop'), k)])\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(number)], cwd=ROOT) for number in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    assert len(segments(tmp_path)) == 3
    keys = [key(f"{writer}-{number}") for writer in range(3) for number in range(30)]
    assert {name: completion.text for name, completion in Ledger(tmp_path).get(keys).items()} == {name: name for name in keys}


def test_a_forked_child_writes_a_segment_of_its_own(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.put([entry("parent")])
    child = os.fork()
    if child == 0:
        ledger.put([entry("child")])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ledger.put([entry("parent again")])
    assert len(segments(tmp_path)) == 2
    assert len(ledger.get([key("parent"), key("child"), key("parent again")])) == 3
    ledger.close()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.put([entry("before")])
    real_write = os.write

    def full(fd: int, data: bytes = b"") -> int:
        if call == "write" and len(data) > 40:
            return real_write(fd, data[:40])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(LedgerError, match=r"cannot be written: No space left on device\. .* make room"):
            ledger.put([entry("during")])
    ledger.put([entry("after")])
    ledger.close()
    found = Ledger(tmp_path).get([key("before"), key("after")])
    assert set(found) == {key("before"), key("after")}
    assert list(Ledger(tmp_path).verify()) == []


def test_a_write_that_is_broken_off_is_taken_for_done_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.put([entry("before")])
    begun, joined = threading.Event(), threading.Event()
    real, told = os.write, list[object]()

    def broken_off(fd: int, data: bytes) -> int:
        begun.set()
        assert joined.wait(60)
        real(fd, data[:40])
        raise MemoryError

    def put(name: str) -> None:
        try:
            ledger.put([entry(name)])
            told.append("stored")
        except (MemoryError, LedgerError) as error:
            told.append(type(error))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", broken_off)
        thread = threading.Thread(target=put, args=("first",))
        thread.start()
        assert begun.wait(60)
        joined.set()
        thread.join()
    assert told == [MemoryError]
    put("after")
    assert told == [MemoryError, "stored"]
    assert set(ledger.get([key("before"), key("first"), key("after")])) == {key("before"), key("after")}
    ledger.close()
    assert set(Ledger(tmp_path).get([key("before"), key("first"), key("after")])) == {key("before"), key("after")}
    assert list(Ledger(tmp_path).verify()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"cannot be written: Not a directory"):
        Ledger(tmp_path / "file" / "ledger").put([entry("a")])
    with pytest.raises(LedgerError, match=r"cannot be read: Not a directory"):
        Ledger(tmp_path / "file").get([key("a")])


def test_a_segment_that_vanishes_is_one_sentence(tmp_path: Path) -> None:
    writer, reader = Ledger(tmp_path), Ledger(tmp_path)
    writer.put([entry("a")])
    writer.close()
    assert reader.get([key("a")])
    segments(tmp_path)[0].unlink()
    with pytest.raises(LedgerError, match="cannot be read"):
        reader.get([key("a")])
