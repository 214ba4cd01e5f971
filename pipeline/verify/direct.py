"""Direct answers among traces that others published: completions without a thought and a box, all of which is the answer."""

from pipeline.markers import unmarked
from pipeline.verify.answer import READERS
from pipeline.verify.box import last_box
from pipeline.verify.gold import Gold, Judged
from pipeline.verify.think import published_trace, split_think
from schemas.trace import Verdict

# What the rules by which a direct answer was read begin with.
DIRECT = "direct"
MOST_CHARS = 200


def direct_verdict(text: str, gold: Gold) -> Judged | None:
    """The verdict on a direct answer; None where a text is none.

    What is longer than a line is one only where it is right: a report may be, reasoning that forgot its box is not.
    """
    thought = split_think(text)
    answer = thought.answer.strip()
    if not answer or thought.think.strip() or not thought.complete or last_box(answer, framed=False) is not None:
        return None
    reading = READERS[gold.answer_type](answer, gold, DIRECT)
    short = len(answer) <= MOST_CHARS and "\n" not in answer
    if reading.verdict is not Verdict.CORRECT and not (short and reading.verdict is Verdict.INCORRECT):
        return None
    start = thought.answer_start + len(thought.answer) - len(thought.answer.lstrip())
    return Judged(reading.verdict, reading.extracted, reading.rule, (start, start + len(answer)), False, reading.score)


def is_direct(rule: str) -> bool:
    """Whether a verdict is that on a direct answer, by its rule."""
    return rule.startswith(DIRECT)


def published_form(text: str, rule: str) -> str:
    """The completion as it is published: a direct answer alone, all others with their thought."""
    return unmarked(split_think(text).answer.strip()) if is_direct(rule) else published_trace(text)
