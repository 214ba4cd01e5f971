"""What is odd about a trace, apart from its answer: columns to choose by, never reasons to delete alone."""

import re
from typing import NamedTuple

from pipeline.verify.think import split_think


class Flags(NamedTuple):
    """Quality flags of one completion.

    `repeats`: the share of words that stand in a block repeated right behind itself or often in the text.
    `other_script`: the share of letters outside the script that most letters are in.
    """

    truncated: bool
    no_thought: bool
    boxes: int
    repeats: float
    looping: bool
    other_script: float
    mixed_language: bool
    identity: bool
    leaks_answer: bool
    image_blind: bool


LOOP_SHARE = 0.3
MIXED_SHARE = 0.05
LONGEST = 200_000
_WORD = re.compile(r"\w+|[^\w\s]")
_IDENTITY = re.compile(
    r"\b(?:as an ai|i am an ai|i'm an ai|language model|(?:i am|i'm|my name is|called|as) (?:deepseek|qwen|chatgpt|gpt-\d|claude|gemini|llama|kimi"
    r"|grok|mistral|doubao|ernie)|(?:developed|trained|created|made) by (?:openai|anthropic|google|deepseek|alibaba|meta|moonshot|mistral|xai)"
    r"|knowledge cut-?off|openai's polic)|作为一?个?(?:人工智能|AI|语言模型)",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"\bground[- ]truth\b|\breference (?:answer|solution)\b|\banswer key\b|\bdataset label\b|\bhint (?:says|states|suggests)\b|\bi was told\b"
    r"|\b(?:the|as) (?:provided|given|labell?ed|stated|known|expected|gold) (?:correct )?answer (?:is|says|was|provided|states|indicates|of|here|key)\b"
    r"|\bthe (?:given|labell?ed|gold|expected|provided|stated) answer\b|\baccording to the (?:label|answer|solution|key)\b"
    r"|\bas the label (?:suggests|says)\b|\bthe (?:question|prompt|user) (?:says|tells me|gives|states) (?:that )?the (?:correct )?answer\b"
    r"|\bpretend (?:not to know|i don't know)\b|标准答案|参考答案",
    re.IGNORECASE,
)
_BLIND = re.compile(
    r"\b(?:the|this|provided|given|accompanying) (?:image |figure )?(?:caption|description|report|alt text|metadata|filename|file name)s?"
    r" (?:says?|states?|mentions?|describes?|indicates?|notes?|reads?|tells)\b|\baccording to the (?:image )?(?:caption|description|report)\b"
    r"|\b(?:i|we) (?:cannot|can't|am unable to|do not|don't) (?:actually )?(?:see|view|access) (?:the|any|this) (?:image|picture|scan|figure)"
    r"|\b(?:no|without (?:an?|the)) (?:image|picture|figure) (?:is|was|has been|being)? ?(?:provided|attached|given|shown|available)",
    re.IGNORECASE,
)
_SCRIPTS = (
    ("latin", re.compile(r"[A-Za-zÀ-ɏ]")),
    ("han", re.compile(r"[\u3400-\u9fff]")),
    ("kana", re.compile(r"[\u3040-\u30ff]")),
    ("hangul", re.compile(r"[\uac00-\ud7af]")),
    ("cyrillic", re.compile(r"[\u0400-\u04ff]")),
    ("arabic", re.compile(r"[\u0600-\u06ff]")),
    ("devanagari", re.compile(r"[\u0900-\u097f]")),
    ("thai", re.compile(r"[\u0e00-\u0e7f]")),
)


def flags(text: str, finish_reason: str = "stop") -> Flags:
    """The flags of a completion, in time that grows linearly; the first 200,000 characters are looked at."""
    thought = split_think(text)
    plain = text[:LONGEST].replace("’", "'")
    repeats = repeated_share(plain)
    other = other_script_share(plain)
    return Flags(
        truncated=finish_reason == "length" or not thought.complete,
        no_thought=not thought.think.strip(),
        boxes=thought.answer.count("\\boxed"),
        repeats=repeats,
        looping=repeats >= LOOP_SHARE,
        other_script=other,
        mixed_language=other >= MIXED_SHARE,
        identity=_IDENTITY.search(plain) is not None,
        leaks_answer=_LEAK.search(plain) is not None,
        image_blind=_BLIND.search(plain) is not None,
    )


def repeated_share(text: str, width: int = 8, most: int = 3) -> float:
    """The share of windows of eight words that stand in the text more than three times."""
    words = _WORD.findall(text)
    if len(words) < 4 * width:
        return 0.0
    windows = list(zip(*(words[shift:] for shift in range(width)), strict=False))
    counts: dict[tuple[str, ...], int] = {}
    for window in windows:
        counts[window] = counts.get(window, 0) + 1
    return sum(count for count in counts.values() if count > most) / len(windows)


def other_script_share(text: str) -> float:
    """The share of letters that are not of the text's main script; Greek counts as notation, not as a language."""
    counts = [len(pattern.findall(text)) for _, pattern in _SCRIPTS]
    total = sum(counts)
    return (total - max(counts)) / total if total else 0.0
