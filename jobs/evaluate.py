"""Evaluating a model: a benchmark's questions through the graph into a folder of scored answers and their numbers."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import inputs as found
from jobs.build import Options, run
from jobs.steps.evaluation import RANDOM, Evaluation, evaluation_graph
from jobs.steps.given import Engine, Input, ingest_name
from pipeline.evaluation.answers import Answered, answered_of
from pipeline.evaluation.summary import Summary, summarise
from pipeline.fingerprint import fingerprint, plain
from pipeline.graph import Counting, Execution, Watch
from pipeline.models.accounts import Cap, Caps, Money
from pipeline.models.prices import nanousd_of
from pipeline.store import Store, check_writable, writing
from pipeline.verify import gpt2
from pipeline.verify.answer import VERIFIER
from schemas.errors import CorpusError, ManifestError, MedtraceError, SourceError, StoreError
from schemas.evaluation import Scored
from schemas.example import Chosen, Reject
from schemas.manifest import Dataset

FORMAT = "medtrace-evaluation/1"
NUMBERS, ANSWERS = "evaluation.json", "scored.parquet"
LOCK = "benchmarks.lock.json"


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation gave. `rejects`: rows of a benchmark that could not be read, by reason."""

    name: str
    out: Path | None
    numbers: dict[str, Any]
    summaries: tuple[Summary, ...]
    errors: tuple[MedtraceError, ...]


def evaluate(
    asked: Evaluation,
    datasets: Sequence[Dataset],
    name: str,
    options: Options,
    *,
    engine: Engine | None = None,
    budget_usd: float | None = None,
    watch: Watch | None = None,
    say: Callable[[str], None] = lambda line: None,
    answers: Counting = lambda count: None,
) -> Evaluated:
    """Puts every question, scores the answers, and writes the folder `options.out`. What is stored or in the ledger is not done again.

    Raises: MedtraceError before anything ran; what fails later is in the result's errors.
    """
    check_writable(options.store, "--store")
    _check_replaceable(options.out)
    check_writable(options.out.parent, "--out")
    wanted = [(dataset, True) for dataset in datasets]
    items, _ = found.resolve_all(
        wanted, Path.cwd(), options.store / LOCK, options.store / "fetched", locked=options.locked, relock=options.relock
    )
    items = tuple(replace(item, benchmark=False) for item in items)
    if asked.model != RANDOM and engine is None:
        _check_permissions(asked, items)
    caps = Caps(Cap(None if budget_usd is None else nanousd_of(budget_usd)))
    graph = evaluation_graph(asked, items, Money(f"evaluation {name}", None, caps), engine)
    graph.check()
    say(f"{name}: {len(items)} benchmarks, {len(graph.steps)} steps, store {options.store}")
    store = Store(options.store)
    read = run(graph.until("take"), options, watch)
    if not read.errors:
        _check_questions(store, read, items)
    execution = read if read.errors else run(graph, options, watch, answers)
    if execution.errors:
        return Evaluated(name, None, {}, (), tuple(execution.errors))
    scored = _scored(store, execution)
    summaries = tuple(summarise(answered_of(scored.to_pylist())))
    numbers = _numbers(name, asked, items, store, execution, summaries)
    _write(options.out, scored, numbers)
    return Evaluated(name, options.out, numbers, summaries, ())


def folder_of(root: Path, name: str, asked: Evaluation, datasets: Sequence[Dataset]) -> Path:
    """Where the numbers of an evaluation go that is told no folder: by its name, and apart from one of other settings that is there."""
    settings = json.loads(json.dumps([plain(asked), sorted([one.name, one.split] for one in datasets)]))
    try:
        numbers = json.loads((root / name / NUMBERS).read_text(encoding="utf-8"))
        held = [numbers["asked"], sorted([one, told["split"]] for one, told in numbers["benchmarks"].items())]
    except FileNotFoundError:
        return root / name
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        held = None
    return root / (name if held == settings else f"{name}-{fingerprint(settings)[:8]}")


def read_evaluation(folder: Path) -> tuple[dict[str, Any], list[Answered]]:
    """The numbers of an evaluation's folder, and its questions with their answers.

    Raises: CorpusError where the folder is no evaluation.
    """
    try:
        numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
        table = Scored.conform(pq.read_table(folder / ANSWERS), str(folder / ANSWERS))
        if numbers.get("format") != FORMAT:
            raise ValueError(f"its format is {numbers.get('format')!r}, not {FORMAT}")
        if numbers.get("answers_sha256") != _sha256(folder / ANSWERS):
            raise ValueError(f"{ANSWERS} is not the one that its numbers are of; evaluate again")
    except (OSError, ValueError, AttributeError, pa.ArrowException, MedtraceError) as error:
        raise CorpusError(f"{folder} is no evaluation: {error}. Name a folder that medtrace evaluate wrote.") from error
    return numbers, answered_of(table.to_pylist())


def _check_permissions(asked: Evaluation, items: Sequence[Input]) -> None:
    """Whether the model's server may be told the questions.

    Raises: TeacherError where no endpoint is known; ManifestError.
    """
    from pipeline.models.endpoints import address, endpoint_for

    endpoint = endpoint_for(asked.teacher, os.environ)
    closed = [item.dataset.name for item in items if item.source.access in found.RESTRICTED]
    if closed and endpoint.remote and not asked.may_send:
        where = ", ".join(map(address, endpoint.base_urls))
        raise ManifestError(
            f"{', '.join(closed)} may not be sent to {where}. Serve the model on this machine, or say --may-send where its terms permit that."
        )


def _scored(store: Store, execution: Execution) -> pa.Table:
    tables = [store.read(ref) for ref in execution.refs("score", "scored")]
    table = pa.concat_tables(tables) if tables else Scored.empty()
    return table.sort_by([(str(column), "ascending") for column in (Scored.benchmark, Scored.row, Scored.example, Scored.sample)])


def _rejects(store: Store, execution: Execution, item: Input) -> dict[str, int]:
    refs = execution.refs(ingest_name(item), "rejects")
    reasons = Counter(reason for ref in refs if ref.rows for reason in store.read(ref, [Reject.reason])[Reject.reason].to_pylist())
    return dict(sorted(reasons.items()))


def _check_questions(store: Store, execution: Execution, items: Sequence[Input]) -> None:
    """Before a model is asked. Raises: SourceError naming a benchmark that has no question with a gold, and why."""
    for item in items:
        if not any(ref.rows for ref in execution.refs(ingest_name(item), "examples")):
            left_out = ", ".join(f"{reason} {count:,}" for reason, count in _rejects(store, execution, item).items()) or "no row"
            others = [f"--split {item.dataset.name}={split}" for split in item.source.splits if split != item.split]
            said = f"{item.dataset.name} has no question with a gold in its {item.split} split at {item.parts[0].root}: {left_out}."
            raise SourceError(f"{said} Point --data to other files{', or say ' + ' or '.join(others) if others else ''}.")


def _numbers(
    name: str, asked: Evaluation, items: Sequence[Input], store: Store, execution: Execution, summaries: Sequence[Summary]
) -> dict[str, Any]:
    """All that is known of an evaluation, as JSON values; nothing of it says where or when it ran."""
    posed = Counter(
        source for ref in execution.refs("pose", "chosen") for source in store.read(ref, [Chosen.source])[Chosen.source].to_pylist()
    )
    scored = Counter({one.benchmark: one.all.questions for one in summaries})
    benchmarks = {
        item.dataset.name: {
            "title": item.source.title,
            "license": item.source.license,
            "split": item.split,
            "layout": item.layout.name,
            "files": {
                path.relative_to(item.parts[0].root).as_posix(): item.digests[path] for part in item.parts for path in part.files[:1]
            },
            "rejects": _rejects(store, execution, item),
            "not_seen": posed[item.dataset.name] - scored[item.dataset.name],
        }
        for item in items
    }
    absent = {} if gpt2.version() else {"gpt2_f1": f"the package {gpt2.PACKAGE}, which ships GPT-2's vocabulary, is not installed"}
    return {
        "format": FORMAT,
        "name": name,
        "verifier": VERIFIER,
        "asked": plain(asked),
        "benchmarks": benchmarks,
        "numbers": {one.benchmark: summary_json(one) for one in summaries},
        "not_computed": absent,
    }


def summary_json(found: Summary) -> dict[str, Any]:
    """A summary as JSON values."""
    return {
        "parts": {name: _part(part) for name, part in found.parts.items()},
        "subjects": {name: _part(part) for name, part in found.subjects.items()},
    }


def _part(part: Any) -> dict[str, Any]:
    told = asdict(part)
    for name in ("accuracy", "vote"):
        share = getattr(part, name)
        told[name] = None if share is None else share._asdict()
    told["pass_at"] = {str(k): value for k, value in part.pass_at.items()}
    return told


def _check_replaceable(out: Path) -> None:
    """Raises: StoreError where `out` holds anything but an earlier evaluation."""
    held = sorted(path.name for path in out.iterdir()) if out.is_dir() else [out.name] if out.exists() else []
    others = [name for name in held if name not in (NUMBERS, ANSWERS)]
    if others:
        raise StoreError(f"{out} holds {others[0]}, which no evaluation wrote, and is left as it is. Choose another folder with --out.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(out: Path, scored: pa.Table, numbers: Mapping[str, Any]) -> None:
    with writing(out / ANSWERS) as temporary:
        pq.write_table(scored, temporary, compression="zstd")
    told = {**numbers, "answers_sha256": _sha256(out / ANSWERS)}
    with writing(out / NUMBERS) as temporary:
        temporary.write_text(json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
