"""Verdicts for rows of anyone's model outputs, and the rates over them with their intervals."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from pipeline.verify.answer import verify
from pipeline.verify.fold import fold
from pipeline.verify.gold import Gold, GoldError, Policy
from pipeline.verify.measures import measure
from schemas.errors import MedtraceError
from schemas.example import AnswerType
from schemas.trace import Verdict

TASKS = ("mcq", "multi", "yesno", "labels", "number", "date", "text", "boxes")
_TYPES = {
    "mcq": AnswerType.MCQ,
    "multi": AnswerType.MULTI,
    "labels": AnswerType.LABEL_SET,
    "number": AnswerType.NUMERIC,
    "date": AnswerType.DATE,
    "text": AnswerType.OPEN,
    "boxes": AnswerType.BBOX,
}
_UNPARSED = (Verdict.NO_ANSWER, Verdict.AMBIGUOUS, Verdict.CONFLICT, Verdict.MALFORMED)


class RowError(MedtraceError):
    """A row that cannot be scored."""


class Rate(NamedTuple):
    """A share with its 95 % Wilson interval; all 0 where there are no rows."""

    name: str
    hits: int
    total: int
    share: float
    low: float
    high: float


def score_rows(rows: Iterable[Mapping[str, Any] | str], policy: Policy = Policy.EVAL) -> Iterator[dict[str, Any]]:
    """One dict per row that is not blank, in order: id, task, verdict, extracted, rule, span (in the response), score, measures.

    A row may be a mapping or a line of JSON. One that cannot be scored gives `{"line", "error"}` instead.
    """
    for line, raw in enumerate(rows, start=1):
        if isinstance(raw, str) and not raw.strip():
            continue
        try:
            row = _row(raw)
            response, reason = _response(row)
            gold = gold_of_row(row)
            judged = verify(response, gold, policy=policy, finish_reason=reason)
            measures = measure(response, gold, judged)
        except (MedtraceError, LookupError, ArithmeticError, TypeError, ValueError) as error:
            yield {"line": line, "error": f"line {line}: {error}"}
            continue
        yield {
            "id": row.get("id", str(line)),
            "task": row["task"],
            "verdict": judged.verdict.value,
            "extracted": judged.extracted,
            "rule": judged.rule,
            "span": list(judged.span) if judged.span else None,
            "score": judged.score,
            "measures": measures,
        }


def summarise(results: Iterable[Mapping[str, Any]]) -> dict[str, list[Rate]]:
    """Rates by task and over `all`: accuracy, unparsed, refused, truncated. Rows with an error do not count."""
    counts: dict[str, Counter[str]] = {}
    for result in results:
        if "error" not in result:
            for name in (str(result["task"]), "all"):
                counts.setdefault(name, Counter())[str(result["verdict"])] += 1
    return {name: _rates(counts[name]) for name in (*TASKS, "all") if name in counts}


def wilson(count: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson interval of a share."""
    if total <= 0:
        return 0.0, 0.0
    share = count / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    below = 1 + z * z / total
    return max(0.0, (centre - spread) / below), min(1.0, (centre + spread) / below)


def gold_of_row(row: Mapping[str, Any]) -> Gold:
    """The typed gold of a row. Raises: RowError where it does not fit its task."""
    task, gold = row.get("task"), row.get("gold")
    if task not in TASKS:
        raise RowError(f"task is {task!r}; it is one of {', '.join(TASKS)}.")
    options = row.get("options") or []
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise RowError(f"options of a {task} row are {str(options)[:80]!r}; write a list of texts.")
    kind = _TYPES.get(str(task)) or _yesno(gold, options)
    try:
        return Gold.from_json(kind, options, json.dumps(_typed(str(task), gold, options, row)))
    except (GoldError, KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise RowError(f"gold of a {task} row is {str(gold)[:80]!r}, which does not fit: {error}") from error


def _row(raw: Mapping[str, Any] | str) -> Mapping[str, Any]:
    if not isinstance(raw, str):
        return raw
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RowError(f"not JSON ({error}); write one object per line.") from error
    if not isinstance(row, dict):
        raise RowError(f"JSON of type {type(row).__name__}; write one object per line.")
    return row


def _response(row: Mapping[str, Any]) -> tuple[str, str]:
    response, reason = row.get("response"), row.get("finish_reason") or "stop"
    if not isinstance(response, str):
        raise RowError(f"response is {str(response)[:40]!r}; write the model's text, '' where it said nothing.")
    if not isinstance(reason, str):
        raise RowError(f"finish_reason is {str(reason)[:40]!r}; write stop, length, content_filter, refused, too_long or image_refused.")
    return response, reason


def _yesno(gold: Any, options: list[str]) -> AnswerType:
    words = {fold(option) for option in options} | {str(gold).strip().lower()}
    return AnswerType.YESNOMAYBE if "maybe" in words else AnswerType.YESNO


def _typed(task: str, gold: Any, options: list[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """The gold in the form of the contract's gold_json."""
    match task:
        case "mcq":
            return {"index": _option(gold, options)}
        case "multi":
            return {"indexes": [_option(one, options) for one in _listed(gold)]}
        case "yesno":
            return {"value": gold}
        case "labels":
            return {"labels": _listed(gold), "vocabulary": row.get("labels") or []}
        case "number":
            return _number(gold)
        case "date":
            return gold if isinstance(gold, dict) else {"value": gold, "date_order": row.get("date_order") or "mdy"}
        case "text":
            return {"values": [gold] if isinstance(gold, str) else _listed(gold)}
        case _:
            return _boxes(gold, row)


def _number(gold: Any) -> dict[str, Any]:
    raw = gold if isinstance(gold, dict) else {"value": gold}
    unit = str(raw.get("unit") or "")
    return {"unit": unit} | {name: str(Decimal(str(raw[name]))) for name in ("value", "low", "high") if raw.get(name) is not None}


def _boxes(gold: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    boxes = [one["box"] for one in gold]
    labels = [str(one.get("label") or "") for one in gold]
    size = row.get("image_size") or [0, 0]
    frame = row.get("coord") or "pixel"
    if frame not in ("pixel", "norm1000"):
        raise ValueError(f"coord {frame!r} is not pixel or norm1000")
    named = labels if all(labels) else []
    return {"boxes": boxes, "labels": named, "width": size[0], "height": size[1], "frame": frame, "iou": row.get("iou") or 0.5}


def _listed(gold: Any) -> list[str]:
    if not isinstance(gold, list) or not all(isinstance(one, str) for one in gold):
        raise ValueError("write a list of texts")
    return gold


def _option(gold: Any, options: list[str]) -> int:
    """The index of the option that a letter or a text names."""
    if not isinstance(gold, str):
        raise ValueError("write a letter or the text of an option")
    letter = gold.strip().upper()
    if len(letter) == 1 and "A" <= letter <= "Z" and ord(letter) - ord("A") < len(options):
        return ord(letter) - ord("A")
    same = [index for index, option in enumerate(options) if option == gold] or [
        index for index, option in enumerate(options) if fold(option) == fold(gold)
    ]
    if len(same) != 1:
        raise ValueError(f"it names {len(same)} of {len(options)} options; write its letter")
    return same[0]


def _rates(verdicts: Counter[str]) -> list[Rate]:
    total = verdicts.total()
    counts = {
        "accuracy": verdicts[Verdict.CORRECT],
        "unparsed": sum(verdicts[verdict] for verdict in _UNPARSED),
        "refused": verdicts[Verdict.REFUSED],
        "truncated": verdicts[Verdict.TRUNCATED],
    }
    return [Rate(name, count, total, count / total if total else 0.0, *wilson(count, total)) for name, count in counts.items()]
