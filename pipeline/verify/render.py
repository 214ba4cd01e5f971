"""The gold written as a model would write its answer: what `verify` must call correct."""

from pipeline.verify.choice import letters
from pipeline.verify.gold import Gold
from pipeline.verify.regions import drawn
from schemas.example import AnswerType


def render(gold: Gold) -> str:
    r"""The gold in `\boxed{…}`, or boxes of an image in one `<box>` tag, in the frame that the model is asked for."""
    if gold.answer_type is AnswerType.BBOX:
        boxes = [[round(edge, 2) for edge in drawn(box, gold)] for box in gold.boxes]
        if not any(gold.box_labels):
            return f"<box>{boxes}</box>"
        return " ".join(f"{label} <box>{[box]}</box>" for label, box in zip(gold.box_labels, boxes, strict=True))
    return f"\\boxed{{{_content(gold)}}}"


def _content(gold: Gold) -> str:
    match gold.answer_type:
        case AnswerType.MCQ | AnswerType.MULTI:
            return letters(gold.indexes)
        case AnswerType.NUMERIC:
            return f"{gold.value} {gold.unit}".strip()
        case AnswerType.DATE if gold.weeks_days is not None:
            return f"({gold.weeks_days[0]} weeks, {gold.weeks_days[1]} days)"
        case AnswerType.DATE:
            return "{:04}-{:02}-{:02}".format(*(gold.date or (0, 0, 0)))
        case AnswerType.LABEL_SET:
            return "; ".join(gold.values) or "none"
        case _:
            return gold.values[0]
