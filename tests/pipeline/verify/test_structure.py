"""What a constrained model may write is what the verifier reads."""

import re

import pytest

from pipeline.verify.answer import Gold, Policy, verify
from pipeline.verify.structure import structure_grammar
from schemas.errors import UsageError
from schemas.example import AnswerType
from schemas.trace import Verdict

_TERM = re.compile(r'("(?:[^"\\]|\\.)*")|(\[(?:[^]\\]|\\.)*\])|([a-z]+)|([{][0-9,]+[}]|[?()|])|\s+')


def regex_of(grammar: str) -> str:
    """A grammar without recursion as a regular expression."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())

    def term(found: re.Match[str]) -> str:
        literal, letters, rule, sign = found.groups()
        if literal:
            return re.escape(literal[1:-1].replace("\\n", "\n").replace("\\\\", "\\"))
        return f"(?:{_TERM.sub(term, rules[rule])})" if rule else letters or sign or ""

    return _TERM.sub(term, rules["root"])


THOUGHT = "<think>\nThe pain is on the right and there is fever, so this fits best.\n</think>\n\n"
FOUR = ("one", "two", "three", "four")
CASES = [
    (AnswerType.MCQ, FOUR, '{"index": 2}', r"\boxed{C}"),
    (AnswerType.MULTI, FOUR, '{"indexes": [0, 2]}', r"\boxed{A, C}"),
    (AnswerType.YESNO, (), '{"value": "no"}', r"\boxed{no}"),
    (AnswerType.YESNOMAYBE, (), '{"value": "maybe"}', r"\boxed{maybe}"),
    (AnswerType.NUMERIC, (), '{"value": "-2.5"}', r"\boxed{-2.5}"),
    (AnswerType.DATE, (), '{"value": "2020-02-29"}', r"\boxed{2020-02-29}"),
    (AnswerType.DATE, (), '{"weeks": 17, "days": 4}', r"\boxed{(17 weeks, 4 days)}"),
    (AnswerType.OPEN, (), '{"values": ["left lung"]}', r"\boxed{left lung}"),
    (AnswerType.LABEL_SET, (), '{"labels": ["edema", "mass"]}', r"\boxed{mass, edema}"),
    (AnswerType.BBOX, (), '{"boxes": [[1, 2, 30, 40]]}', "<box>[[1, 2, 30, 40]]</box>"),
]


@pytest.mark.parametrize(("kind", "options", "gold", "answer"), CASES)
def test_structured_answer_matches_and_verifies(kind: AnswerType, options: tuple[str, ...], gold: str, answer: str) -> None:
    assert re.fullmatch(regex_of(structure_grammar(kind, len(options))), THOUGHT + answer)
    judged = verify(THOUGHT + answer, Gold.from_json(kind, options, gold), policy=Policy.TRAIN)
    assert (judged.verdict, judged.thought) == (Verdict.CORRECT, True)


@pytest.mark.parametrize(
    "bad", ["<think>\nshort\n</think>\n\n\\boxed{A}", THOUGHT + r"\boxed{E}", THOUGHT + r"\boxed{A} more", r"\boxed{A}"]
)
def test_anything_else_does_not_match(bad: str) -> None:
    assert not re.fullmatch(regex_of(structure_grammar(AnswerType.MCQ, 4)), bad)


def test_grammar_names_every_letter_and_the_length_of_a_thought() -> None:
    grammar = structure_grammar(AnswerType.MCQ, 3)
    assert '"A" | "B" | "C"\n' in grammar
    assert "{40,320}" in grammar
    assert r'"\\boxed{"' in grammar
    assert grammar.splitlines()[0].startswith("root ::= ")


@pytest.mark.parametrize("kind", list(AnswerType))
def test_every_rule_of_a_grammar_is_defined(kind: AnswerType) -> None:
    grammar = structure_grammar(kind, 4)
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}', " ", grammar)
    assert set(re.findall(r"[a-z]+", bare)) == set(re.findall(r"^([a-z]+) ::=", grammar, re.MULTILINE))


@pytest.mark.parametrize("count", [0, 1, 27])
def test_number_of_options_that_has_no_letters_is_told(count: int) -> None:
    with pytest.raises(UsageError, match="2 to 26"):
        structure_grammar(AnswerType.MCQ, count)
