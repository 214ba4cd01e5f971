"""Ingest: upstream rows become examples and images, or rejects with a reason."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import pyarrow as pa

from pipeline.boxes import box_text
from pipeline.fingerprint import canonical_json
from pipeline.groups import group_name, row_name
from pipeline.images.clean import Cleaned, clean
from pipeline.images.frames import Frame
from pipeline.normalise import content_hash
from schemas.example import AnswerType, Example, Reject
from schemas.image import Image
from schemas.vocabulary import BodyPart, Modality, Task, domain_of
from sources.formats import LONE_SURROGATE
from sources.source import Row

TAKEN_DOWN = "taken down"
# Key, id and upstream's row, in the contract's order.
_PLACE = itemgetter(*(Example.columns.index(column) for column in (Example.key, Example.id, Example.row)))
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


def ingest(rows: Iterable[Row], file: str, recipe: IngestRecipe) -> dict[str, pa.Table]:
    """`examples` by key and id, `images` by digest (each once), `rejects` in order of the file."""
    examples: list[tuple[Any, ...]] = []
    images: dict[str, dict[str, Any]] = {}
    rejects: list[dict[str, Any]] = []
    for row in rows:
        name = _taken_down(row, recipe)
        if name:
            told = {Reject.row: name, Reject.reason: TAKEN_DOWN, Reject.detail: ""}
            rejects.append({Reject.source: recipe.source, Reject.file: file, **told})
            continue
        gold = _gold(row)
        reason, detail = _fault(row, gold, recipe)
        if reason:
            told = {Reject.row: _writable(row.row), Reject.reason: reason, Reject.detail: _writable(detail)}
            rejects.append({Reject.source: recipe.source, Reject.file: file, **told})
            continue
        digests: list[str] = []
        for data in row.images:
            digest = hashlib.sha256(data).hexdigest()
            digests.append(digest)
            if digest not in images:
                images[digest] = _image(digest, clean(data, recipe.frame))
        examples.append(_example(row, gold, tuple(digests), recipe))
    examples.sort(key=_PLACE)
    return {
        "examples": Example.from_columns(list(zip(*examples, strict=True)) or [()] * len(Example.columns)),
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
    if not recipe.takedown:
        return ""
    named = [row_name(recipe.source, row.row), group_name(recipe.source, row.group)]
    gold = _gold(row)
    if not _fault(row, gold, recipe)[0]:
        named.append(example_id(row, gold, tuple(hashlib.sha256(data).hexdigest() for data in row.images), recipe.source).hex())
    return next((name for name in named if name and name in recipe.takedown), "")


def _gold(row: Row) -> str:
    """The gold as canonical JSON; '' where there is none."""
    return canonical_json(dict(row.gold)) if row.gold else ""


def example_id(row: Row, gold: str, images: tuple[str, ...], source: str) -> bytes:
    """The id of the example that a row with this gold becomes: 16 bytes."""
    identity = canonical_json([source, row.question, row.context, row.options, row.answer_type.value, gold, images])
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()[:16]


def _fault(row: Row, gold: str, recipe: IngestRecipe) -> tuple[str, str]:
    """Why a row cannot be an example; empty where it can."""
    if row.fault and not (row.fault == "no gold" and not recipe.needs_gold and row.question):
        return row.fault, row.detail
    if not row.question.strip():
        return "no question", ""
    if _broken(row, gold):
        return "broken text", "half of a surrogate pair"
    if row.answer_type in (AnswerType.MCQ, AnswerType.MULTI):
        if len(row.options) < 2:
            return "fewer than two options", str(len(row.options))
        if len(row.options) > len(LETTERS):
            return "too many options", str(len(row.options))
        if not all(option.strip() for option in row.options):
            return "empty option", ""
    if recipe.needs_gold and (not row.gold or [] in (row.gold.get("indexes"), row.gold.get("values"))):
        return "no gold", ""
    indexes = row.gold.get("indexes") or ([row.gold["index"]] if "index" in row.gold else [])
    if any(not 0 <= index < len(row.options) for index in indexes):
        return "gold out of range", str(indexes)
    return "", ""


def _broken(row: Row, gold: str) -> bool:
    """Whether some text of a row is no Unicode: halves of pairs in JSON, file names of other encodings."""
    texts = (
        row.row,
        row.group,
        row.domain,
        row.subject,
        row.license,
        row.modality,
        row.question,
        row.context,
        *row.options,
        *row.traces,
        gold,
    )
    joined = "".join(texts)
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


def _task(row: Row) -> Task:
    """What a row asks for, where its source does not say."""
    if row.answer_type == AnswerType.BBOX:
        return Task.DETECTION
    if row.answer_type == AnswerType.LABEL_SET:
        return Task.MULTILABEL
    return Task.VQA if row.images else Task.QA


@lru_cache(maxsize=256)
def _domain(modality: str, part: str) -> str:
    return domain_of(Modality(modality), BodyPart(part))


def _example(row: Row, gold: str, images: tuple[str, ...], recipe: IngestRecipe) -> tuple[Any, ...]:
    """The values of an example in its contract's order."""
    id = example_id(row, gold, images, recipe.source)
    if images:
        lead = bytes.fromhex(images[0][:16])
    else:
        text = canonical_json([row.question, row.context, *row.options])
        lead = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]
    return (
        id.hex(),
        lead + id[:8],
        recipe.source,
        recipe.split,
        row.row,
        row.group,
        row.question,
        row.context,
        row.options,
        row.answer_type.value,
        answer_of(row.answer_type, row.gold, row.options) if gold else "",
        gold,
        images,
        row.time_series,
        row.modality,
        row.domain or _domain(row.modality, row.body_part),
        row.body_part,
        row.task or _task(row),
        row.subject,
        row.license or recipe.license,
        row.traces,
        content_hash(row.question, row.context, row.options),
    )
