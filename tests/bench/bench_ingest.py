"""Ingest beside datasets.load_dataset and polars: a million synthetic text rows, and 50,000 images in a zip; CPU time and peak memory.

Each case runs in a process of its own. `PYTHONPATH=. python tests/bench/bench_ingest.py [ROWS] [IMAGES]`; polars is measured where it is installed.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

from pipeline.images.clean import CLEAN_VERSION
from pipeline.read_source import read_source
from pipeline.stages.ingest import IngestRecipe
from sources import by_name
from sources.png import png


def write_rows(path: Path, rows: int) -> None:
    """MedMCQA's JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for place in range(rows):
            row = {"id": f"r{place}", "question": f"Which vitamin helps in case {place} of {place * 7919 % 99991}?", "cop": place % 4 + 1}
            row |= {"opa": f"A{place % 97}", "opb": "vitamin B", "opc": "vitamin C", "opd": "vitamin D", "subject_name": "Biochemistry"}
            file.write(json.dumps(row | {"exp": "Because of scurvy. " * 6, "topic_name": None, "choice_type": "single"}) + "\n")


def write_images(folder: Path, images: int) -> None:
    """PMC-VQA's CSV with its zip."""
    import numpy as np

    roll = np.random.default_rng(0)
    with (folder / "train.csv").open("w", encoding="utf-8") as table, zipfile.ZipFile(folder / "images.zip", "w") as archive:
        table.write("Figure_path,Question,Answer,Choice A,Choice B,Choice C,Choice D,Answer_label\n")
        for place in range(images):
            table.write(f"PMC{place}_F1.png,What is seen in {place}?, two, A:one , B:two , C:three , D:four ,B\n")
            archive.writestr(f"images/PMC{place}_F1.png", png(roll.integers(0, 256, (64, 64, 3)).astype(np.uint8)))


def ours(name: str, folder: Path) -> int:
    """Rows of every part through ingest, one part after another; what is made is dropped as a store would have taken it."""
    layout, parts = by_name(name).fit(folder, "train")
    recipe = IngestRecipe(name, name, 1, layout.name, "train", "MIT", CLEAN_VERSION)
    return sum(read_source(part, recipe, layout)["examples"].num_rows for part in parts)


def run(case: str, folder: Path) -> int:
    """The rows that a case has read."""
    if case == "medtrace rows":
        return ours("medmcqa", folder)
    if case == "medtrace images":
        return ours("pmc_vqa", folder)
    if case == "datasets rows":
        from datasets import load_dataset

        return len(load_dataset("json", data_files=str(folder / "train.json"), split="train", cache_dir=str(folder / "cache")))
    if case == "datasets images":
        from datasets import load_dataset

        return len(load_dataset("imagefolder", data_files=str(folder / "images.zip"), split="train", cache_dir=str(folder / "cache")))
    import polars

    return polars.read_ndjson(folder / "train.json").height


def measure(case: str, folder: Path) -> None:
    """One case in a process of its own."""
    before = time.process_time()
    rows = run(case, folder)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = time.process_time() - before + usage.ru_utime + usage.ru_stime
    peak_mb = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, usage.ru_maxrss) / 1024
    print(f"{case:<18}{rows:>10,} rows {cpu_s:>8.1f} CPU s {rows / cpu_s:>10,.0f} rows/s {peak_mb:>8,.0f} MB at most", flush=True)


def main() -> None:
    """Every case, and ours at a tenth of the rows: flat memory is the same peak."""
    rows, images = (int(word) for word in (*sys.argv[1:3], *("1000000", "50000")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as named:
        root = Path(named)
        for name in ("rows", "tenth", "images", "few"):
            (root / name).mkdir()
        write_rows(root / "rows" / "train.json", rows)
        write_rows(root / "tenth" / "train.json", rows // 10)
        write_images(root / "images", images)
        write_images(root / "few", images // 10)
        cases = [("medtrace rows", "tenth"), ("medtrace rows", "rows"), ("datasets rows", "rows")]
        cases += [("polars rows", "rows")] if find_spec("polars") else []
        cases += [("medtrace images", "few"), ("medtrace images", "images"), ("datasets images", "images")]
        for case, folder in cases:
            told = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
            subprocess.run([sys.executable, __file__, "--case", case, str(root / folder)], check=True, env=told)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
