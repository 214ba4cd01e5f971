"""Ingest: upstream rows become examples and images, or rejects with a reason."""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.boxes import box_text
from pipeline.fingerprint import canonical_json, json_list, json_texts
from pipeline.groups import group_name, row_name
from pipeline.images.clean import Cleaned, clean
from pipeline.images.frames import Frame
from pipeline.normalise import content_hashes
from schemas.example import AnswerType, Example, Reject
from schemas.image import Image
from schemas.vocabulary import BodyPart, Modality, Task, domain_of
from sources.formats import LONE_SURROGATE
from sources.source import Row

TAKEN_DOWN = "taken down"
_TEXTS = attrgetter("row", "group", "domain", "subject", "license", "modality", "question", "context")
# Rows whose texts are hashed in one go, so few that they stay in the processor's cache.
BLOCK_ROWS = 1024
_CHOICES = frozenset((AnswerType.MCQ, AnswerType.MULTI))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class IngestRecipe:
    """What decides how a source's rows read."""

    source: str
    dataset: str
    dataset_version: int
    layout: str
    split: str
    license: str
    clean_version: int
    mapping: str = ""
    needs_gold: bool = True
    decoders: tuple[str, ...] = ()
    frame: Frame = Frame.FIRST
    takedown: tuple[str, ...] = ()


# A row without a fault, its gold as JSON and the digests of its images.
_Kept = tuple[Row, str, tuple[str, ...]]


class _Ids(NamedTuple):
    """The ids of examples (16 bytes each) and their places in the trie of partitions."""

    ids: list[bytes]
    keys: list[bytes]


def ingest(rows: Iterable[Row], file: str, recipe: IngestRecipe) -> dict[str, pa.Table]:
    """`examples` by key and id, `images` by digest (each once), `rejects` in order of the file."""
    with _without_collector():
        return _ingest(rows, file, recipe)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's collector of cycles rests: it would look through all rows again and again, for a sixth of the time; they hold no cycles."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _ingest(rows: Iterable[Row], file: str, recipe: IngestRecipe) -> dict[str, pa.Table]:
    kept: list[_Kept] = []
    examples: list[pa.Table] = []
    images: dict[str, dict[str, Any]] = {}
    rejects: list[dict[str, Any]] = []
    for row in rows:
        if len(kept) == BLOCK_ROWS:
            examples.append(_examples(kept, recipe))
            kept = []
        if recipe.takedown and (name := _taken_down(row, recipe)):
            told = {Reject.row: name, Reject.reason: TAKEN_DOWN, Reject.detail: ""}
            rejects.append({Reject.source: recipe.source, Reject.file: file, **told})
            continue
        gold = _gold(row)
        reason, detail = _fault(row, gold, recipe)
        if reason:
            told = {Reject.row: _writable(row.row), Reject.reason: reason, Reject.detail: _writable(detail)}
            rejects.append({Reject.source: recipe.source, Reject.file: file, **told})
            continue
        if not row.images:
            kept.append((row, gold, ()))
            continue
        gc.enable()  # what decodes images may hold them in cycles
        digests = tuple(hashlib.sha256(data).hexdigest() for data in row.images)
        for digest, data in zip(digests, row.images, strict=True):
            if digest not in images:
                images[digest] = _image(digest, clean(data, recipe.frame))
        kept.append((row._replace(images=()), gold, digests))
    return {
        "examples": _in_order([*examples, _examples(kept, recipe)]),
        "images": Image.from_rows(images[digest] for digest in sorted(images)),
        "rejects": Reject.from_rows(rejects),
    }


def answer_of(answer_type: str, gold: Any, options: tuple[str, ...]) -> str:
    """The gold as trainers read it: a letter, letters, a word, a number, the first reference."""
    if answer_type == AnswerType.MCQ:
        return LETTERS[gold["index"]]
    if answer_type == AnswerType.MULTI:
        return ", ".join(LETTERS[index] for index in sorted(gold["indexes"]))
    if answer_type == AnswerType.OPEN:
        return str(gold["values"][0])
    if answer_type == AnswerType.LABEL_SET:
        return ", ".join(gold["labels"])
    if answer_type == AnswerType.BBOX:
        return box_text(gold)
    if answer_type == AnswerType.NUMERIC:
        return f"{gold['value']} {gold.get('unit', '')}".strip()
    if "value" in gold:
        return str(gold["value"])
    return canonical_json(gold)


def _taken_down(row: Row, recipe: IngestRecipe) -> str:
    """The name under which a row was taken down; '' where it was not. The row's own is told of none that was."""
    named = [row_name(recipe.source, row.row), group_name(recipe.source, row.group)]
    gold = _gold(row)
    if not _fault(row, gold, recipe)[0]:
        digests = tuple(hashlib.sha256(data).hexdigest() for data in row.images)
        named.append(_identified([(row, gold, digests)], recipe.source).ids[0].hex())
    return next((name for name in named if name and name in recipe.takedown), "")


def _gold(row: Row) -> str:
    """The gold as canonical JSON; '' where there is none."""
    if len(row.gold) == 1 and type(index := row.gold.get("index")) is int:
        return f'{{"index":{index}}}'
    return canonical_json(dict(row.gold)) if row.gold else ""


def _identified(kept: Sequence[_Kept], source: str) -> _Ids:
    """The ids of the examples that rows become: the hash of the canonical JSON of all that they ask and are answered with."""
    texts = json_texts([text for row, _, _ in kept for text in (row.question, row.context, *row.options)])
    golds = json_texts([gold for _, gold, _ in kept])
    [named] = json_texts([source])
    ids: list[bytes] = []
    keys: list[bytes] = []
    end = 0
    for (row, _, images), gold in zip(kept, golds, strict=True):
        start, end = end, end + 2 + len(row.options)
        asked = f'"{texts[start]}","{texts[start + 1]}"'
        options = json_list(texts[start + 2 : end]) if row.options else "[]"
        held = json_list(images) if images else "[]"
        id = hashlib.sha256(f'["{named}",{asked},{options},"{row.answer_type}","{gold}",{held}]'.encode()).digest()[:16]
        if images:
            lead = bytes.fromhex(images[0][:16])
        else:
            lead = hashlib.sha256((f"[{asked},{options[1:]}" if row.options else f"[{asked}]").encode()).digest()[:8]
        ids.append(id)
        keys.append(lead + id[:8])
    return _Ids(ids, keys)


def _fault(row: Row, gold: str, recipe: IngestRecipe) -> tuple[str, str]:
    """Why a row cannot be an example; empty where it can."""
    if row.fault and not (row.fault == "no gold" and not recipe.needs_gold and row.question):
        return row.fault, row.detail
    if not row.question.strip():
        return "no question", ""
    if _broken(row, gold):
        return "broken text", "half of a surrogate pair"
    if row.answer_type in _CHOICES:
        if len(row.options) < 2:
            return "fewer than two options", str(len(row.options))
        if len(row.options) > len(LETTERS):
            return "too many options", str(len(row.options))
        if "" in map(str.strip, row.options):
            return "empty option", ""
    if recipe.needs_gold and (not row.gold or [] in (row.gold.get("indexes"), row.gold.get("values"))):
        return "no gold", ""
    indexes = row.gold.get("indexes") or ([row.gold["index"]] if "index" in row.gold else [])
    for index in indexes:
        if not 0 <= index < len(row.options):
            return "gold out of range", str(indexes)
    return "", ""


def _broken(row: Row, gold: str) -> bool:
    """Whether some text of a row is no Unicode: halves of pairs in JSON, file names of other encodings."""
    joined = "".join((*_TEXTS(row), *row.options, *row.traces, gold))
    return not joined.isascii() and LONE_SURROGATE.search(joined) is not None


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _image(digest: str, cleaned: Cleaned) -> dict[str, Any]:
    return {
        Image.digest: digest,
        Image.published_digest: hashlib.sha256(cleaned.bytes).hexdigest() if cleaned.bytes else "",
        Image.bytes: cleaned.bytes,
        Image.size: len(cleaned.bytes),
        Image.format: cleaned.format,
        Image.fault: cleaned.fault,
    }


def _task(row: Row, images: tuple[str, ...]) -> Task:
    """What a row asks for, where its source does not say."""
    if row.answer_type == AnswerType.BBOX:
        return Task.DETECTION
    if row.answer_type == AnswerType.LABEL_SET:
        return Task.MULTILABEL
    return Task.VQA if images else Task.QA


@lru_cache(maxsize=256)
def _domain(modality: str, part: str) -> str:
    return domain_of(Modality(modality), BodyPart(part))


def _examples(kept: Sequence[_Kept], recipe: IngestRecipe) -> pa.Table:
    """The examples that rows become, in order of the rows."""
    ids, keys = _identified(kept, recipe.source)
    rows = [row for row, _, _ in kept]
    columns = list(zip(*rows, strict=True)) or [()] * len(Row._fields)
    upstream = dict(zip(Row._fields, columns, strict=True))
    return Example.from_columns(
        [
            [id.hex() for id in ids],
            keys,
            [recipe.source] * len(kept),
            [recipe.split] * len(kept),
            upstream["row"],
            upstream["group"],
            upstream["question"],
            upstream["context"],
            upstream["options"],
            [row.answer_type.value for row in rows],
            [answer_of(row.answer_type, row.gold, row.options) if gold else "" for row, gold, _ in kept],
            [gold for _, gold, _ in kept],
            [images for _, _, images in kept],
            upstream["time_series"],
            upstream["modality"],
            [row.domain or _domain(row.modality, row.body_part) for row in rows],
            upstream["body_part"],
            [row.task or _task(row, images) for row, _, images in kept],
            upstream["subject"],
            [row.license or recipe.license for row in rows],
            upstream["traces"],
            content_hashes([(row.question, row.context, *row.options) for row in rows]),
        ]
    )


def _in_order(blocks: Sequence[pa.Table]) -> pa.Table:
    """The examples by key, id and upstream's row; among equals in order of the file."""
    table = pa.concat_tables(blocks).combine_chunks()
    keys = table[Example.key].to_pylist()
    order = sorted(range(len(keys)), key=keys.__getitem__)
    if len(set(keys)) < len(keys):
        ids, names = table[Example.id].to_pylist(), table[Example.row].to_pylist()
        order.sort(key=lambda place: (keys[place], ids[place], names[place]))
    return table.take(pa.array(order, pa.int64()))
