"""Questions in nearly the same words as a corpus holds them: where they lie, how they are counted, what the card says of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.fingerprint import digest_columns, table_digest
from pipeline.publish.markdown import code, table
from schemas.manifest import Manifest
from schemas.similar import Similar

SIMILAR = "similar.parquet"


def count_similar(path: Path) -> dict[str, Any]:
    """What the lock says of the pairs: rows, logical digest, and for each set of what speaks against: pairs, and examples that come later."""
    held = pq.read_table(path, use_threads=False)
    found: dict[str, list[str]] = {}
    for against, id in zip(held[Similar.against].to_pylist(), held[Similar.id].to_pylist(), strict=True):
        found.setdefault(", ".join(against), []).append(id)
    counts = [[against, len(ids), len(set(ids))] for against, ids in sorted(found.items())]
    return {"path": SIMILAR, "rows": held.num_rows, "digest": table_digest(digest_columns(held).columns), "counts": counts}


def similar_section(lock: Mapping[str, Any], manifest: Manifest) -> str:
    """What the card says of questions in nearly the same words: a count for what makes them two, and what was done."""
    told = lock.get("similar")
    if not told:
        return "Questions in nearly the same words were not looked for; only those of the same wording and options count as one."
    done = "none is left out"
    if manifest.texts.near == "drop":
        done = "where nothing makes them two only the one that comes first stays"
    count = f"{told['rows']:,} pair{'' if told['rows'] == 1 else 's'}"
    said = f"Questions whose runs of three words have a Jaccard similarity of at least {manifest.texts.threshold} share a split; {done}. "
    said += (
        f"{code(told['path'])} holds {count} before anything was left out, each with its similarity and with what makes it two questions."
    )
    if not told["counts"]:
        return said
    rows = [[code(against) if against else "nothing but grammar and signs", *counts] for against, *counts in told["counts"]]
    return said + "\n\n" + table(("what differs", "pairs", "later examples"), rows)
