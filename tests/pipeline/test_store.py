"""The store: whole or not there, found by key, proven by its footer."""

import errno
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.store import Ref, Store, check_writable, writing
from schemas.corpus import CONFIGS, Tally
from schemas.errors import StoreError
from schemas.example import Chosen, Dropped, Example, Reject
from schemas.graph import Duplicate, Finding, Overlap, Partition, Rank
from schemas.image import Image, ImageHash
from schemas.trace import Judgement, Selected, Trace
from tests.fixtures.stage_rows import example, image

KEY = "0" * 32
TABLE = pa.table(
    {"name": ["a", "b", None, "d", "e"], "count": pa.array([1, 2, 3, 4, 5], pa.int32()), "list": [["x"], [], None, ["y", "z"], [None]]}
)
ALL = (Example, Reject, Chosen, Dropped, Image, ImageHash, Trace, Judgement, Selected, Partition, Duplicate, Finding, Overlap, Rank, Tally)


def put(store: Store, table: pa.Table = TABLE, key: str = KEY, **options: Any) -> Ref:
    return store.put("judge", key, "out", table, ["sample/1.traces"], options)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_found_and_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    assert Store(tmp_path).find("judge", KEY, "out") == ref
    assert ref.rows == 5
    assert store.read(ref).equals(TABLE)
    assert store.read(ref, ["count"]).equals(TABLE.select(["count"]))
    assert files(tmp_path) == [f"judge/{KEY}.out.parquet"]


def test_nothing_is_found_under_another_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    assert store.find("judge", "1" * 32, "out") is None
    assert store.find("judge", KEY, "other") is None
    assert store.find("select", KEY, "out") is None
    assert Store(tmp_path / "nowhere").find("judge", KEY, "out") is None


def test_equal_values_have_one_reference_whatever_the_chunks(tmp_path: Path) -> None:
    cut = pa.concat_tables([TABLE[:2], TABLE[2:]])
    assert put(Store(tmp_path / "a"), cut) == put(Store(tmp_path / "b"), TABLE)


def test_a_digest_of_columns_ignores_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = put(store, TABLE)
    two = put(store, TABLE.set_column(1, "count", pa.array([9, 9, 9, 9, 9], pa.int32())), "1" * 32)
    assert one.digest(["name", "list"]) == two.digest(["name", "list"])
    assert one.digest() != two.digest()


@pytest.mark.parametrize("group", [1, 2, 5])
@pytest.mark.parametrize(("start", "stop"), [(0, 5), (0, 1), (1, 4), (2, 4), (4, 5), (3, 3), (0, 0)])
def test_rows_are_read_from_any_row_groups(tmp_path: Path, group: int, start: int, stop: int) -> None:
    store = Store(tmp_path)
    ref = put(store, row_group_size=group)
    assert store.read_rows(ref, start, stop).equals(TABLE.slice(start, stop - start))


@pytest.mark.parametrize("contract", [*ALL, *CONFIGS.values()], ids=lambda contract: contract.__name__)
def test_every_contract_comes_back_as_it_was_put(tmp_path: Path, contract: type) -> None:
    rows = {Example: [example("1"), example("2", images=["d"])], Image: [image("i")]}.get(contract, [])
    table = contract.from_rows(rows)
    store = Store(tmp_path)
    ref = put(store, table)
    assert store.read(ref).schema.equals(table.schema)
    assert store.read(ref).equals(table)
    assert list(store.verify()) == []


def test_a_folder_called_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    store = Store(tmp_path / "run=3")
    assert store.read(put(store)).equals(TABLE)
    assert list(store.verify()) == []


def test_a_crash_before_the_rename_leaves_nothing_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.store.os.replace", die)
    with pytest.raises(KeyboardInterrupt):
        put(store)
    assert store.find("judge", KEY, "out") is None
    assert files(tmp_path) == []


def test_what_a_killed_process_left_is_ignored(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    path = store.path("judge", KEY, "out")
    whole = path.read_bytes()
    path.with_name(f".{'1' * 32}.out.parquet.abc").write_bytes(whole[:20])
    path.with_name(f".{'2' * 32}.out.parquet").write_bytes(whole[:20])
    assert list(store.entries()) == [path]
    assert list(store.verify()) == []
    assert store.find("judge", "1" * 32, "out") is None
    assert store.find("judge", KEY, "out") == ref


def test_files_that_are_not_the_stores_are_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    for name in ("judge/stray.parquet", "judge/a.b.c.parquet", "fetched/train.parquet", "ledger/x.y.parquet", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"not ours")
    assert list(store.entries()) == [store.path("judge", KEY, "out")]
    assert list(store.verify()) == []


def test_a_damaged_footer_is_not_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    path = store.path("judge", KEY, "out")
    whole = path.read_bytes()
    for cut in (0, 3, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert store.find("judge", KEY, "out") is None
        assert [damage.path for damage in store.verify()] == [path]
    path.write_bytes(whole)
    assert store.find("judge", KEY, "out") == ref


def test_no_flipped_byte_is_taken_for_another_table_or_breaks_with_a_traceback(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    path = store.path("judge", KEY, "out")
    whole = path.read_bytes()
    for place in range(0, len(whole), 4):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        store.find("judge", KEY, "out")
        for read in (lambda: store.read(ref), lambda: store.read(ref, ["count"]), lambda: store.read_rows(ref, 1, 3)):
            try:
                read()
            except StoreError:
                continue
        list(store.verify())


def test_a_footer_without_our_words_is_not_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.path("judge", KEY, "out")
    path.parent.mkdir(parents=True)
    for metadata in (
        {},
        {b"medtrace": b"null"},
        {b"medtrace": b"{"},
        {b"medtrace": b'{"rows":1}'},
        {b"medtrace": b"\xff"},
        {b"medtrace": b"[1]"},
    ):
        pq.write_table(TABLE.replace_schema_metadata(metadata), path)
        assert store.find("judge", KEY, "out") is None


def test_verify_finds_a_value_that_is_no_longer_what_was_put(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store)
    put(store, key="1" * 32)
    path = store.path("judge", KEY, "out")
    metadata = pq.read_schema(path).metadata
    changed = TABLE.set_column(1, "count", pa.array([1, 2, 3, 4, 6], pa.int32()))
    pq.write_table(changed.replace_schema_metadata(metadata), path)
    (damage,) = store.verify()
    assert damage.path == path
    assert "count" in damage.reason
    assert "name" not in damage.reason


def test_verify_finds_a_flipped_byte_of_data(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, pa.table({"x": pa.array([f"{n:09d}" for n in range(200)])}), compression="none", compression_level=None)
    path = store.path("judge", KEY, "out")
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"000000100") + 4] ^= 1
    path.write_bytes(whole)
    assert [damage.path for damage in store.verify()] == [path]


def test_a_file_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    store.path("judge", KEY, "out").unlink()
    with pytest.raises(StoreError, match=r"cannot be read: .* build again"):
        store.read(ref)
    with pytest.raises(StoreError, match=r"cannot be read: .* build again"):
        store.read_rows(ref, 0, 1)


def test_a_full_disk_gives_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(writer: Any, table: pa.Table, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    store = Store(tmp_path)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        put(store)
    assert "\n" not in str(caught.value)
    assert "--store" in str(caught.value)
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "judge").write_text("in the way")
    for store in (Store(tmp_path / "file"), Store(tmp_path)):
        with pytest.raises(StoreError, match="cannot be written") as caught:
            put(store)
        assert "\n" not in str(caught.value)
    assert files(tmp_path) == ["file", "judge"]


def test_a_store_that_is_a_file_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file")
    assert store.find("judge", KEY, "out") is None
    assert list(store.entries()) == []


def test_an_unwritable_folder_is_told_before_anything_runs(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "store", "--store")
    assert files(tmp_path) == []
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="Choose another folder with --out"):
            check_writable(folder, "--out")


def test_another_error_while_writing_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with writing(tmp_path / "x" / "file") as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert files(tmp_path) == []


def test_putting_twice_keeps_one_whole_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert put(store) == put(store)
    assert len(files(tmp_path)) == 1


def test_the_footer_is_json_of_the_reference(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ref = put(store)
    told = json.loads(pq.read_metadata(store.path("judge", KEY, "out")).metadata[b"medtrace"])
    assert told["rows"] == 5
    assert dict(told["columns"]) == dict(ref.columns)
