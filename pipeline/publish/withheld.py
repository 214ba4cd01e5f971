"""Pictures that are not passed on: how many there are, and what the card says of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.publish.markdown import code
from schemas.corpus import Rl

LEFT_OUT = "their pictures are withheld; medtrace fill puts them in"

Counts = dict[str, dict[str, int]]


def count_withheld(tables: Iterable[Path]) -> Counts:
    """Questions whose pictures are withheld, and those pictures, by source, over tables of `rl`."""
    questions: dict[str, int] = {}
    pictures: dict[str, set[str]] = {}
    for path in tables:
        for row in pq.read_table(path, columns=[Rl.source, Rl.withheld_images], use_threads=False).to_pylist():
            if row[Rl.withheld_images]:
                questions[row[Rl.source]] = questions.get(row[Rl.source], 0) + 1
                pictures.setdefault(row[Rl.source], set()).update(row[Rl.withheld_images])
    return {source: {"questions": questions[source], "images": len(pictures[source])} for source in sorted(questions)}


def withheld_section(lock: Mapping[str, Any]) -> str:
    """What the card says of pictures that are not there, and of those that were put back; '' where all are."""
    told: Counts = lock.get("withheld") or {}
    said = [
        f"The {counts['images']:,} pictures of {counts['questions']:,} questions of {code(source)} are not passed on: there `images` is empty, "
        "the texts hold no marker, and `withheld_images` names them."
        for source, counts in told.items()
    ]
    if said:
        places = " ".join(f"--source {source}=PATH" for source in told)
        said.append(
            "Whoever has the source's files puts them back, each proved by its sha256: "
            f"{code(f'medtrace fill CORPUS {places}')}. Rows without them are no use to train on; exports leave them out."
        )
    filled = ", ".join(code(source) for source in lock.get("filled") or ())
    if filled:
        said.append(f"The pictures of {filled} were put back from the source's files on one machine. Do not pass this copy on.")
    return " ".join(said)
