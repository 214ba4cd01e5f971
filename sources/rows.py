"""From upstream's cells to text, options and gold; what cannot be read is a fault of its row."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from schemas.example import AnswerType
from sources.formats import LONE_SURROGATE

LETTER = re.compile(r"[(\[]?([A-Za-z])[)\]]?[.:]?")
YES = {"yes": "yes", "no": "no"}
TRUTH = YES | {"y": "yes", "n": "no", "true": "yes", "false": "no", "1": "yes", "0": "no"}
WHOLE = re.compile(r"([+-]?\d{1,9})(?:\.0+)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GOES_ON = re.compile(r"\w|[.,]\d")
OPTION_LETTERS = ("letter", "key")
OPTION_TEXTS = ("text", "content", "atext", "value", "option")

Gold = tuple[AnswerType, dict[str, Any]]


class Fault(Exception):
    """Why a row cannot become an example: a reason that is counted, and what was found."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def cell(record: Mapping[str, Any], column: str) -> Any:
    """The value under a column.

    Raises: Fault where the row lacks it.
    """
    try:
        return record[column]
    except KeyError:
        raise Fault("missing field", column) from None


def text(value: Any) -> str:
    """The text of a cell without outer whitespace; '' for null and NaN.

    Raises: Fault where it is a list or an object, or cannot be written as UTF-8.
    """
    if isinstance(value, str):
        if not value.isascii() and LONE_SURROGATE.search(value):
            raise Fault("broken text", "half of a surrogate pair")
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, int, float, Decimal)):
        return str(value)
    raise Fault("not text", type(value).__name__)


def question_of(value: Any) -> str:
    """The question's text.

    Raises: Fault where it is empty.
    """
    question = text(value)
    if not question:
        raise Fault("no question")
    return question


def checked_options(values: Sequence[Any]) -> tuple[str, ...]:
    """The texts of options, at least two and none of them empty.

    Raises: Fault otherwise.
    """
    options = tuple(map(text, values))
    if len(options) < 2:
        raise Fault("too few options", str(len(options)))
    if "" in options:
        raise Fault("empty option", chr(ord("A") + options.index("")))
    return options


def options_in(value: Any) -> tuple[str, ...]:
    """The options in one cell: a list of texts or of objects, an object by letter, or either as JSON text.

    Raises: Fault where the cell holds something else.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Fault("options unreadable", value[:80]) from None
    if isinstance(value, Mapping):
        given = {str(key): item for key, item in value.items() if item is not None}
        lettered = all(len(key) == 1 and key.isalpha() for key in given)
        _check_letters(sorted(given) if lettered else ())
        return checked_options([given[key] for key in (sorted(given) if lettered else given)])
    if isinstance(value, (list, tuple)):
        for name in OPTION_LETTERS:
            _check_letters([letter for item in value if isinstance(item, Mapping) and LETTER.fullmatch(letter := str(item.get(name, "")))])
        return checked_options([_option(item) for item in value])
    raise Fault("options unreadable", repr(value)[:80])


def _check_letters(letters: Sequence[str]) -> None:
    """Whether letters that options have are A, B, C and so on: else the gold's letter would name another option."""
    if [letter.upper() for letter in letters] != [chr(ord("A") + place) for place in range(len(letters))]:
        raise Fault("options unreadable", f"the letters {', '.join(letters)[:60]}")


def _option(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    for key in OPTION_TEXTS:
        if key in item:
            return item[key]
    raise Fault("options unreadable", f"an option with the fields {', '.join(map(str, item))}")


def options_across(values: Sequence[Any]) -> tuple[str, ...]:
    """The options of several cells; empty ones at the end are options that this question does not have.

    Raises: Fault where one before the end is empty, or there are fewer than two.
    """
    given = [text(value) for value in values]
    while given and not given[-1]:
        given.pop()
    return checked_options(given)


def gold_by_letter(value: Any, count: int) -> Gold:
    """The gold of a letter, or of a list of letters.

    Raises: Fault where there is none, or it names no option.
    """
    return _chosen([_letter(item) for item in _several(value)], count)


def gold_by_index(value: Any, base: int, count: int) -> Gold:
    """The gold of an index that counts from `base`, or of a list of such; pandas may have made it 2.0.

    Raises: Fault where there is none, or it names no option.
    """
    return _chosen([_whole(item) - base for item in _several(value)], count)


def gold_by_text(value: Any, options: Sequence[str]) -> Gold:
    """The gold of an option's text, or of a list of such, compared without case and outer whitespace.

    Raises: Fault where there is none, or not exactly one option reads like it.
    """
    return _chosen([_reading(item, options) for item in _several(value)], len(options))


def begins_with(said: str, option: str) -> bool:
    """Whether an answer begins with an option's whole words, without case: `10 mg` does not begin with the option 1."""
    words = option.casefold().rstrip(".")
    return said.casefold().startswith(words) and not _GOES_ON.match(said.casefold(), len(words))


def gold_open(value: Any) -> Gold:
    """The gold of a free answer, or of a list of answers that all count.

    Raises: Fault where there is none.
    """
    values = list(dict.fromkeys(found for item in _several(value) if (found := text(item))))
    if not values:
        raise Fault("no gold")
    return AnswerType.OPEN, {"values": values}


def gold_yesno(value: Any) -> Gold:
    """The gold of a yes/no cell.

    Raises: Fault where there is none, or it says something else.
    """
    word = text(value).casefold()
    if not word:
        raise Fault("no gold")
    if word not in TRUTH:
        raise Fault("gold not yes or no", word[:80])
    return AnswerType.YESNO, {"value": TRUTH[word]}


def gold_number(value: Any) -> Gold:
    """The gold of a number as it is written, without a tolerance.

    Raises: Fault where there is none, or it is no finite number.
    """
    number = text(value)
    if not number:
        raise Fault("no gold")
    if not NUMBER.fullmatch(number):
        raise Fault("gold not a number", number[:80])
    return AnswerType.NUMERIC, {"value": number, "low": number, "high": number, "unit": ""}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _letter(value: Any) -> int:
    letter = text(value)
    if not letter:
        raise Fault("no gold")
    match = LETTER.fullmatch(letter)
    if not match:
        raise Fault("gold not a letter", letter[:80])
    return ord(match[1].upper()) - ord("A")


def _reading(value: Any, options: Sequence[str]) -> int:
    wanted = text(value)
    if not wanted:
        raise Fault("no gold")
    hits = [index for index, option in enumerate(options) if option.strip().casefold() == wanted.casefold()]
    if len(hits) != 1:
        raise Fault("gold not among options", f"{wanted[:80]} ({len(hits)} options read so)")
    return hits[0]


def _whole(value: Any) -> int:
    if type(value) is int and abs(value) < 10**9:
        return value
    number = text(value)
    if not number:
        raise Fault("no gold")
    match = WHOLE.fullmatch(number)
    if not match:
        raise Fault("gold not an index", number[:80])
    return int(match[1])


def _chosen(indexes: list[int], count: int) -> Gold:
    if not indexes:
        raise Fault("no gold")
    for index in indexes:
        if not 0 <= index < count:
            raise Fault("gold out of range", f"option {index + 1} of {count}")
    distinct = sorted(set(indexes)) if len(indexes) > 1 else indexes
    if len(distinct) == 1:
        return AnswerType.MCQ, {"index": distinct[0]}
    return AnswerType.MULTI, {"indexes": distinct}
