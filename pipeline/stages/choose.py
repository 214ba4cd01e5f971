"""Choose: which examples of a shard go on, and what of their text; the others are dropped with their reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.boxes import within
from pipeline.texts.identifiers import Identifier, Kind, mask
from schemas.example import AnswerType, Chosen, Dropped, Example, Identified
from schemas.graph import Rank
from schemas.image import Lettered

IDENTIFIERS = "identifiers"
LETTERS = "letters in a picture"
# What a question is asked with can be masked, and so can traces; what it is answered with cannot, or the gold would be a mask.
MASKABLE = (Example.question, Example.context, Example.traces)


@dataclass(frozen=True)
class ChooseRecipe:
    """What becomes of texts that hold identifiers of persons: `report`, `mask`, `drop` or `off`.

    `exempt` names the sources whose rows may be sent as they are. `max_pixels`: how large images are shown (0: as they are), in whose
    pixels boxes are told. `pictures`: with `drop`, rows go whose pictures have letters burned in. All else is decided by rank.
    """

    identifiers: str = "report"
    exempt: tuple[str, ...] = ()
    max_pixels: int = 0
    pictures: str = "report"


def choose(
    examples: pa.Table, ranks: pa.Table, recipe: ChooseRecipe, identified: pa.Table | None = None, lettered: pa.Table | None = None
) -> dict[str, pa.Table]:
    """`chosen` and `dropped`, each in the shard's order; `ranks` has one row an example in the same order.

    `identified`: what `scan_text` found, `lettered`: what `find_letters` did, where they were asked. With `mask`, a row is dropped whose options or gold fail.
    """
    if not examples[Example.id].equals(ranks[Rank.id]):
        raise ValueError("examples and ranks are not in the same order")
    ids = examples[Example.id].to_pylist()
    found = _failing(identified, recipe)
    held = [sorted({row[Identified.kind] for row in found.get(id, ())}) for id in ids]
    reasons, evidence = ranks[Rank.reason].to_pylist(), ranks[Rank.evidence].to_pylist()
    for place, id in enumerate(ids):
        if not reasons[place] and held[place] and _goes(found[id], recipe):
            reasons[place], evidence[place] = IDENTIFIERS, ", ".join(held[place])
    for place, digest in _lettered(examples, lettered, recipe):
        if not reasons[place]:
            reasons[place], evidence[place] = LETTERS, digest
    if recipe.identifiers == "mask" and found:
        examples, held = _masked(examples, found), [[] for _ in held]
    if recipe.max_pixels:
        examples = _boxes_within(examples, recipe.max_pixels)
    stays = pa.array([not reason for reason in reasons], pa.bool_())
    chosen = examples.append_column(Chosen.published_split, ranks[Rank.published_split])
    chosen = chosen.append_column(Chosen.weight, ranks[Rank.weight])
    chosen = chosen.append_column(Chosen.identifiers, pa.array(held, Chosen.identifiers.type))
    dropped = pa.table(
        {
            Dropped.id: examples[Example.id],
            Dropped.source: examples[Example.source],
            Dropped.reason: pa.array(reasons, pa.string()),
            Dropped.evidence: pa.array(evidence, pa.string()),
        }
    )
    return {"chosen": chosen.filter(stays), "dropped": dropped.filter(pc.invert(stays))}


def _boxes_within(examples: pa.Table, max_pixels: int) -> pa.Table:
    """The examples, the boxes of images that are shown smaller in the pixels of what is shown."""
    kinds, golds, answers = (examples[name].to_pylist() for name in (Example.answer_type, Example.gold_json, Example.answer))
    places = [place for place, kind in enumerate(kinds) if kind == AnswerType.BBOX and golds[place]]
    for place in places:
        moved = within(golds[place], max_pixels)
        if moved:
            golds[place], answers[place] = moved
    for name, values in ((Example.gold_json, golds), (Example.answer, answers)) if places else ():
        examples = examples.set_column(examples.column_names.index(name), name.field(), pa.array(values, name.type))
    return examples


def _lettered(examples: pa.Table, lettered: pa.Table | None, recipe: ChooseRecipe) -> Iterator[tuple[int, str]]:
    """The places of examples that show a picture with letters, and the picture's digest; sources that are exempt left out."""
    if lettered is None or recipe.pictures != "drop":
        return
    bad = set(lettered[Lettered.digest].to_pylist())
    for place, row in enumerate(examples.select([Example.source, Example.images]).to_pylist()):
        digest = next((digest for digest in row[Example.images] if digest in bad), "")
        if digest and row[Example.source] not in recipe.exempt:
            yield place, digest[:16]


def _failing(identified: pa.Table | None, recipe: ChooseRecipe) -> dict[str, list[Mapping[str, Any]]]:
    """The findings that keep a text from strangers, by example, but for the sources that are exempt."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in identified.to_pylist() if identified is not None else ():
        if row[Identified.fails] and row[Identified.source] not in recipe.exempt:
            found.setdefault(row[Identified.id], []).append(row)
    return found


def _goes(rows: Iterable[Mapping[str, Any]], recipe: ChooseRecipe) -> bool:
    """Whether an example is dropped for its findings."""
    beyond_mask = any(row[Identified.column] not in MASKABLE for row in rows)
    return recipe.identifiers == "drop" or (recipe.identifiers == "mask" and beyond_mask)


def _masked(examples: pa.Table, found: Mapping[str, list[Mapping[str, Any]]]) -> pa.Table:
    """The examples with kinds in brackets where identifiers stood in question, context and traces."""
    ids = examples[Example.id].to_pylist()
    for name in (Example.question, Example.context):
        texts = [_without(text, name, found.get(id, ())) for id, text in zip(ids, examples[name].to_pylist(), strict=True)]
        examples = examples.set_column(examples.column_names.index(name), name, pa.array(texts, examples[name].type))
    told = zip(ids, examples[Example.traces].to_pylist(), strict=True)
    traces = [row and [_without(text, Example.traces, found.get(id, ()), place) for place, text in enumerate(row)] for id, row in told]
    return examples.set_column(examples.column_names.index(Example.traces), Example.traces, pa.array(traces, Example.traces.type))


def _without(text: str, column: str, rows: Iterable[Mapping[str, Any]], place: int = 0) -> str:
    here = [row for row in rows if (row[Identified.column], row[Identified.place]) == (column, place)]
    return mask(text, [Identifier(Kind(row[Identified.kind]), row[Identified.start], row[Identified.stop]) for row in here])
