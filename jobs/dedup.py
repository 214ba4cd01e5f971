"""The dedup command: duplicate clusters of a folder or Parquet file, written as Parquet or CSV."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipeline.dedup import DuplicateImage, dedup_images, images_of
from pipeline.images.near import RADIUS
from pipeline.run_local import available_cpus
from pipeline.store import check_writable, writing
from schemas.errors import StoreError, UsageError


def dedup(path: Path, radius: int = RADIUS, out: Path | None = None, *, exact: bool = False) -> pa.Table:
    """One row an image, written to `out` where given; `exact`: distances are those of imagehash to the bit.

    Raises: SourceError of a path without images, UsageError of a radius that fits no hash or of another kind of file to write,
    StoreError where `out` cannot be written, before anything is read.
    """
    if out is not None:
        _check(out)
    table = dedup_images(images_of(path), radius, available_cpus(), exact=exact)
    if out is not None:
        _write(table, out)
    return table


def summary(table: pa.Table) -> str:
    """What was found, in one sentence."""
    broken = table[DuplicateImage.cluster].null_count
    clusters = pc.count_distinct(table[DuplicateImage.cluster]).as_py()
    sizes = table.group_by(DuplicateImage.cluster).aggregate([(str(DuplicateImage.path), "count")])
    shared = sum(1 for row in sizes.to_pylist() if row[DuplicateImage.cluster] is not None and row[f"{DuplicateImage.path}_count"] > 1)
    unread = f"{_several(broken, 'image')} {'does' if broken == 1 else 'do'} not decode"
    return f"{_several(table.num_rows, 'image')}: {_several(clusters, 'picture')}, {shared} of them more than once; {unread}."


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _check(out: Path) -> None:
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--out {out} is neither Parquet (.parquet) nor CSV (.csv): name it so.")
    if out.is_dir():
        raise StoreError(f"{out} cannot be written: it is a folder. Name a file with --out.")
    check_writable(out.parent, "--out")


def _write(table: pa.Table, out: Path) -> None:
    with writing(out) as partial:
        if out.suffix.lower() == ".csv":
            pa_csv.write_csv(table, partial)
        else:
            pq.write_table(table, partial)
