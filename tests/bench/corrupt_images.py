"""Broken images through cleaning, measuring, hashing and sketching, in a child with bounded memory: none may crash, hang or grow.

MEDTRACE_DATA=DIR python -m tests.bench.corrupt_images [count=2000] [seed=0]
"""

import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from pipeline.images.clean import clean
from pipeline.images.confirm import sketch
from pipeline.images.decode import measure
from pipeline.images.phash import perceptual_hashes
from tests.fixtures.corrupted import Broken, corrupted, forms

MOST_BYTES = 4 << 30
MOST_SECONDS = 30.0
_SIDE = 512


class Told(NamedTuple):
    """What became of one broken image: its fault ('' where it is still an image), CPU seconds, and the peak of memory so far."""

    fault: str
    seconds: float
    peak_mib: int


class Failure(NamedTuple):
    """A broken image that crashed, hung or outgrew the child."""

    name: str
    how: str


def originals(root: Path) -> list[tuple[str, bytes]]:
    """Real files of every format: radiographs as they came and in every form, and all DICOM samples."""
    real = sorted((root / "vqa_rad").rglob("*.jpg"))
    picture = Image.open(BytesIO(real[0].read_bytes()))
    picture.thumbnail((_SIDE, _SIDE))
    found = [(path.name, path.read_bytes()) for path in (real[1], real[2], *sorted((root / "bccd").rglob("*.jpg"))[:1])]
    found += list(forms(picture).items())
    return found + [(path.name, path.read_bytes()) for path in sorted((root / "pydicom_test_files").rglob("*")) if path.suffix == ".dcm"]


def look(data: bytes) -> str:
    """All that a build does to an image; the fault that it names."""
    cleaned = clean(data)
    perceptual_hashes(data)
    if cleaned.fault:
        return cleaned.fault
    measured = measure(cleaned.bytes)
    hashes = perceptual_hashes(cleaned.bytes)
    if bool(measured.fault) != bool(hashes.fault):
        return f"measured '{measured.fault}', hashed '{hashes.fault}'"
    if not measured.fault:
        sketch(cleaned.bytes)
    return measured.fault


def _serve(pipe: Connection, most_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    while True:
        data = pipe.recv_bytes()
        began = time.process_time()
        try:
            fault = look(data)
        except Exception as error:
            fault = f"raised {type(error).__name__}: {error}"
        pipe.send(Told(fault, time.process_time() - began, _peak_mib()))


def _peak_mib() -> int:
    """The most memory that this program has held; ru_maxrss also counts what its parent held when it was started."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


class Child:
    """A process that looks at one image at a time; a new one is started where it died."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._most), daemon=True)
        self._process.start()
        other.close()

    def ask(self, data: bytes) -> Told | str:
        """What became of it, or how the child ended."""
        self._pipe.send_bytes(data)
        try:
            if self._pipe.poll(MOST_SECONDS):
                return self._pipe.recv()
            how = f"more than {MOST_SECONDS:.0f} s"
        except EOFError:
            how = "died"
        self.close()
        self._start()
        return how

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def run(cases: Sequence[Broken]) -> tuple[list[Failure], list[Told]]:
    """The failures, and what became of the rest."""
    child = Child()
    failures: list[Failure] = []
    told: list[Told] = []
    for case in cases:
        found = child.ask(case.data)
        if isinstance(found, str):
            failures.append(Failure(case.name, found))
        elif found.fault.startswith(("raised", "measured")):
            failures.append(Failure(case.name, found.fault))
        else:
            told.append(found)
    child.close()
    return failures, told


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    failures, told = run(list(corrupted(originals(Path(os.environ["MEDTRACE_DATA"])), count, seed)))
    for failure in failures:
        print(f"FAILED {failure.name}: {failure.how}")
    slowest, peak = max(one.seconds for one in told), max(one.peak_mib for one in told)
    print(f"{count} broken images, {len(failures)} failed; slowest {slowest:.2f} CPU s, peak {peak} MiB")
    for fault, times in Counter(one.fault for one in told).most_common():
        print(f"{times:6}  {fault or 'still an image'}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
