"""Real files through their sources: rows in, rows out, rejects by reason, and the gold of the first row that reads.

`MEDTRACE_DATA=DIR PYTHONPATH=. python tests/bench/real_sources.py`; the rows whose golds are known by hand stand in tests/sources.
"""

import os
from pathlib import Path

from schemas.errors import SourceError
from sources import SOURCES, by_name
from sources.check import check

# Folders that hold a dataset under another name than its own.
FOLDERS = {
    "medical_o1": "huatuogpt_o1",
    "medical_o1_verifiable": "huatuogpt_o1",
    "medxpertqa_text": "medxpertqa",
    "medxpertqa_mm": "medxpertqa",
}
FOLDERS |= {"mmlu_med": "mmlu", "mmlu_pro": "traces_mmlu_pro"}


def main() -> None:
    """A line for each split of each dataset that has files."""
    root = Path(os.environ["MEDTRACE_DATA"])
    print(f"{'source':<22}{'split':<12}{'in':>7}{'out':>7}  rejects; first gold")
    for source in SOURCES:
        folder = root / FOLDERS.get(source.name, source.name)
        for split in source.splits if folder.is_dir() else ():
            path = next(iter(sorted(folder.rglob("*.json"))), folder) if source.name == "mmlu_pro" else folder
            try:
                found = check(by_name(source.name), path, split)
            except SourceError:
                continue
            told = ", ".join(f"{fault.count} {fault.reason}" for fault in found.faults) or "none"
            out = found.rows - sum(fault.count for fault in found.faults)
            gold = f"{found.first.row[:24]} {str(dict(found.first.gold))[:70]}" if found.first else "-"
            print(f"{source.name:<22}{split:<12}{found.rows:>7,}{out:>7,}  {told}; {gold}", flush=True)


if __name__ == "__main__":
    main()
