"""MedEvalKit's verdicts with its faults, for comparison with tables published from it. Never a filter.

Behaviour of commit 9b12e3b: an answer that names no option is given to the most similar one (so that a refusal may
score), yes and no are looked for inside words, and precision, recall and F1 are reported under each other's names.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipeline.verify.box import closing_brace
from pipeline.verify.prose import bleu1

LABEL = "medevalkit_compat@9b12e3b"
_MARKS = ("**answer**:", "**answer**", "*answer*:", "**answer:**", "answer is", "answer:", "答案:", "final answer", "final answer is")


class OpenScores(NamedTuple):
    """Scores of an open answer under the kit's names: `precision` holds F1, `recall` precision, `f1` recall."""

    em: float
    bleu1: float
    precision: float
    recall: float
    f1: float


def kit_answer(response: str) -> str:
    """What the kit takes for the answer: the box, else the tag, then what follows each of its marks in turn."""
    text = response.lower()
    if "boxed" in text:
        text = _boxed(text)
    elif "<answer>" in text:
        text = _between(text, "<answer>", "</answer>") or text
    for mark in _MARKS:
        text = text.rpartition(mark)[2]
    return text


def kit_choice(options: Sequence[str], letter: str, response: str) -> bool:
    """Whether the kit scores a response to a question of choice as right."""
    letters = [chr(ord("a") + index) for index in range(len(options))]
    choices = [f"{letter}. {option}".lower() for letter, option in zip(letters, options, strict=True)]
    text = response.lower()
    paragraphs = text.split("\n\n")
    if paragraphs[0] in letters:
        text = paragraphs[0]
    elif paragraphs[-1].split(".")[0] in letters:
        text = paragraphs[-1].split(".")[0]
    text = kit_answer(text).strip().replace("\n", "")
    said = text.split(".")[0].split(":")[-1]
    right = letter.strip().lower()
    if said == right:
        return True
    if said in letters:
        return choices[letters.index(said)] == right
    if said in choices:
        return right in letters and said == choices[letters.index(right)]
    nearest = max(range(len(choices)), key=lambda index: difflib.SequenceMatcher(None, choices[index], text).ratio())
    return right in (letters[nearest], choices[nearest])


def kit_judgement(right: str, response: str) -> bool:
    """Whether the kit scores a response to a yes-no question as right."""
    text = _bare(response)
    return ("yes" in text) != ("no" in text) and right.lower() in text


def kit_closed(right: str, response: str) -> bool:
    """Whether the kit scores a response to a closed question as right."""
    return _bare(response) == right.lower()


def kit_open(right: str, response: str) -> OpenScores:
    """The kit's scores of an open answer. Where a side is empty the kit stops with an error; 0 stands here."""
    text, reference = kit_answer(response), right.lower()
    said, wanted = set(text.split()), set(reference.split())
    shared = len(said & wanted)
    precision, recall = (shared / len(said) if said else 0.0), (shared / len(wanted) if wanted else 0.0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    bleu = bleu1(text.replace(".", " .").split(" "), reference.replace(".", " .").split(" "))
    return OpenScores(float(text == reference), bleu, f1, precision, recall)


def kit_row(row: Mapping[str, Any]) -> float | None:
    """The kit's score of a row of `score` (mcq, yesno, text); None for a task that it does not have."""
    response, gold, options = str(row.get("response") or ""), row.get("gold"), row.get("options") or []
    match row.get("task"):
        case "mcq":
            letter = gold if isinstance(gold, str) and len(gold) == 1 else chr(ord("A") + list(options).index(gold))
            return float(kit_choice(options, letter, response))
        case "yesno":
            return float(kit_judgement(str(gold), response))
        case "text":
            return kit_open(gold if isinstance(gold, str) else str((gold or [""])[0]), response).em
        case _:
            return None


def _bare(response: str) -> str:
    return kit_answer(response).replace("\n", "").replace(".", "")


def _boxed(text: str) -> str:
    at = text.rfind("\\boxed{")
    end = closing_brace(text, at + len("\\boxed")) if at >= 0 else -1
    return text[at + len("\\boxed{") : end].strip() if end >= 0 else "None"


def _between(text: str, opening: str, closing: str) -> str:
    """The texts between all pairs of tags, joined by spaces."""
    found: list[str] = []
    at = text.find(opening)
    while at >= 0 and (end := text.find(closing, at + len(opening))) >= 0:
        found.append(text[at + len(opening) : end])
        at = text.find(opening, end + len(closing))
    return " ".join(found).strip()
