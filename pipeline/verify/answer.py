"""The verdict on one completion: where its answer stands, what it says, whether it is right, and why."""

from collections.abc import Callable

from pipeline.verify.box import last_box
from pipeline.verify.choice import read_choice, read_choices
from pipeline.verify.closing import plain_verdict
from pipeline.verify.cut import was_cut
from pipeline.verify.fallback import find_answer
from pipeline.verify.gold import Found, Gold, GoldError, Judged, Policy, Reading
from pipeline.verify.moment import read_date
from pipeline.verify.number import read_number
from pipeline.verify.prose import read_text
from pipeline.verify.refusal import refuses
from pipeline.verify.regions import find_regions, judge_regions, read_regions
from pipeline.verify.retract import crossed_out, denied, retracts
from pipeline.verify.think import split_think
from pipeline.verify.words import read_labels, read_word
from schemas.example import AnswerType
from schemas.trace import Verdict

__all__ = ["VERIFIER", "Gold", "GoldError", "Judged", "Policy", "verify"]

VERIFIER = "medtrace-verify/5"

Reader = Callable[[str, Gold, str], Reading]
_EVAL = Policy.EVAL
READERS: dict[AnswerType, Reader] = {
    AnswerType.MCQ: read_choice,
    AnswerType.MULTI: read_choices,
    AnswerType.YESNO: read_word,
    AnswerType.YESNOMAYBE: read_word,
    AnswerType.LABEL_SET: read_labels,
    AnswerType.NUMERIC: read_number,
    AnswerType.DATE: read_date,
    AnswerType.OPEN: read_text,
    AnswerType.BBOX: read_regions,
}
_ENDINGS = {
    "refused": (Verdict.REFUSED, "server_refused"),
    "content_filter": (Verdict.REFUSED, "content_filter"),
    "too_long": (Verdict.NO_ANSWER, "prompt_too_long"),
    "image_refused": (Verdict.NO_ANSWER, "image_refused"),
}


def verify(text: str, gold: Gold, *, policy: Policy = Policy.EVAL, finish_reason: str = "stop") -> Judged:
    """The verdict on a completion; never raises on its text, and takes time that grows linearly with it.

    Only what follows the last thought counts. `policy` train takes a box alone (boxes of an image also in their
    own tags) and no completion that was cut off; eval goes on to anchored phrases and never guesses.
    """
    if policy is not _EVAL:
        policy = Policy(policy)
    elif finish_reason == "stop" and (plain := plain_verdict(text, gold)) is not None:
        return plain
    if finish_reason in _ENDINGS:
        verdict, rule = _ENDINGS[finish_reason]
        return Judged(verdict, "", rule, None, False, 0.0)
    thought = split_think(text)
    has_thought = thought.complete and bool(thought.think.strip())
    cut = was_cut(thought.answer, finish_reason)
    if cut and (policy is Policy.TRAIN or not thought.complete):
        return Judged(Verdict.TRUNCATED, "", "cut_off" if thought.complete else "cut_off_in_thought", None, has_thought, 0.0)
    if not thought.complete:
        return Judged(Verdict.MALFORMED, "", "thought_without_end", None, False, 0.0)
    found = _find(thought.answer, gold, policy, cut)
    if found is None:
        return _nothing(thought.answer, policy, cut, has_thought)
    start = thought.answer_start
    span = (start + found.start, start + found.end) if found.end > found.start else None
    return Judged(found.reading.verdict, found.reading.extracted, found.reading.rule, span, has_thought, found.reading.score)


def _find(answer: str, gold: Gold, policy: Policy, cut: bool) -> Found | None:
    """The reading that decides: the last box, else what the policy allows."""
    read = READERS[gold.answer_type]
    box = last_box(answer, framed=policy is Policy.EVAL)
    if box is not None and not box.closed:
        verdict, rule = (Verdict.TRUNCATED, "cut_off_in_box") if cut else (Verdict.MALFORMED, "box_without_end")
        return Found(Reading(verdict, "", rule, 0.0), 0, 0)
    if gold.answer_type is AnswerType.BBOX and (box is None or find_regions(box.content) is None):
        regions = find_regions(answer)
        if regions is not None:
            return _unless_retracted(answer, Found(judge_regions(regions, gold, "tag"), regions.start, regions.end), gold, boxed=True)
    if box is not None:
        found = Found(read(box.content, gold, "box"), box.start, box.end)
        if found.reading.rule != "box_unmatched" or policy is Policy.TRAIN or cut:
            return _unless_retracted(answer, found, gold, boxed=True)
        after = find_answer(answer[box.end + 1 :], gold, read, cut=False, anchored=True)
        if after is None:
            return found
        return Found(after.reading, after.start + box.end + 1, after.end + box.end + 1)
    if policy is Policy.TRAIN:
        return None
    found = find_answer(answer, gold, read, cut=cut, anchored=False)
    return found and _unless_retracted(answer, found, gold)


def _unless_retracted(answer: str, found: Found, gold: Gold, *, boxed: bool = False) -> Found:
    """The reading, or AMBIGUOUS where the text behind it takes it back."""
    if found.reading.verdict is not Verdict.CORRECT:
        return found
    boxed = boxed or found.reading.rule.startswith(("tag", "lead"))
    taken_back = (boxed and denied(answer, found.start, found.end)) or crossed_out(answer, found.start, found.end, gold)
    if taken_back or retracts(answer, found.end, gold):
        return found._replace(reading=found.reading._replace(verdict=Verdict.AMBIGUOUS, rule=f"{found.reading.rule}_retracted", score=0.0))
    return found


def _nothing(answer: str, policy: Policy, cut: bool, has_thought: bool) -> Judged:
    """The verdict where nothing could be read as an answer."""
    if not answer.strip():
        verdict, rule = Verdict.NO_ANSWER, "empty"
    elif refuses(answer):
        verdict, rule = Verdict.REFUSED, "refusal"
    elif cut:
        verdict, rule = Verdict.TRUNCATED, "cut_off"
    elif policy is Policy.TRAIN:
        verdict, rule = Verdict.MALFORMED, "no_box"
    else:
        verdict, rule = Verdict.NO_ANSWER, "nothing_anchored"
    return Judged(verdict, "", rule, None, has_thought, 0.0)
