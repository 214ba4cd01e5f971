"""Recall of paraphrases of real questions, by kind and by what of the options they keep; the paraphrases are our own, the originals upstream's.

Run: MEDTRACE_DATA=… python -m tests.bench.bench_paraphrases [--lost] [FILE of rows with kind, set, id and text]
"""

import argparse
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path

from pipeline.texts.decide import Decision
from pipeline.texts.overlap import Detector, Hit
from pipeline.texts.questions import Question
from tests.bench.bench_overlap_real import read

HELD = Path(__file__).parents[1] / "pipeline/texts/paraphrases_real.jsonl"


def with_options(text: str, held: Question) -> Question:
    options = list(held.options)
    random.Random(held.id).shuffle(options)
    return Question("p", text, "", tuple(options))


def with_gold(text: str, held: Question) -> Question:
    return with_options(text, held)._replace(gold=held.gold)


def bare(text: str, held: Question) -> Question:
    return Question("p", text)


def outcome(hits: list[Hit], wanted: int, same: set[int]) -> str:
    """leak, report or lost; `other` where another row leaks."""
    mine = [hit for hit in hits if hit.benchmark in same or hit.benchmark == wanted]
    if any(hit.decision is Decision.LEAK for hit in mine):
        return "leak"
    return "report" if mine else "lost"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lost", action="store_true", help="name what is no leak")
    parser.add_argument("file", nargs="?", type=Path, default=HELD)
    asked = parser.parse_args()
    root = os.environ.get("MEDTRACE_DATA")
    if not root:
        sys.exit("MEDTRACE_DATA names no folder of real data: nothing to measure.")
    sets = read(Path(root))
    told = [json.loads(line) for line in asked.file.read_text(encoding="utf-8").splitlines()]
    counts: Counter[tuple[str, str, str]] = Counter()
    others = 0
    for name in sorted({row["set"] for row in told}):
        rows, detector = sets[name], Detector(sets[name])
        place = {row.id: at for at, row in enumerate(rows)}
        for row in (row for row in told if row["set"] == name):
            wanted = place[row["id"]]
            same = {at for at, one in enumerate(rows) if one.question == rows[wanted].question}
            for form in (with_gold, with_options, bare):
                hits = detector.find([form(row["text"], rows[wanted])])
                found = outcome(hits, wanted, same)
                counts[row["kind"], form.__name__, found] += 1
                strange = [hit for hit in hits if hit.decision is Decision.LEAK and hit.benchmark not in same]
                others += len(strange)
                for hit in strange:
                    print(f"another row: {row['text']} IS TAKEN FOR {rows[hit.benchmark].question[:160]}")
                if asked.lost and found != "leak":
                    print(f"{found:<7}{form.__name__:<13}{row['id'][:24]:<26}{row['text'][:110]}")
    for kind in ("short", "vignette", "one line"):
        for form in ("with_gold", "with_options", "bare"):
            leak, report, lost = (counts[kind, form, found] for found in ("leak", "report", "lost"))
            print(f"{kind:<10}{form:<13}leak {leak} of {leak + report + lost}  leak or report {leak + report}")
    print(f"leaks of another row: {others}")


if __name__ == "__main__":
    main()
