"""MedEvalKit's verdicts with its faults, for comparison with tables published from it. Never a filter.

Behaviour of commit 9b12e3b: an answer that names no option is given to the most similar one (so that a refusal may
score), yes and no are looked for inside words, and precision, recall and F1 are reported under each other's names.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.verify.box import closing_brace
from pipeline.verify.medevalkit_open import OpenScores, open_scores

LABEL = "medevalkit_compat@9b12e3b"
_MARKS = ("**answer**:", "**answer**", "*answer*:", "**answer:**", "answer is", "answer:", "答案:", "final answer", "final answer is")


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
    """The kit's scores of an open answer."""
    return open_scores(kit_answer(response), right.lower())


def kit_row(row: Mapping[str, Any]) -> dict[str, float]:
    """The kit's scores of a row of `score` by name; none for a task that it does not have.

    The kit asks texts as open questions or as closed ones: a row of task text has the scores of both. Of several
    references it knows the first.
    """
    response, gold, options = str(row.get("response") or ""), row.get("gold"), row.get("options") or []
    match row.get("task"):
        case "mcq":
            letter = gold.strip().upper() if isinstance(gold, str) and len(gold.strip()) == 1 else chr(ord("A") + list(options).index(gold))
            return {"multi_choice": float(kit_choice(options, letter, response))}
        case "yesno":
            return {"closed": float(kit_judgement(str(gold), response))}
        case "text":
            right = gold if isinstance(gold, str) else str((gold or [""])[0])
            closed = kit_judgement if right in ("yes", "no") else kit_closed
            return {"closed": float(closed(right, response)), **kit_open(right, response)._asdict()}
        case _:
            return {}


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
