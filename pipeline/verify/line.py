"""The option whose letter has a line of its own, or opens one with the option's text."""

import re

from pipeline.verify.choice import agrees, name_options
from pipeline.verify.fold import fold
from pipeline.verify.gold import Gold
from pipeline.verify.target import Target, contradicts, lettered, segments, target_at
from schemas.trace import Verdict

# These begin with the line's end before them, which is quick to find.
_LINE = re.compile(r"\n[ \t>*_(\[-]*([A-Z])[ \t]*[).:\]][)*_ \t]*(.*)$", re.MULTILINE)
_LEADS = re.compile(
    r"(?:\A|\b(?:is|are|be|was|answer|ans|conclusion|response|therefore|thus|hence|so|decision|verdict)\b|\b(?:correct|best|most)\b[^\n]*\?)[\s*_:,.#]*\Z",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\n[ \t*_(\[{\"'$\\]*([A-Z])[ \t*_)\]}\"'.:$\\]*$", re.MULTILINE)
_SHORTLY = re.compile(
    r"\n[ \t*_#>]*(?:ans|conclusion|(?:final )?decision|verdict|hence|thus|so|therefore|risposta|resposta)\b[ \t,:.*_]*\(?(?-i:([A-Z]))\)?[ \t*_.]*$",
    re.IGNORECASE | re.MULTILINE,
)


def lined_target(text: str, gold: Gold) -> Target | None:
    """By a line that is one letter, or one letter with its option's text, where no other such line stands."""
    found = _lined("\n" + text, gold)
    return found and found._replace(start=found.start - 1, end=found.end - 1)


def _lined(text: str, gold: Gold) -> Target | None:
    lines = list(_LINE.finditer(text))
    alone = [*_ALONE.finditer(text), *_SHORTLY.finditer(text)]
    if alone and not lines:
        named = {line[1] for line in alone}
        below = text[alone[-1].end() :].strip()[:400].split("\n", 1)[0]
        if fold(below) in gold.folded and name_options(f"{alone[-1][1]}. {below}", gold).verdict is not Verdict.CORRECT:
            return None
        return lettered(text, alone[-1].start(1), alone[-1].end(1), tuple(sorted(named)), gold)
    if not lines:
        return None
    if len({line[1] for line in lines}) == 1:
        if not _LEADS.search(text[: lines[-1].start()].rstrip()[-80:]):
            return None
        index = ord(lines[-1][1]) - ord("A")
        first = lines[-1][2].split(". ", 1)[0]
        fits = index >= len(gold.options) or agrees(first, gold, index) or gold.folded[index] in segments(text, lines[-1].start(2))
        return target_at(text, lines[-1].start(1), gold) if fits or contradicts(text, lines[-1].end(1), gold, index) else None
    last = lines[-1]
    lead = text[: last.start()].rstrip()
    if lead.endswith(":") and not text[last.end() :].strip():
        return target_at(text, last.start(1), gold)
    return None
