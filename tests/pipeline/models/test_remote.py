"""A ledger in an object store: journalled here, uploaded every few seconds, read by every machine."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.models import mirror, remote
from pipeline.models.ledger import SUFFIX, Ledger
from pipeline.models.purge import purge
from pipeline.models.remote import join, remote_of
from schemas.errors import LedgerError
from tests.fixtures import google_store, object_store
from tests.pipeline.models.test_compact import check, choices, entry, key, segments, texts

ROOT = Path(__file__).parents[3]


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
    """Where a ledger goes that is there for one test."""
    monkeypatch.setattr(remote, "LISTED_S", 0.0)
    if request.param == "file":
        return f"file://{tmp_path / 'store'}"
    for name, value in request.getfixturevalue(request.param).items():
        monkeypatch.setenv(name, value)
    return f"{request.param}://{object_store.BUCKET}/{tmp_path.name}/ledger"


def machine(folder: Path, url: str) -> Ledger:
    """The ledger as a machine of its own opens it."""
    folder.mkdir(exist_ok=True)
    join(folder, url)
    return Ledger(folder)


def wanted(*names: str) -> dict[str, str]:
    return {key(name): f"about {name}" for name in names}


def objects(folder: Path, url: str) -> list[str]:
    """The segments in the object store."""
    found = remote.RemoteFolder(url, folder)
    return sorted(name for name in found.names() if name.endswith(SUFFIX))


def test_what_one_machine_answered_every_other_finds(tmp_path: Path, url: str) -> None:
    one, two = machine(tmp_path / "one", url), machine(tmp_path / "two", url)
    one.put([entry("a"), entry("b")])
    two.put([entry("c"), choices("d", "e")])
    one.push()
    two.push()
    everything = wanted("a", "b", "c", "d", "e")
    for ledger in (one, two, machine(tmp_path / "three", url)):
        assert texts(ledger, everything) == everything
        assert sorted(found.key for found in ledger.entries()) == sorted(everything)
        assert list(ledger.verify()) == []
    one.close()
    two.close()
    assert texts(machine(tmp_path / "four", url), everything) == everything


def test_what_a_writer_adds_is_seen_while_it_lives_and_keeps_one_object(tmp_path: Path, url: str) -> None:
    writer, reader = machine(tmp_path / "one", url), machine(tmp_path / "two", url)
    for number in range(5):
        writer.put([entry(f"q{number}")])
        writer.push()
        everything = wanted(*(f"q{one}" for one in range(number + 1)))
        assert texts(reader, everything) == everything
    writer.close()
    assert len(objects(tmp_path, url)) == 1


def test_a_lost_machine_costs_what_was_not_uploaded_and_nothing_else(tmp_path: Path, url: str) -> None:
    writer = machine(tmp_path / "one", url)
    writer.put([entry("uploaded")])
    writer.push()
    shutil.copytree(tmp_path / "one", tmp_path / "aside")
    writer.close()
    check(machine(tmp_path / "two", url).root, wanted("uploaded"))


DYING = """
import os, signal, sys
from pathlib import Path
from pipeline.models import mirror
from pipeline.models.ledger import Ledger
from tests.pipeline.models.test_compact import entry
mirror.UPLOAD_S = 1000.0
ledger = Ledger(Path(sys.argv[1]))
ledger.put([entry("first")])
ledger.push()
ledger.put([entry("second")])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_crash_loses_nothing_the_journal_is_uploaded_by_the_next(tmp_path: Path, url: str) -> None:
    folder = machine(tmp_path / "one", url).root
    died = subprocess.run([sys.executable, "-c", DYING, str(folder)], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    other = machine(tmp_path / "two", url)
    assert texts(other, wanted("first", "second")) == wanted("first")
    assert Ledger(folder).push() > 0
    assert texts(other, wanted("first", "second")) == wanted("first", "second")
    assert Ledger(folder).push() == 0


def test_compaction_takes_the_small_segments_of_all_machines(tmp_path: Path, url: str) -> None:
    everything = wanted(*(f"{one}" for one in range(6)))
    for number in range(6):
        writer = machine(tmp_path / f"m{number}", url)
        writer.put([entry(f"{number}")])
        writer.close()
    reader = machine(tmp_path / "reader", url)
    assert texts(reader, everything) == everything
    told = machine(tmp_path / "other", url).compact()
    assert (told.merged, told.answers) == (6, 6)
    assert len(objects(tmp_path, url)) == 1
    assert texts(reader, everything) == everything
    for folder in (tmp_path / "reader", tmp_path / "fresh", tmp_path / "m0"):
        folder.mkdir(exist_ok=True)
        join(folder, url)
        check(folder, everything)


def test_what_another_machine_compacted_or_purged_is_not_sent_again(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_SETTLED_S", 0.0)
    for number in range(3):
        writer = machine(tmp_path / "one", url)
        writer.put([entry(f"{number}")])
        writer.close()
    machine(tmp_path / "two", url).compact()
    there = objects(tmp_path, url)
    assert len(there) == 1
    writer = machine(tmp_path / "one", url)
    assert writer.push() == 0
    assert segments(tmp_path / "one") == []
    writer.put([entry("3")])
    writer.close()
    assert len(objects(tmp_path, url)) == 2
    for name in ("one", "two", "three"):
        check(machine(tmp_path / name, url).root, wanted("0", "1", "2", "3"))
    purge(tmp_path / "two", {key("1")})
    Ledger(tmp_path / "one").push()
    for name in ("one", "two", "three"):
        check(machine(tmp_path / name, url).root, wanted("0", "2", "3"))


def test_what_a_machine_adds_after_it_slept_for_a_day_outlives_a_compaction_meanwhile(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_ABANDONED_S", -1.0)
    monkeypatch.setattr(mirror, "_SETTLED_S", 0.0)
    monkeypatch.setattr(mirror, "UPLOAD_S", 1000.0)
    slept = machine(tmp_path / "one", url)
    slept.put([entry("uploaded")])
    slept.push()
    slept.put([entry("not uploaded")])
    told = machine(tmp_path / "two", url).compact()
    assert told.answers == 1
    assert len(objects(tmp_path, url)) == 1
    slept.put([entry("later")])
    slept.close()
    for name in ("two", "one", "two"):
        machine(tmp_path / name, url).compact()
    for name in ("one", "two", "three"):
        check(machine(tmp_path / name, url).root, wanted("uploaded", "not uploaded", "later"))
    assert len(objects(tmp_path, url)) == 1


def test_where_the_object_store_was_emptied_what_is_here_is_sent_again(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_SETTLED_S", 0.0)
    writer = machine(tmp_path / "one", url)
    writer.put([entry("a")])
    writer.close()
    store = remote.RemoteFolder(url, tmp_path / "elsewhere")
    for name in list(store.names()):
        store.remove(name)
    assert machine(tmp_path / "one", url).push() > 0
    check(machine(tmp_path / "two", url).root, wanted("a"))


def test_what_a_writer_compacts_goes_from_the_object_store_too(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"q{number}" for number in range(20)]
    for name in names:
        writer = machine(tmp_path / "one", url)
        writer.put([entry(name)])
        writer.close()
    assert objects(tmp_path, url) == [path.name for path in segments(tmp_path / "one")]
    assert len(objects(tmp_path, url)) < 10
    check(machine(tmp_path / "two", url).root, wanted(*names))


def test_segments_that_are_there_take_no_more_room_here_than_they_may(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "MOST_LOCAL_BYTES", 0)
    monkeypatch.setattr(mirror, "_SETTLED_S", -1.0)
    writer = machine(tmp_path / "one", url)
    writer.put([entry(f"q{number}") for number in range(50)])
    writer.close()
    assert segments(tmp_path / "one") == []
    everything = wanted(*(f"q{number}" for number in range(50)))
    check(tmp_path / "one", everything)


def test_a_flipped_byte_there_is_found_and_placed(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'store'}"
    writer = machine(tmp_path / "one", url)
    writer.put([entry(f"q{number}") for number in range(3)])
    writer.close()
    (there,) = (tmp_path / "store").glob(f"*{SUFFIX}")
    data = bytearray(there.read_bytes())
    data[len(data) // 2] ^= 1
    there.write_bytes(bytes(data))
    (error,) = machine(tmp_path / "two", url).verify()
    assert there.name in str(error)
    assert "damaged from byte" in str(error)


def test_where_uploads_fail_for_long_nothing_more_is_asked_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.write_text("in the way")
    url = f"file://{store}"
    folder = tmp_path / "one"
    folder.mkdir()
    join(folder, url)
    monkeypatch.setattr(mirror, "MOST_FAILING_S", 0.0)
    ledger = Ledger(folder)
    ledger.put([entry("kept")])
    with pytest.raises(LedgerError, match=r"cannot be uploaded to file://.*: .* kept in that folder, and uploaded by the next build"):
        ledger.push()
    with pytest.raises(LedgerError, match="cannot be uploaded"):
        ledger.put([entry("not asked for")])
    with pytest.raises(LedgerError, match="cannot be uploaded"):
        ledger.close()
    store.unlink()
    assert Ledger(folder).push() > 0
    check(machine(tmp_path / "two", url).root, wanted("kept"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://key:planted-secret@bucket/x", "holds credentials"),
        ("s3://bucket/x?secret_key=planted-secret", "holds credentials"),
        ("https://bucket/x", "takes a URL that begins with s3://, gs://, file://"),
        ("s3:///x", "names no place"),
    ],
)
def test_a_url_that_cannot_be_a_ledgers_is_one_sentence_without_its_secrets(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(LedgerError, match=words) as raised:
        join(tmp_path, url)
    assert "planted-secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_belongs_to_one_ledger(tmp_path: Path) -> None:
    join(tmp_path, "s3://bucket/x/")
    join(tmp_path, "s3://bucket/x")
    assert remote_of(tmp_path) == "s3://bucket/x"
    with pytest.raises(LedgerError, match="belongs to the ledger at s3://bucket/x, not s3://bucket/y"):
        join(tmp_path, "s3://bucket/y")


def test_no_file_of_it_holds_a_key_of_the_object_store(tmp_path: Path, url: str) -> None:
    writer = machine(tmp_path / "one", url)
    writer.put([entry("a")])
    writer.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert os.environ.get("AWS_SECRET_ACCESS_KEY", "planted-secret-for-tests").encode() not in path.read_bytes()
