"""The lock of a corpus: what it was made of, what it holds, and the digest of every file."""

import platform
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.fingerprint import fingerprint
from pipeline.publish.card import CARD
from pipeline.publish.layout import shard_path
from pipeline.publish.overlaps import Evidence, count_evidence
from pipeline.publish.report import VERSION
from pipeline.publish.similar import count_similar
from pipeline.publish.withheld import count_withheld
from pipeline.rulings import rulings_of
from pipeline.verify.answer import VERIFIER
from pipeline.verify.ask_judge import JUDGE_PROMPT
from schemas.corpus import BUDGET, CONFIGS, Tally
from schemas.manifest import Manifest

FORMAT = "medtrace-corpus/1"
LIBRARIES = ("pyarrow", "numpy", "pillow", "pydantic", "datasets")
FACETS = ("source", "license", "modality", "answer_type", "teacher", "model", "verdict", "reason", "no_trace")

# What a manifest says of money decides no row.
UNASKED = ("price", "budget_usd", "budget_tokens")
COSTS = ("answers", "prompt_tokens", "completion_tokens", "cost_nanousd", "unpriced")

Facets = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Shard:
    """A finished table of a corpus. `nbytes`: size of its values, `digest`: the logical one."""

    config: str
    split: str
    label: str
    path: Path
    rows: int
    nbytes: int
    digest: str


@dataclass(frozen=True)
class SourceFacts:
    """What a corpus says of a dataset that it was made from or compared with. `files`: name, sha256, size."""

    name: str
    role: Literal["source", "benchmark"]
    title: str = ""
    homepage: str = ""
    license: str = ""
    access: str = ""
    citation: str = ""
    revision: str = ""
    files: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Filed:
    """A file of a corpus, with what its bytes are."""

    path: str
    sha256: str
    size: int


def count_facets(tables: Iterable[Path]) -> Facets:
    """How many rows hold each value, by facet, over Parquet tables of one config; values in order."""
    found: dict[str, dict[str, int]] = {}
    for path in tables:
        present = [name for name in FACETS if name in pq.read_schema(path).names]
        table = pq.read_table(path, columns=present, use_threads=False)
        add_facets(found, table)
    return {facet: dict(sorted(values.items())) for facet, values in found.items()}


def add_facets(found: Facets, table: pa.Table) -> None:
    """Counts the rows of one more table."""
    for facet in FACETS:
        if facet in table.column_names:
            values = found.setdefault(facet, {})
            for pair in pc.value_counts(table[facet]).to_pylist():
                values[str(pair["values"])] = values.get(str(pair["values"]), 0) + pair["counts"]


def count_traces(tables: Iterable[tuple[str, Path]]) -> dict[str, dict[str, dict[str, int]]]:
    """How many traces are kept and rejected, by teacher, model, rule and flag; a trace in `sft` and `sft_text` counts once."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    seen: set[str] = set()
    for config, path in tables:
        if config == "rl":
            continue
        fate = "rejected" if config == "rejected" else "kept"
        columns = ["id", "teacher", "model", "rule", "flags"]
        table = pq.read_table(path, columns=columns, use_threads=False)
        for id, teacher, model, rule, flags in zip(*(table[name].to_pylist() for name in columns), strict=True):
            if fate == "kept" and id in seen:
                continue
            seen.add(id)
            for facet, value in (("teacher", teacher), ("model", model), ("rule", rule), *(("flag", flag) for flag in flags)):
                values = found.setdefault(fate, {}).setdefault(facet, {})
                values[value] = values.get(value, 0) + 1
    return {fate: {facet: dict(sorted(values.items())) for facet, values in facets.items()} for fate, facets in sorted(found.items())}


def count_costs(tables: Iterable[tuple[str, Path]]) -> dict[str, dict[str, int]]:
    """Answers, tokens and cost of all traces that a model gave, by teacher; a trace in `sft` and `sft_text` counts once.

    `unpriced`: answers whose cost is not known, and not in `cost_nanousd`.
    """
    found: dict[str, dict[str, int]] = {}
    seen: set[str] = set()
    columns = ["id", "teacher", "prompt_tokens", "completion_tokens", "cost_nanousd"]
    for path in (path for config, path in tables if config != "rl"):
        table = pq.read_table(path, columns=columns, use_threads=False)
        for id, teacher, *tokens, cost in zip(*(table[name].to_pylist() for name in columns), strict=True):
            if teacher and id not in seen:
                seen.add(id)
                mine = found.setdefault(teacher, dict.fromkeys(COSTS, 0))
                for name, count in zip(COSTS, (1, *tokens, cost or 0, cost is None), strict=True):
                    mine[name] += count
    return dict(sorted(found.items()))


def make_lock(
    manifest: Manifest,
    manifest_name: str,
    shards: Sequence[tuple[Shard, Filed]],
    tallies: pa.Table,
    facts: Mapping[str, SourceFacts],
    build: Mapping[str, Any],
    overlaps: Evidence | None = None,
    similar: Path | None = None,
    filled: Sequence[str] = (),
) -> dict[str, Any]:
    """The lock, but for the files beside the shards. Everything in it follows from the arguments and the locked versions."""
    counts: dict[str, dict[str, Any]] = {}
    for config in CONFIGS:
        of_config = [shard for shard, _ in shards if shard.config == config]
        for split in sorted({shard.split for shard in of_config}, reverse=True):
            here = [shard for shard in of_config if shard.split == split]
            counts.setdefault(config, {})[split] = {
                "rows": sum(shard.rows for shard in here),
                **count_facets(shard.path for shard in here),
            }
    told = {name: asdict(one) for name, one in sorted(facts.items())}
    return {
        "format": FORMAT,
        "card": CARD,
        "report": VERSION,
        "name": manifest.name,
        "version": manifest.version,
        "license": manifest.publish.license,
        "manifest": {"name": manifest_name, "fingerprint": manifest_fingerprint(manifest)},
        "verifier": VERIFIER,
        "policy": manifest.judge.policy,
        "judge": {**manifest.judge.model.model_dump(exclude=set(UNASKED)), "prompt": JUDGE_PROMPT} if manifest.judge.model else None,
        "medtrace": medtrace_version(),
        "libraries": library_versions(),
        "build": dict(build),
        "datasets": [_dataset(one) for one in told.values()],
        "counts": counts,
        "traces": count_traces((shard.config, shard.path) for shard, _ in shards),
        "costs": count_costs((shard.config, shard.path) for shard, _ in shards),
        "tallies": sorted_tallies(tallies),
        "partial": partial_of(tallies),
        "withheld": count_withheld(shard.path for shard, _ in shards if shard.config == "rl"),
        "filled": list(filled),
        "overlaps": count_evidence(overlaps, rulings_of(manifest)) if overlaps else None,
        "similar": count_similar(similar) if similar else None,
        "shards": [_shard(shard, filed) for shard, filed in shards],
    }


def unfinished(tallies: pa.Table) -> int:
    """How many questions are left out because a budget ended before they were answered."""
    return sum(row[Tally.count] for row in tallies.to_pylist() if (row[Tally.stage], row[Tally.reason]) == ("choose", BUDGET))


def partial_of(tallies: pa.Table) -> dict[str, int] | None:
    """Questions that are published and left out, where a budget ended before all were answered; None for a whole corpus."""
    left = unfinished(tallies)
    there = sum(row[Tally.count] for row in tallies.to_pylist() if (row[Tally.stage], row[Tally.reason]) == ("choose", "chosen"))
    return {"finished": there, "unfinished": left} if left else None


def judge_model(lock: Mapping[str, Any]) -> str:
    """The model that judged open answers, as a lock names it; '' where none did."""
    told = lock.get("judge")
    return str(told.get("model", "")) if isinstance(told, dict) else ""


# What a table's gold says only where a manifest does.
GOLD_DEFAULTS = {"labels": [], "frame": "pixels", "form": "corners", "label": ""}


def manifest_fingerprint(manifest: Manifest) -> str:
    """Hash of what a manifest asks for, wherever its local files lie and whatever it may cost."""
    asked = manifest.model_dump(mode="json")
    for name in ("budget", "on_budget"):
        asked.pop(name)
    if not asked["stage"]:
        asked.pop("stage")
    judge = asked["judge"]["model"]
    student = asked["student"]
    teachers = () if manifest.teacher == "none" else asked["teacher"]
    for paid in (*asked["source"], *asked["benchmark"], *teachers, *([student] if student else ()), *([judge] if judge else ())):
        for name in UNASKED:
            paid.pop(name, None)
    for dataset in (*asked["source"], *asked["benchmark"]):
        dataset.pop("path")
        if dataset["publish_images"]:
            dataset.pop("publish_images")
        if dataset["gold"]:
            dataset["gold"] = {key: value for key, value in dataset["gold"].items() if value != GOLD_DEFAULTS.get(key)}
    if not asked["privacy"]["presidio"]:
        asked["privacy"].pop("presidio")
    if not asked["publish"]["date"]:
        asked["publish"].pop("date")
    return fingerprint(asked)


def sorted_tallies(tallies: pa.Table) -> list[list[Any]]:
    """Stage, source, reason and count: summed, zeros left out, in order."""
    summed: dict[tuple[str, str, str], int] = {}
    for row in tallies.to_pylist():
        place = (row[Tally.stage], row[Tally.source], row[Tally.reason])
        summed[place] = summed.get(place, 0) + row[Tally.count]
    return [[*place, count] for place, count in sorted(summed.items()) if count]


def funnel_faults(lock: Mapping[str, Any]) -> list[str]:
    """Where the tallies do not add up: from rows read to rows chosen, and from those to what is published."""
    told: dict[str, dict[str, dict[str, int]]] = {}
    for stage, source, reason, count in lock["tallies"]:
        told.setdefault(source, {}).setdefault(stage, {})[reason] = count
    faults: list[str] = []
    for source, stages in sorted(told.items()):
        if "ingest" not in stages:
            continue
        read = dict(stages["ingest"])
        left = read.pop("rows", 0) - sum(read.values()) - sum(stages.get("gather", {}).values())
        decided = sum(stages.get("choose", {}).values())
        if left != decided:
            faults.append(f"{source}: {left} rows are left after ingest, {decided} are chosen or dropped")
        chosen = stages.get("choose", {}).get("chosen", 0)
        decided = stages.get("rl", {"kept": chosen})
        if sum(decided.values()) != chosen:
            faults.append(f"{source}: {chosen} rows are chosen, {sum(decided.values())} go into rl or are left out of it")
        selected = stages.get("select", {})
        counted = {"rl": decided.get("kept", 0), "rejected": sum(selected.values()) - selected.get("kept", 0)}
        for config, wanted in counted.items():
            published = sum(held.get("source", {}).get(source, 0) for held in lock["counts"].get(config, {}).values())
            if wanted != published:
                faults.append(f"{source}: {'choose' if config == 'rl' else 'select'} counts {wanted}, {config} holds {published}")
    kept = sum(stages.get("select", {}).get("kept", 0) for stages in told.values())
    there = sum(lock["traces"].get("kept", {}).get("teacher", {}).values())
    return faults if kept == there else [*faults, f"select keeps {kept} traces, {there} are published"]


def medtrace_version() -> str:
    """This checkout's version; where it is not installed, the one in pyproject.toml."""
    try:
        return version("medtrace")
    except PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        return tomllib.loads(project.read_text())["project"]["version"] if project.is_file() else "unknown"


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change a row or a byte."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _dataset(told: dict[str, Any]) -> dict[str, Any]:
    files = [{"path": name, "sha256": sha256, "size": size} for name, sha256, size in sorted(told["files"])]
    return {**told, "files": files}


def _shard(shard: Shard, filed: Filed) -> dict[str, Any]:
    return {
        "config": shard.config,
        "split": shard.split,
        "label": shard.label,
        "path": shard_path(shard.config, shard.split, shard.label),
        "rows": shard.rows,
        "nbytes": shard.nbytes,
        "size": filed.size,
        "sha256": filed.sha256,
        "digest": shard.digest,
    }
