from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.mapped import mapped
from schemas.errors import StoreError


def parts(count: int, rows: int = 64) -> list[pa.Table]:
    return [
        pa.table({"digest": [f"{part}-{row}" for row in range(rows)], "grey": pa.array([bytes([part]) * 36864] * rows, pa.large_binary())})
        for part in range(count)
    ]


def test_a_mapped_table_holds_the_parts_in_order_and_its_file_has_no_name(tmp_path: Path) -> None:
    table = mapped(parts(3), tmp_path)
    assert table == pa.concat_tables(parts(3))
    assert list(tmp_path.iterdir()) == []


def test_a_mapped_table_takes_no_memory_of_its_own(tmp_path: Path) -> None:
    before = pa.total_allocated_bytes()
    table = mapped((part for part in parts(1) for _ in range(64)), tmp_path)
    assert table.nbytes > 100 << 20
    assert pa.total_allocated_bytes() - before < 1 << 20
    assert table["grey"][4000].as_py() == bytes(36864)


def test_an_empty_part_gives_a_table_without_rows(tmp_path: Path) -> None:
    assert mapped([parts(1)[0].slice(0, 0)], tmp_path).num_rows == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere cannot be written: No such file or directory"):
        mapped(parts(1), tmp_path / "nowhere")
