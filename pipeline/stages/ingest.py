"""Ingest: upstream rows become examples and images, or rejects with a reason."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
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
from sources.source import Row

TAKEN_DOWN = "taken down"
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
    examples: list[dict[str, Any]] = []
    images: dict[str, dict[str, Any]] = {}
    rejects: list[dict[str, Any]] = []
    for row in rows:
        name = _taken_down(row, recipe)
        if name:
            told = {Reject.row: name, Reject.reason: TAKEN_DOWN, Reject.detail: ""}
            rejects.append({Reject.source: recipe.source, Reject.file: file, **told})
            continue
        reason, detail = _fault(row, recipe)
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
        examples.append(_example(row, tuple(digests), recipe))
    examples.sort(key=lambda example: (example[Example.key], example[Example.id], example[Example.row]))
    return {
        "examples": Example.from_rows(examples),
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
    if not _fault(row, recipe)[0]:
        named.append(example_id(row, tuple(hashlib.sha256(data).hexdigest() for data in row.images), recipe.source).hex())
    return next((name for name in named if name and name in recipe.takedown), "")


def example_id(row: Row, images: tuple[str, ...], source: str) -> bytes:
    """The id of the example that a row becomes: 16 bytes."""
    gold = canonical_json(dict(row.gold)) if row.gold else ""
    identity = canonical_json([source, row.question, row.context, list(row.options), row.answer_type.value, gold, list(images)])
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()[:16]


def _fault(row: Row, recipe: IngestRecipe) -> tuple[str, str]:
    """Why a row cannot be an example; empty where it can."""
    if row.fault and not (row.fault == "no gold" and not recipe.needs_gold and row.question):
        return row.fault, row.detail
    if not row.question.strip():
        return "no question", ""
    if _broken(row):
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


def _broken(row: Row) -> bool:
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
        canonical_json(dict(row.gold)),
    )
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return True
    return False


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


def _example(row: Row, images: tuple[str, ...], recipe: IngestRecipe) -> dict[str, Any]:
    gold = canonical_json(dict(row.gold)) if row.gold else ""
    text = [row.question, row.context, *row.options]
    id = example_id(row, images, recipe.source)
    lead = bytes.fromhex(images[0]) if images else hashlib.sha256(canonical_json(text).encode("utf-8", "surrogatepass")).digest()
    return {
        Example.id: id.hex(),
        Example.key: lead[:8] + id[:8],
        Example.source: recipe.source,
        Example.split: recipe.split,
        Example.row: row.row,
        Example.group: row.group,
        Example.question: row.question,
        Example.context: row.context,
        Example.options: list(row.options),
        Example.answer_type: row.answer_type.value,
        Example.answer: answer_of(row.answer_type, row.gold, row.options) if row.gold else "",
        Example.gold_json: gold,
        Example.images: list(images),
        Example.time_series: row.time_series,
        Example.modality: row.modality,
        Example.domain: row.domain or domain_of(Modality(row.modality), BodyPart(row.body_part)),
        Example.body_part: row.body_part,
        Example.task: row.task or _task(row),
        Example.subject: row.subject,
        Example.license: row.license or recipe.license,
        Example.traces: list(row.traces),
        Example.content: content_hash(row.question, row.context, row.options),
    }
