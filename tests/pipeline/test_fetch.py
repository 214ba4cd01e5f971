"""Fetching: what is downloaded, pinned and refused, against a hub on this machine."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from pipeline import fetch as fetching
from pipeline.fetch import Fetched, fetch, read_lock, write_lock
from schemas.errors import FetchError, PinError
from schemas.lock import FetchLock, LockedFile, LockedSource
from sources.source import Access, Source
from tests.fixtures.fake_hub import FakeHub, serving

REPO = "openmed/wardqa"
TRAIN = b"x" * 5000
FILES = {
    "README.md": b"# wardqa",
    "data/train-00000.parquet": TRAIN,
    "data/train-00001.parquet": b"y" * 4000,
    "data/test.jsonl": b'{"q": 1}\n',
    "images.zip": b"",
}


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


FILES["images.zip"] = zipped({"figures/a.png": b"A" * 3000, "figures/b.png": b"B"})


def wardqa(repo: str = REPO, **changes: object) -> Source:
    facts = {
        "name": "wardqa",
        "version": 1,
        "title": "WardQA",
        "homepage": "https://example.org/wardqa",
        "license": "MIT",
        "access": Access.OPEN,
        "task": "mcq",
        "modality": "text",
        "rows": "10",
        "splits": ("train", "test"),
        "default_split": "train",
        "layouts": (),
        "raw_row": "{}",
        "repo": repo,
        "files": {"train": ("data/train-*.parquet",), "test": ("data/test.jsonl",), "figures": ("images.zip",), "gone": ("old/*.csv",)},
    }
    return Source(**(facts | changes))  # pyright: ignore[reportArgumentType]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr(fetching, "RETRY_WAITS_S", (0.0, 0.0))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving(FakeHub()) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


def get(
    cache: Path,
    split: str | None = "train",
    revision: str | None = None,
    locked: LockedSource | None = None,
    source: Source | None = None,
    relock: bool = False,
    locked_only: bool = False,
) -> Fetched:
    return fetch(source or wardqa(), split, revision, locked, cache, relock, locked_only)


def test_files_of_the_split_arrive_at_one_commit(hub: FakeHub, tmp_path: Path) -> None:
    commit = hub.add(REPO, FILES)
    fetched = get(tmp_path)
    assert fetched.locked.revision == commit
    assert fetched.locked.repo == REPO
    assert fetched.locked.files == tuple(
        LockedFile(path=path, sha256=hashlib.sha256(FILES[path]).hexdigest(), size=len(FILES[path]))
        for path in ("data/train-00000.parquet", "data/train-00001.parquet")
    )
    assert (fetched.folder / "data/train-00000.parquet").read_bytes() == TRAIN
    assert not (fetched.folder / "data/test.jsonl").exists()
    assert sum("/revision/" in line or line.endswith(REPO) for line in hub.asked) == 1


def test_without_a_split_the_default_one_is_fetched(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    assert get(tmp_path, None) == get(tmp_path, "train")


def test_what_is_there_and_locked_is_not_asked_of_the_hub(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    first = get(tmp_path)
    hub.asked.clear()
    assert get(tmp_path, locked=first.locked, locked_only=True) == first
    assert hub.asked == []


def test_an_upstream_change_does_not_reach_a_locked_source(hub: FakeHub, tmp_path: Path) -> None:
    first = get(tmp_path, locked=None) if hub.add(REPO, FILES) else None
    assert first
    moved = hub.add(REPO, FILES | {"data/train-00000.parquet": b"z" * 6000})
    assert get(tmp_path / "other", locked=first.locked).locked == first.locked
    assert get(tmp_path, locked=first.locked, relock=True).locked.revision == moved


def test_a_revision_is_resolved_by_branch_and_by_commit(hub: FakeHub, tmp_path: Path) -> None:
    old = hub.add(REPO, FILES, "v1")
    hub.add(REPO, FILES | {"data/train-00000.parquet": b"z" * 6000})
    assert get(tmp_path, revision="v1").locked.revision == old
    assert get(tmp_path, revision=old).locked.revision == old
    with pytest.raises(FetchError, match="has no revision 'v9'"):
        get(tmp_path, revision="v9")


def test_a_lock_at_another_commit_than_the_manifest_names_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    first = get(tmp_path)
    with pytest.raises(PinError, match=f"locked at {first.locked.revision}, the manifest asks for {'0' * 40}"):
        get(tmp_path, revision="0" * 40, locked=first.locked)
    with pytest.raises(PinError, match="locked to openmed/wardqa, its source now reads other/wardqa"):
        get(tmp_path, locked=first.locked, source=wardqa("other/wardqa"))


def test_a_file_that_is_not_the_locked_one_is_told_with_both_digests(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    locked = get(tmp_path).locked
    forged = locked.model_copy(update={"files": (locked.files[0].model_copy(update={"sha256": "0" * 64}), *locked.files[1:])})
    with pytest.raises(PinError, match=r"wardqa data/train-00000.parquet has sha256 [0-9a-f]{12}…, locked 000000000000…"):
        get(tmp_path, locked=forged)


@pytest.mark.parametrize("path", ["data/train-00000.parquet", "data/test.jsonl"])
def test_bytes_that_are_not_what_the_hub_states_are_refused(hub: FakeHub, tmp_path: Path, path: str) -> None:
    hub.add(REPO, FILES)
    hub.served[path] = bytes(len(FILES[path]))
    with pytest.raises(FetchError, match="not what the Hub states"):
        get(tmp_path, "test" if "test" in path else "train")
    hub.served.clear()
    assert get(tmp_path, "test" if "test" in path else "train").locked.files


def test_a_damaged_file_in_the_cache_is_fetched_anew(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    first = get(tmp_path)
    (first.folder / "data/train-00001.parquet").write_bytes(b"damaged")
    hub.asked.clear()
    assert get(tmp_path, locked=first.locked) == first
    assert (first.folder / "data/train-00001.parquet").read_bytes() == FILES["data/train-00001.parquet"]
    assert not any("train-00000" in line for line in hub.asked)


def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    hub.add(REPO, FILES)
    hub.cut_after["data/train-00000.parquet"] = 1500
    fetched = get(tmp_path)
    assert (fetched.folder / "data/train-00000.parquet").read_bytes() == TRAIN
    assert hub.ranges == ["bytes=1500-"]


def test_passing_server_faults_are_asked_again_and_lasting_ones_told(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    hub.faults = [503, 429]
    assert get(tmp_path).locked.files
    hub.faults = [503] * 3
    with pytest.raises(FetchError, match=r"answered HTTP 503\. Build again later"):
        get(tmp_path / "other")
    assert hub.faults == []


def test_a_gated_source_needs_a_token_and_takes_it(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(REPO, FILES)
    hub.gated.add(REPO)
    monkeypatch.setenv("HF_TOKEN", "hf_stale")
    with pytest.raises(FetchError, match=r"wardqa is gated: .*Accept its terms there, set HF_TOKEN") as raised:
        get(tmp_path)
    assert "hf_stale" not in str(raised.value)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert get(tmp_path).locked.files
    assert hub.sent_to_cdn == ["", ""]


def test_a_repository_that_is_not_there_is_told(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"datasets/openmed/wardqa is not there or not for this account \(HTTP 401\)"):
        get(tmp_path)


def test_without_a_network_the_next_move_is_told(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(REPO, FILES)
    first = get(tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert get(tmp_path, locked=first.locked) == first
    with pytest.raises(FetchError, match=r"could not be fetched: ConnectError.*Check the network and HF_ENDPOINT"):
        get(tmp_path / "other")


def test_locked_only_refuses_what_the_lock_does_not_hold(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    with pytest.raises(PinError, match="wardqa is not in the lock"):
        get(tmp_path, locked_only=True)
    locked = get(tmp_path).locked
    with pytest.raises(PinError, match=r"has no file like data/test.jsonl"):
        get(tmp_path, "test", locked=locked, locked_only=True)


def test_another_split_is_taken_from_the_locked_commit(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    locked = get(tmp_path).locked
    hub.add(REPO, FILES | {"data/test.jsonl": b"moved"})
    other = get(tmp_path, "test", locked=locked)
    assert other.locked.revision == locked.revision
    assert (other.folder / "data/test.jsonl").read_bytes() == FILES["data/test.jsonl"]


def test_splits_and_files_that_are_not_there_are_told(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    with pytest.raises(FetchError, match="no files for split 'dev', only for figures, gone, test, train"):
        get(tmp_path, "dev")
    with pytest.raises(FetchError, match=r"has no file like old/\*.csv"):
        get(tmp_path, "gone")
    with pytest.raises(FetchError, match=r"cannot be fetched \(access: kaggle\)\. Get its files from https://example.org/wardqa"):
        get(tmp_path, source=wardqa("", access=Access.KAGGLE))


def test_archives_are_unpacked_beside_once(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, FILES)
    fetched = get(tmp_path, "figures")
    figure = fetched.folder / "images/figures/a.png"
    assert figure.read_bytes() == b"A" * 3000
    before = figure.stat().st_mtime_ns
    assert get(tmp_path, "figures", locked=fetched.locked) == fetched
    assert figure.stat().st_mtime_ns == before


def test_a_listing_that_leads_out_of_the_cache_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.add(REPO, {"../train-1.parquet": b"x"})
    with pytest.raises(FetchError, match="leads out of the cache"):
        get(tmp_path, source=wardqa(files={"train": ("*.parquet",)}))


def test_locks_are_read_back_as_written_and_in_order(tmp_path: Path) -> None:
    files = tuple(LockedFile(path=path, sha256="0" * 64, size=1) for path in ("b", "a"))
    lock = FetchLock(
        fetched={"z": LockedSource(repo="o/z", revision="1" * 40, files=files), "a": LockedSource(repo="o/a", revision="2", files=())}
    )
    path = tmp_path / "demo.lock.json"
    assert read_lock(path) == FetchLock()
    write_lock(path, lock)
    again = read_lock(path)
    assert list(again.fetched) == ["a", "z"]
    assert [file.path for file in again.fetched["z"].files] == ["a", "b"]
    text = path.read_bytes()
    write_lock(path, again)
    assert path.read_bytes() == text
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "is no lock: the file"), ('{"fetched": {"a": {}}}', "is no lock: fetched.a.repo"), ('{"version": 2}', "has version 2")],
)
def test_a_lock_that_cannot_be_read_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "demo.lock.json"
    path.write_text(text)
    with pytest.raises(PinError, match=told):
        read_lock(path)


def test_a_lock_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.lock.json").mkdir()
    with pytest.raises(PinError, match="cannot be written"):
        write_lock(tmp_path / "m.lock.json", FetchLock())
    assert [path.name for path in tmp_path.iterdir()] == ["m.lock.json"]
    with pytest.raises(PinError, match="cannot be read"):
        read_lock(tmp_path / "m.lock.json")
