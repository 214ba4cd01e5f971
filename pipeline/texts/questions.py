"""Questions as they are compared: stem, options and answer apart, options that the stem repeats taken out of it."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from pipeline.texts.tokens import Hashes, Places, Words, fold, mix, sum_by, text_hashes, words

_MARK = re.compile(r"(?:^|\s)[\(\[]?([A-J])[\).:\]]\s+")
# In C: a comprehension over a million rows takes longer than to hash their words.
_asked, _context, _options, _answer = map(attrgetter, ("question", "context", "options", "answer"))
_BARE_LETTER = re.compile(r"\(?[A-Ja-j]\)?\.?")


class Question(NamedTuple):
    """One row of anyone's."""

    id: str
    question: str
    context: str = ""
    options: tuple[str, ...] = ()
    answer: str = ""
    # The text of the right option, '' where it is not known; it says nothing that the options do not.
    gold: str = ""

    @property
    def stem(self) -> str:
        return f"{self.context}\n{self.question}" if self.context else self.question

    @property
    def whole(self) -> str:
        return "\n".join(part for part in (self.context, self.question, *self.options, spoken_answer(self.answer)) if part)


def spoken_answer(answer: str) -> str:
    """An answer that says something by itself; '' for a letter."""
    return "" if len(answer) < 6 and _BARE_LETTER.fullmatch(answer.strip()) else answer


def without_options(question: Question) -> Question:
    """The question with the options that its text repeats taken out, and read from there where it has none of its own."""
    text = question.question
    # Single letters are found ten times as fast as marks, and hardly any text without marks holds all three.
    if not ("C" in text and "B" in text and "A" in text) or not ("A)" in text or "A." in text or "A:" in text or "A]" in text):
        return question
    marks = _marks(text)
    if not marks:
        return question
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    told = tuple(text[mark.end() : end].strip(" \n\t;,") for mark, end in zip(marks, ends, strict=True))
    if question.options and not _alike(told, question.options):
        return question
    stem = re.sub(
        r"(?:(?:answer|response)\s+)?(?:choices|options)(?:\s+are)?\s*:?\s*$", "", text[: marks[0].start()], flags=re.IGNORECASE
    ).strip()
    return question._replace(question=stem, options=question.options or told) if stem.strip() else question


def _marks(text: str) -> list[re.Match[str]]:
    """The last run of marks A, B, C, … in order; at least three."""
    best: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for mark in _MARK.finditer(text):
        if mark[1] == "A":
            run = [mark]
        elif run and ord(mark[1]) == ord("A") + len(run):
            run.append(mark)
        if len(run) >= 3:
            best = run
    return best


def _alike(told: Sequence[str], options: Sequence[str]) -> bool:
    plain = {" ".join(re.findall(r"\w+", fold(option))) for option in options}
    return sum(" ".join(re.findall(r"\w+", fold(one))) in plain for one in told) * 2 >= len(told)


class Block(NamedTuple):
    """Many questions with their words: of the stem, of options and answer, of all; and the hashes that say what is equal."""

    rows: Sequence[Question]
    stems: Words
    options: Words
    option_hash: Hashes
    option_row: Places
    stem_hash: Hashes
    options_hash: Hashes

    @property
    def whole(self) -> Words:
        """All words, by row."""
        return join_words(self.stems, self.options)


def question_of(row: Mapping[str, Any]) -> Question:
    """A row as a question; options may be a list, or a mapping of letters."""
    given = row.get("options") or ()
    options = tuple(str(option) for option in (given.values() if isinstance(given, Mapping) else given))
    answer = str(row.get("answer") or "")
    return Question(str(row["id"]), row["question"] or "", row.get("context") or "", options, answer, gold_of(options, answer))


def gold_of(options: Sequence[str], answer: str) -> str:
    """The text of the option that an answer names by its letter or its words; '' where it names none."""
    if answer in options:
        return answer
    letter = answer.strip(" ().").upper()
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    return options[place] if 0 <= place < len(options) else ""


def block_of(questions: Sequence[Question]) -> Block:
    """Questions with their words; the options are hashed as a set, whatever their order."""
    asked, options = map(_asked, questions), list(map(_options, questions))
    stems = words([question.stem for question in questions] if any(map(_context, questions)) else list(asked))
    owner = np.repeat(np.arange(len(questions)), np.fromiter(map(len, options), np.int64, len(questions)))
    listed = words(list(chain.from_iterable(options)))
    hashes = text_hashes(listed)
    said = listed._replace(row=owner[listed.row] if len(owner) else listed.row, rows=len(questions))
    if any(map(_answer, questions)):
        said = join_words(said, words([spoken_answer(question.answer) for question in questions]))
    return Block(questions, stems, said, hashes, owner, text_hashes(stems), sum_by(mix(hashes), owner, len(questions)))


def join_words(one: Words, other: Words) -> Words:
    """The words of two texts a row, by row."""
    if not len(other.row):
        return one
    order = np.argsort(np.concatenate([one.row, other.row]), kind="stable")
    exact, stem = np.concatenate([one.exact, other.exact])[order], np.concatenate([one.stem, other.stem])[order]
    row, is_number = np.concatenate([one.row, other.row])[order], np.concatenate([one.is_number, other.is_number])[order]
    return Words(exact, stem, row, is_number, one.rows)
