"""The demo, `make demo`: serves the embedded teacher, builds a small corpus with it, proves it and shows one trace."""

import os
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs import inputs
from jobs.audit import audit
from jobs.build import Options, build
from jobs.interrupts import INTERRUPTED
from jobs.progress import Watcher
from jobs.show import corpus as show
from pipeline.models.embedded import embedded_teacher
from schemas.corpus import SftText
from schemas.errors import MedtraceError

MANIFEST = Path(__file__).parent / "manifests" / "demo.toml"
OUT = Path("out/demo")
STORE = Path(".medtrace/demo")
WIDTH = 96
_SHOWN = (SftText.id, SftText.problem, SftText.response, SftText.answer, SftText.n_correct, SftText.n_sampled)


def demo() -> int:
    """Builds, audits and tells; the exit code. The teacher is served by this process and goes with it."""
    started_s = time.monotonic()
    asked = inputs.open_manifest(MANIFEST)
    _say("Serving SmolLM2-135M on this machine: a teacher to try the pipeline with, not for medicine.")
    with embedded_teacher() as base_url, Watcher() as watcher:
        _point_to(base_url)
        _say(f"Building {MANIFEST.relative_to(Path.cwd()) if MANIFEST.is_relative_to(Path.cwd()) else MANIFEST} at {base_url}.")
        built = build(asked, Options(STORE.absolute(), OUT.absolute()), watcher, watcher.say, watcher.count)
    show.built(built, as_json=False)
    if built.out is None:
        for error in built.errors:
            _say(f"Error: {error}")
        return 1
    found = audit(built.out, strict=False)
    show.audit(found, as_json=False)
    _tell(built.counts, time.monotonic() - started_s)
    return 1 if found.failed else 0


def _point_to(base_url: str) -> None:
    """Makes the embedded server the endpoint of every teacher, whatever the environment said, and sends it no key."""
    for variable in [name for name in os.environ if name.startswith("MEDTRACE_") and name.endswith("_BASE_URL")]:
        del os.environ[variable]
    os.environ |= {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": ""}


def _tell(counts: dict[str, int], seconds: float) -> None:
    trace = kept_trace(OUT)
    if trace is not None:
        head = f"One of {counts['sft']} kept traces ({trace[SftText.n_correct]} of {trace[SftText.n_sampled]} samples of this question are right)"
        _print(head, "=" * len(head), *_wrapped(trace[SftText.problem]), "-" * len(head), *_wrapped(trace[SftText.response]), "")
    _print(
        f"Built, audited and told in {seconds:.0f} s. Look at:",
        f"  {OUT}/README.md            the dataset card: what came in, what went and why, pass rates, licences",
        f"  {OUT}/report.html          the same with charts and a sample of traces, for a browser",
        f"  {OUT}/data/sft/            {counts.get('sft', 0):>4} traces whose answer the verifier proved right",
        f"  {OUT}/data/rl/             {counts.get('rl', 0):>4} questions with gold and pass rate, those with images too",
        f"  {OUT}/data/rejected/       {counts.get('rejected', 0):>4} traces that were not kept, each with its verdict",
        f"Run it again: nothing is asked twice. Remove {STORE} and {OUT} to start from nothing.",
    )


def kept_trace(corpus: Path) -> dict[str, Any] | None:
    """Of the questions that were answered right most often, the kept trace with the longest thought; none where none was kept."""
    shards = sorted((corpus / "data" / "sft").glob("*.parquet"))
    rows = [row for path in shards for row in pq.read_table(path, columns=list(_SHOWN)).to_pylist()]
    return min(rows, key=lambda row: (-row[SftText.n_correct], -len(row[SftText.response]), row[SftText.id]), default=None)


def _wrapped(text: str) -> list[str]:
    return [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, WIDTH) or [""]]


def _print(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    """Runs the demo; an expected error is one sentence."""
    try:
        code = demo()
    except MedtraceError as error:
        _say(f"Error: {error}")
        code = error.exit_code
    except KeyboardInterrupt:
        _say("Stopped. What was finished is kept; run make demo again to go on.")
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
