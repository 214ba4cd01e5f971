"""Kills builds over real data at random moments, and proves that the next one pays for nothing twice and ends the same.

Run: python -m tests.bench.kill_builds --data DATA --kills 10 [--runner local|ray] [--kill driver|worker] [--folder EMPTY]
"""

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.models.budget import unsettled
from tests.fixtures.local_build import TEACHER, Project, contents, end_session, logged, serving, start

SOURCES = {"medmcqa": "validation", "pubmedqa": "train", "vqa_rad": "train"}
SOURCE = """
[[source]]
name = "{name}"
split = "{split}"
path = "{path}"
max_rows = 100
"""
SAMPLES = 4
PAUSE_S = 0.1
BOUND_S = 300.0
WORKERS = ("ray::_unit", "ray::_Keeper")


class Outcome(NamedTuple):
    """What one kill did: where it struck, and what the build after it asked.

    `cut_off`: answers that were given and did not reach the ledger. `in_flight`: requests then reserved and not settled, of which
    `unsettled` still count at the end.
    """

    where: str
    before: int
    kept: int
    cut_off: int
    in_flight: int
    after: int
    twice: int
    paid_twice: int
    unsettled: int
    identical: bool

    @property
    def bad(self) -> bool:
        """Whether an answer of the ledger was paid again, more were cut off than count as unsettled, or the corpus is another.

        Answers that the teacher still gave to the dead come after `cut_off` was counted: they are among those asked twice.
        """
        return bool(self.paid_twice) or not self.identical or not self.cut_off <= self.twice <= self.unsettled <= self.in_flight


def project_in(folder: Path, data: Path) -> Project:
    """A project over three real sources."""
    folder.mkdir(parents=True)
    project = Project(folder)
    sources = "".join(SOURCE.format(name=name, split=split, path=(data / name).resolve()) for name, split in SOURCES.items())
    project.manifest.write_text(f'name = "killed"\n{sources}{TEACHER.format(samples=SAMPLES)}sees = ["text", "image"]\n')
    return project


def build(project: Project, runner: str, url: str) -> subprocess.Popen[str]:
    """A build that has begun."""
    return start(project.arguments("--runner", runner, "--workers", "2", "--quiet"), url)


def finish(process: subprocess.Popen[str]) -> None:
    """Waits for a build that must succeed."""
    _, err = process.communicate(timeout=BOUND_S)
    if process.returncode:
        raise SystemExit(f"The build failed with {process.returncode}: {err}")


def descendants(leader: int) -> list[tuple[int, str]]:
    """The processes under one, with their titles (Linux)."""
    children: dict[int, list[int]] = {}
    titles: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            titles[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    waiting = [leader]
    while waiting:
        waiting += (here := children.get(waiting.pop(), []))
        found += here
    return [(process, titles[process]) for process in found]


def kill(process: subprocess.Popen[str], victim: str, chosen: random.Random) -> str:
    """Kills the driver, or one of its cluster's workers at work; says which."""
    if victim == "driver":
        process.kill()
        process.communicate()
        return "driver"
    stop_s = time.monotonic() + BOUND_S
    while process.poll() is None and time.monotonic() < stop_s:
        workers = [(worker, title) for worker, title in descendants(process.pid) if title.startswith(WORKERS)]
        if workers:
            worker, title = chosen.choice(sorted(workers))
            os.kill(worker, signal.SIGKILL)
            return title
        time.sleep(0.01)
    return "no worker was at work"


def strike(project: Project, runner: str, victim: str, total: int, chosen: random.Random, reference: dict[str, bytes]) -> Outcome:
    """One build that is killed at a random moment, and its way to the end."""
    log = project.folder / "log"
    moment = chosen.randrange(total)
    with serving(log, pause_s=PAUSE_S) as url:
        process = build(project, runner, url)
        try:
            stop_s = time.monotonic() + BOUND_S
            while logged(log).total() < moment and process.poll() is None and time.monotonic() < stop_s:
                time.sleep(0.01)
            where = kill(process, victim, chosen)
            before = logged(log)
            kept = project.answered() if (project.store / "ledger").exists() else set[int]()
            in_flight = open_in(project)
            if victim == "worker":
                finish(process)
        finally:
            end_session(process)
        if victim == "driver":
            finish(build(project, runner, url))
    after = logged(log)
    twice = sum(count - 1 for count in after.values())
    paid_twice = len(kept & set(after - before))
    identical = contents(project.out) == reference
    cut_off = len(set(before) - kept)
    asked = after.total() - before.total()
    return Outcome(where, before.total(), len(kept), cut_off, in_flight, asked, twice, paid_twice, open_in(project), identical)


def open_in(project: Project) -> int:
    """Requests whose answer is not known, as the budget's journal counts them."""
    return sum(map(len, unsettled(project.store / "ledger").values()))


def series(data: Path, folder: Path, *, kills: int, runner: str, victim: str, seed: int) -> Sequence[Outcome]:
    """An undisturbed build, then `kills` disturbed ones, each from nothing; prints one line a kill."""
    calm = project_in(folder / "calm", data)
    with serving(calm.folder / "log") as url:
        finish(build(calm, "local", url))
    reference, total = contents(calm.out), logged(calm.folder / "log").total()
    print(f"undisturbed: {total} requests, {len(reference)} files; seed {seed}", flush=True)
    chosen = random.Random(seed)
    outcomes: list[Outcome] = []
    for number in range(kills):
        found = strike(project_in(folder / f"kill{number}", data), runner, victim, total, chosen, reference)
        outcomes.append(found)
        print(
            f"kill {number + 1}: {found.where} after {found.before} answers ({found.kept} in the ledger, {found.cut_off} cut off, "
            f"{found.in_flight} in flight), {found.after} after it, {found.twice} asked twice ({found.paid_twice} of them in the ledger), "
            f"{found.unsettled} unsettled, {'identical' if found.identical else 'DIFFERENT'}{', BAD' if found.bad else ''}",
            flush=True,
        )
    return outcomes


def main() -> None:
    """Prints the series and exits with 1 where anything was paid twice or came out different."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--runner", choices=["local", "ray"], default="local")
    parser.add_argument("--kill", choices=["driver", "worker"], default="driver")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="Where to build [default: a temporary folder].")
    given = parser.parse_args()
    if given.kill == "worker" and given.runner != "ray":
        parser.error("--kill worker goes with --runner ray")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        outcomes = series(given.data, Path(folder), kills=given.kills, runner=given.runner, victim=given.kill, seed=given.seed)
    bad = [found for found in outcomes if found.bad]
    told = {name: sum(getattr(found, name) for found in outcomes) for name in ("cut_off", "in_flight", "twice", "unsettled")}
    print(f"{len(outcomes)} kills, {len(bad)} bad; in all {', '.join(f'{count} {name}' for name, count in told.items())}")
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
