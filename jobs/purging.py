"""Which ledger keys are of some examples: what was asked about them, and what the judge was asked of their answers."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.steps.traces import teacher_steps
from pipeline.stages.ask_judge import items
from pipeline.stages.sample import SampleRecipe, questions
from pipeline.store import Store
from pipeline.verify.ask_judge import ATTEMPTS, attempt_request, judge_request
from schemas.contract import Contract
from schemas.errors import StoreError
from schemas.example import Chosen
from schemas.image import Image
from schemas.manifest import JudgeModel, Manifest
from schemas.manifest_parts import MOST_SAMPLES
from schemas.shot import SolvedQuestion
from schemas.trace import Judgement, Trace

_SHOWN = ("gather", "bound_images")


class _Stored(NamedTuple):
    """What the store holds of some examples, table by table: questions, the pictures beside them, solved questions, verdicts."""

    requests: set[str]
    chosen: list[pa.Table]
    images: list[pa.Table]
    shots: list[pa.Table]
    judgements: list[pa.Table]


def keys_of(store: Store, ids: Collection[str], manifests: Iterable[Manifest]) -> set[str]:
    """The keys of every answer about some examples: those that stored traces name, and all that these manifests could have asked.

    The latter also where a build ended before the unit that asked was stored, for every sample index that a manifest can ask for.
    """
    told = tuple(dict.fromkeys(manifests))
    held = _held(store, ids)
    keys = set(held.requests)
    for manifest in told:
        keys.update(_asked(manifest, held))
        if manifest.judge.model:
            keys.update(_judged(manifest.judge.model, held))
    return keys - {""}


def check_batches(store: Store, keys: Collection[str]) -> None:
    """Raises: StoreError where a provider batch is under way that asks for one of these keys: its answer would come back."""
    for path in sorted((store.root / "batches").rglob("*.keys")):
        if path.with_suffix(".json").exists() and not set(path.read_text().split()).isdisjoint(keys):
            raise StoreError(f"A provider batch that asks about these rows is under way ({path}). Collect or cancel it, then redact again.")


def _held(store: Store, ids: Collection[str]) -> _Stored:
    wanted = pa.array(sorted(ids), pa.string())
    held = _Stored(set(), [], [], [], [])
    for path, schema in tables(store):
        if path.parent.name == "sample" and Trace.request in schema.names:
            table = pq.read_table(path, columns=[Trace.example, Trace.request], use_threads=False)
            held.requests.update(table.filter(pc.is_in(table[Trace.example], value_set=wanted))[Trace.request].to_pylist())
        for name, contract, place, rows in (
            ("judgements", Judgement, Judgement.example, held.judgements),
            ("chosen", Chosen, Chosen.id, held.chosen),
        ):
            if path.name.endswith(f".{name}.parquet") and set(contract.columns) <= set(schema.names):
                table = _read(path, contract)
                if (mine := table.filter(pc.is_in(table[place], value_set=wanted))).num_rows:
                    rows.append(mine)
        if path.parent.name == "pick_shots" and set(SolvedQuestion.columns) <= set(schema.names):
            held.shots.append(_read(path, SolvedQuestion))
    digests = pa.array(sorted({digest for table in held.chosen for row in table[Chosen.images].to_pylist() for digest in row}), pa.string())
    held.images.extend(_pictures(store, digests) if len(digests) else ())
    return held


def _pictures(store: Store, digests: pa.Array) -> Iterator[pa.Table]:
    """What requests name of these pictures, without their bytes: a table for each shard of each size that pictures were shown in."""
    for path, schema in tables(store):
        if path.parent.name in _SHOWN and Image.published_digest in schema.names:
            table = pq.read_table(path, columns=[Image.digest, Image.published_digest, Image.format], use_threads=False)
            if (mine := table.filter(pc.is_in(table[Image.digest], value_set=digests))).num_rows:
                yield mine.append_column(Image.bytes, pa.array([b""] * mine.num_rows, pa.large_binary()))


def _asked(manifest: Manifest, held: _Stored) -> Iterator[str]:
    """The keys of what the teachers of a manifest could have been asked about the questions, of every sample."""
    for step in teacher_steps(manifest):
        if not isinstance(step.recipe, SampleRecipe):
            continue
        recipe = replace(step.recipe, samples=MOST_SAMPLES, round=0, design=None, after=None, earlier=(), besides=())
        for shots in held.shots if recipe.shown else (None,):
            for chosen in held.chosen:
                for images in (None, *held.images):
                    rows = _shown(chosen, images)
                    for one in questions(rows, recipe, images, shots=shots) if rows.num_rows else ():
                        yield from (one.request.key(sample) for sample in one.request.samples)


def _shown(chosen: pa.Table, images: pa.Table | None) -> pa.Table:
    """The questions whose pictures are all in a table; without one, those that have none."""
    there = set(images[Image.digest].to_pylist()) if images is not None else set[str]()
    fits = [bool(row) == (images is not None) and there.issuperset(row) for row in chosen[Chosen.images].to_pylist()]
    return chosen.filter(pa.array(fits, pa.bool_()))


def _judged(model: JudgeModel, held: _Stored) -> Iterator[str]:
    for chosen in held.chosen:
        for judgements in held.judgements:
            for item in set(items(judgements, chosen).values()):
                request = judge_request(item, model.model, max_tokens=model.max_tokens, revision=model.revision)
                yield from (attempt_request(request, attempt).key(attempt) for attempt in range(ATTEMPTS))


def _read(path: Path, contract: type[Contract]) -> pa.Table:
    return pq.read_table(path, columns=list(contract.columns), use_threads=False).replace_schema_metadata(None)


def tables(store: Store) -> Iterator[tuple[Path, pa.Schema]]:
    """Every stored file that can be read, with its columns."""
    for path in store.entries():
        try:
            yield path, pq.read_schema(path)
        except (OSError, pa.ArrowException):
            continue
