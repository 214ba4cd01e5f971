"""Grammars that hold a model to a short thought and one box, for engines that decode under constraints."""

from schemas.errors import UsageError
from schemas.example import AnswerType

STRUCTURE_VERSION = 1
SHORTEST_THOUGHT = 40
LONGEST_THOUGHT = 320
MOST_OPTIONS = 26

_GBNF = {
    AnswerType.NUMERIC: r'answer ::= "-"? [0-9]{1,9} ("." [0-9]{1,6})?',
    AnswerType.DATE: r'answer ::= [0-9]{4} "-" [0-1] [0-9] "-" [0-3] [0-9] | "(" [0-9]{1,3} " weeks, " [0-6] " days)"',
    AnswerType.OPEN: r"answer ::= [^{}<\n]{1,120}",
    AnswerType.LABEL_SET: r"answer ::= [^{}<\n]{1,240}",
    AnswerType.BBOX: 'answer ::= "<box>[" box (", " box){0,31} "]</box>"\nbox ::= "[" n ", " n ", " n ", " n "]"\nn ::= [0-9]{1,5}',
}


def structure_grammar(answer_type: AnswerType, n_options: int) -> str:
    """The GBNF grammar of `think_boxed`: a thought of 40 to 320 characters without box in tags, then one box (boxes of an image: one tag).

    Raises: UsageError where a question of choice has fewer than 2 options or more than 26.
    """
    words = _words(answer_type, n_options)
    if words and answer_type is AnswerType.MULTI:
        answer = f'answer ::= letter (", " letter){{0,{n_options - 1}}}\nletter ::= {" | ".join(map(_quoted, words))}'
    else:
        answer = f"answer ::= {' | '.join(map(_quoted, words))}" if words else _GBNF[answer_type]
    boxed = "answer" if answer_type is AnswerType.BBOX else r'"\\boxed{" answer "}"'
    thought = f"thought ::= [^<\\\\]{{{SHORTEST_THOUGHT},{LONGEST_THOUGHT}}}"
    return f'root ::= "<think>\\n" thought "\\n</think>\\n\\n" {boxed}\n{thought}\n{answer}\n'


def _quoted(word: str) -> str:
    return f'"{word}"'


def _words(answer_type: AnswerType, n_options: int) -> list[str]:
    """The closed set that an answer is drawn from; empty where it is not closed."""
    if answer_type is AnswerType.YESNO:
        return ["yes", "no"]
    if answer_type is AnswerType.YESNOMAYBE:
        return ["yes", "no", "maybe"]
    if answer_type not in (AnswerType.MCQ, AnswerType.MULTI):
        return []
    if not 2 <= n_options <= MOST_OPTIONS:
        raise UsageError(f"structure think_boxed: {answer_type} with {n_options} options; use it for 2 to {MOST_OPTIONS} options.")
    return [chr(ord("A") + index) for index in range(n_options)]
