"""How often the identifier rules flag real questions, how many planted identifiers they find, and what a text costs.

Run: MEDTRACE_DATA=data python -m tests.bench.bench_identifiers [--most 20000]
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipeline.texts.identifiers import find_identifiers
from sources import by_name
from sources.source import Row
from tests.pipeline.texts.test_identifiers import HELD

SOURCES = {"medmcqa": "validation", "medqa": "test", "pubmedqa": None, "headqa": None, "vqa_rad": None}
CARRIERS = ("{}", "A 54-year-old man has a cough. {}. Which is the next step?", "{}; vital signs are stable.")


def texts_of(row: Row) -> Iterator[str]:
    """What a build scans of a row."""
    yield from (row.question, row.context, *row.options)


def rows_of(folder: Path, split: str | None) -> Iterator[Row]:
    """The rows of a source."""
    layout, parts = by_name(folder.name).fit(folder, split)
    return (row for part in parts for row in layout.read(part))


def main() -> None:
    """Prints a table of sources, then recall by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=20_000, help="rows of each source")
    most = parser.parse_args().most
    data = Path(os.environ.get("MEDTRACE_DATA") or sys.exit("MEDTRACE_DATA is not set: no real questions to read."))
    print("| source | rows | rows held back | share | by kind | µs a row |\n|---|---|---|---|---|---|")
    for name, split in SOURCES.items():
        if not (data / name).is_dir():
            print(f"| {name} | not there | | | | |")
            continue
        rows = [list(texts_of(row)) for row in islice(rows_of(data / name, split), most)]
        start_s = time.process_time()
        found = [[one for text in texts for one in find_identifiers(text)] for texts in rows]
        spent_s = time.process_time() - start_s
        held = sum(any(one.fails for one in ones) for ones in found)
        kinds = Counter(kind for ones in found for kind in {one.kind.value for one in ones if one.fails})
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        print(f"| {name} | {len(rows)} | {held} | {held / len(rows):.2%} | {told} | {1e6 * spent_s / len(rows):.0f} |")
    print("\n| kind | planted | found |\n|---|---|---|")
    for kind, examples in HELD.items():
        texts = [(carrier.format(text), said) for carrier in CARRIERS for text, said in examples]
        hits = sum(any(one.fails and said in text[one.start : one.stop] for one in find_identifiers(text)) for text, said in texts)
        print(f"| {kind.value} | {len(texts)} | {hits} |")


if __name__ == "__main__":
    main()
