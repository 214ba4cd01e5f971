"""How published tables lie in Parquet: which leaves are dictionary-encoded, compressed and counted."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from schemas.contract import Contract

IMAGE_BYTES = "images.list.element.bytes"
ONE_IMAGE_BYTES = "image.bytes"
DICTIONARY_LIMIT_BYTES = 256 << 20
ZSTD_LEVEL = 3
SHARD_BYTES = 500_000_000
# As the values are read, images repeated.
GROUP_BYTES = 100 << 20

# Strings with few values, or with one value for many rows that lie together.
REPEATED = frozenset(
    [
        "source",
        "source_split",
        "source_group",
        "license",
        "modality",
        "domain",
        "body_part",
        "task",
        "subject",
        "answer",
        "answer_type",
        "teacher",
        "model",
        "prompt_name",
        "sampling_json",
        "finish_reason",
        "verifier",
        "verdict",
        "rule",
        "reason",
        "no_trace",
        "error",
        "role",
        "style",
        "split",
        "path",
    ]
)
# Texts and bytes whose least and greatest value tells nothing, and would lie in the footer.
LONG = frozenset(
    ["problem", "response", "content", "bytes", "options_json", "grading_json", "sampling_json", "ground_truth", "extracted", "error"]
)


class Leaf(NamedTuple):
    """A column as Parquet names it, and its type."""

    path: str
    name: str
    type: pa.DataType


def leaves(schema: pa.Schema) -> list[Leaf]:
    """The leaf columns of a schema, in order."""
    return [leaf for field in schema for leaf in _leaves(field.name, field.name, field.type)]


def parquet_options(of: type[Contract] | pa.Schema) -> dict[str, Any]:
    """The options of `pyarrow.parquet.write_table` for a table of a contract, or of another schema that is published.

    Images are compressed already: each is written once a row group by its dictionary, without a codec
    (measured: 2,475 MB/s against 1,384 with zstd and no dictionary, 89.7 MB against 862 plain).
    """
    found = leaves(of if isinstance(of, pa.Schema) else of.schema)
    packed = {leaf.path: "none" if leaf.path in (IMAGE_BYTES, ONE_IMAGE_BYTES) else "zstd" for leaf in found}
    return {
        "compression": packed,
        "compression_level": {path: ZSTD_LEVEL for path, codec in packed.items() if codec == "zstd"},
        "use_dictionary": [leaf.path for leaf in found if leaf.path in (IMAGE_BYTES, ONE_IMAGE_BYTES) or _repeats(leaf)],
        "dictionary_pagesize_limit": DICTIONARY_LIMIT_BYTES,
        "write_statistics": [leaf.path for leaf in found if leaf.name not in LONG],
        "write_page_index": True,
    }


def shard_options(of: type[Contract] | pa.Schema, *, chunked: bool = False) -> dict[str, Any]:
    """The options with which a published table is written; `chunked`: texts are cut into pages by their content."""
    return {**parquet_options(of), "max_group_bytes": GROUP_BYTES, **({"use_content_defined_chunking": True} if chunked else {})}


def shard_path(config: str, split: str, label: str) -> str:
    """Where a shard lies in a corpus, relative."""
    return f"data/{config}/{split}-{label}.parquet"


def data_files(config: str, split: str) -> str:
    """The pattern that finds a split's shards in a corpus."""
    return shard_path(config, split, "*")


def _repeats(leaf: Leaf) -> bool:
    return pa.types.is_string(leaf.type) and leaf.name in REPEATED


def _leaves(path: str, name: str, kind: pa.DataType) -> Iterator[Leaf]:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(f"{path}.list.element", name, kind.value_type)
    elif pa.types.is_struct(kind):
        for place in range(kind.num_fields):
            child = kind.field(place)
            yield from _leaves(f"{path}.{child.name}", child.name, child.type)
    else:
        yield Leaf(path, name, kind)
