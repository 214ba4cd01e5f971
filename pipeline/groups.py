"""Names of rows, and of groups of rows that must not be split, that tell no patient."""

import hashlib
from collections.abc import Iterable

import pyarrow as pa


def group_name(source: str, group: str) -> str:
    """What a published row calls its patient, study, figure or case: 16 hex digits, the same wherever the source is read; '' for none."""
    return hashlib.sha256(f"{source}\0{group}".encode("utf-8", "surrogatepass")).hexdigest()[:16] if group else ""


def row_name(source: str, row: str) -> str:
    """What a takedown list calls an upstream row: 16 hex digits."""
    return hashlib.sha256(f"{source}\0row\0{row}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def group_names(sources: Iterable[str], groups: Iterable[str]) -> pa.Array:
    """The names of many."""
    return pa.array([group_name(source, group) for source, group in zip(sources, groups, strict=True)], pa.string())
