"""What a question holds for right, as it is compared across sources."""

import json
from collections.abc import Sequence
from typing import Any, cast

from pipeline.fingerprint import canonical_json
from pipeline.normalise import wording
from schemas.example import AnswerType


def worded_gold(answer_type: str, gold_json: str, options: Sequence[str]) -> str:
    """The gold by the text of the option and not by its letter, without case and punctuation."""
    gold: Any = json.loads(gold_json)
    if answer_type == AnswerType.MCQ:
        return wording(options[int(gold["index"])])
    if answer_type == AnswerType.MULTI:
        return canonical_json(sorted(wording(options[int(index)]) for index in gold["indexes"]))
    if answer_type in (AnswerType.YESNO, AnswerType.YESNOMAYBE):
        # Another release of a set may hold its yes and no as words.
        gold = {"values": [gold["value"]]}
    return canonical_json(_worded(gold))


def _worded(told: Any) -> Any:
    """A gold with its texts as they are compared, and its numbers as they are."""
    if isinstance(told, str):
        return wording(told)
    if isinstance(told, list):
        return [_worded(one) for one in cast("list[Any]", told)]
    return {key: _worded(value) for key, value in cast("dict[str, Any]", told).items()} if isinstance(told, dict) else told
