"""Rebuilding a published corpus: from its own manifest, lock and the ledger, to the same bytes, or with the name of what changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jobs.inputs import Asked, entry_of
from jobs.lay_out import built_with, facts_of
from jobs.steps.given import Input
from pipeline.graph import Graph
from pipeline.models.recorded import open_recorded
from pipeline.publish.corpus import Corpus, read_corpus
from pipeline.publish.lock import library_versions, manifest_fingerprint, medtrace_version
from pipeline.takedown import told_by
from pipeline.verify.answer import VERIFIER
from schemas.errors import PinError, UsageError
from schemas.lock import FetchLock
from schemas.manifest import Dataset

_SHOWN = 8


def open_locked(path: Path, paths: Mapping[str, Path]) -> tuple[Asked, Corpus]:
    """What a corpus was asked as, and the corpus; `paths` says where local files of its sources and benchmarks lie now.

    Raises: CorpusError; UsageError for a name that is not in its manifest.
    """
    corpus = read_corpus(path)
    manifest = corpus.manifest
    names = {one.name for one in (*manifest.source, *manifest.benchmark)}
    unknown = sorted(set(paths) - names)
    if unknown:
        raise UsageError(f"--from {unknown[0]}=…: the corpus names no such source or benchmark, only {', '.join(sorted(names))}.")
    moved = {kind: tuple(_moved(one, paths) for one in getattr(manifest, kind)) for kind in ("source", "benchmark")}
    text = (path / "manifest.toml").read_text(encoding="utf-8")
    asked = Asked(
        manifest.model_copy(update=moved),
        text,
        path.absolute() / corpus.lock["manifest"]["name"],
        told_by(corpus.lock["build"]),
        _fetched(corpus),
    )
    return asked, corpus


def check_there(asked: Asked, path: Path) -> None:
    """Raises: UsageError where local files of the corpus at `path` are not where its manifest says."""
    named = (*asked.manifest.source, *asked.manifest.benchmark)
    lost = [one for one in named if one.path is not None and not (asked.path.parent / one.path).exists()]
    if lost:
        flags = " ".join(dict.fromkeys(f"--from {one.name}=PATH" for one in lost))
        raise UsageError(f"{path} was made of local files, which are not at {lost[0].path}. Say where they lie now: {flags}.")


def _moved(dataset: Dataset, paths: Mapping[str, Path]) -> Dataset:
    return dataset.model_copy(update={"path": str(paths[dataset.name].absolute())}) if dataset.name in paths else dataset


def _fetched(corpus: Corpus) -> FetchLock:
    return FetchLock.model_validate(json.loads(json.dumps(corpus.lock["build"].get("fetched") or {})))


def recorded(graph: Graph) -> Graph:
    """The graph with models that only the ledger answers for."""
    return Graph(tuple(replace(step, open=open_recorded) if step.open else step for step in graph.steps), graph.part_digests)


def check_drift(corpus: Corpus, graph: Graph, items: tuple[Input, ...], fetched: FetchLock, asked: Asked) -> None:
    """Raises: PinError naming every field that decides a row and is not what the corpus's lock says."""
    lock = corpus.lock
    judge = asked.manifest.judge.model
    now = {
        "manifest": {"fingerprint": manifest_fingerprint(asked.manifest)},
        "verifier": VERIFIER,
        "policy": asked.manifest.judge.policy,
        "datasets": {
            name: _dataset(asdict(facts_of(item, fetched))) for item in items for name in [entry_of(item.dataset, item.benchmark)]
        },
        "build": built_with(graph, asked, fetched),
    }
    datasets = {("benchmark " if one["role"] == "benchmark" else "") + one["name"]: _dataset(one) for one in lock["datasets"]}
    then = {"manifest": {"fingerprint": lock["manifest"]["fingerprint"]}, "verifier": lock["verifier"], "policy": lock["policy"]}
    then |= {"datasets": datasets, "build": lock["build"]}
    if judge is not None:
        now["judge"] = {"model": judge.model}
        then["judge"] = {"model": (lock.get("judge") or {}).get("model")}
    found = list(changes(then, now))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise PinError(
            f"{corpus.path.name} cannot be made again as it was: {'; '.join(found[:_SHOWN])}{more}. "
            "Get back what is locked, or build without --locked for a corpus of its own."
        )


def _dataset(one: Mapping[str, Any]) -> dict[str, Any]:
    files = {}
    for file in one["files"]:
        name, sha256 = (file["path"], file["sha256"]) if isinstance(file, Mapping) else file[:2]
        files[name] = {"sha256": sha256}
    return {"revision": one["revision"], "license": one["license"], "access": one["access"], "files": files}


def soft_changes(corpus: Corpus) -> list[str]:
    """What of this machine's medtrace and libraries is another version than the corpus was made with: values stay, bytes may move."""
    then = {"medtrace": corpus.lock["medtrace"], "libraries": corpus.lock["libraries"]}
    return list(changes(then, {"medtrace": medtrace_version(), "libraries": library_versions()}))


def changes(then: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where two trees of JSON values differ: the path of keys, what it is and what was locked."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in sorted({*then, *now}):
            yield from changes(then.get(key), now.get(key), f"{at}.{key}" if at else str(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from changes(old, new, f"{at}[{place}]")
    elif then != now:
        yield f"{at} is {_short(now)}, locked {_short(then)}"


def _short(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return "not there" if value is None else said if len(said) <= 60 else f"{said[:56]}…"


def differences(corpus: Corpus, out: Path) -> list[str]:
    """Which files of a rebuilt corpus are not byte for byte those of the corpus, and what they differ in."""
    again = read_corpus(out)
    old, new = ({shard.name: shard for shard in one.shards} for one in (corpus, again))
    found = [f"{name} is not there" for name in sorted(set(old) - set(new))] + [f"{name} is new" for name in sorted(set(new) - set(old))]
    for name in sorted(set(old) & set(new)):
        if old[name].digest != new[name].digest:
            found.append(f"{name} holds other values")
        elif old[name].sha256 != new[name].sha256:
            found.append(f"{name} holds the same values in other bytes")
    beside = [{one["path"]: one["sha256"] for one in held.lock["files"]} for held in (corpus, again)]
    found += [f"{name} has other bytes" for name in sorted(set(beside[0]) | set(beside[1])) if beside[0].get(name) != beside[1].get(name)]
    if not found and (corpus.path / "lock.json").read_bytes() != (out / "lock.json").read_bytes():
        found = [f"lock.json: {one}" for one in changes(dict(corpus.lock), dict(again.lock))] or ["lock.json has other bytes"]
    return found
