"""What is odd about a trace, apart from its answer: columns to choose by, never reasons to delete alone."""

import re
from collections import Counter
from typing import NamedTuple

from pipeline.verify.cut import was_cut
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
WINDOW = 8
MOST = 3
Words = Counter[str]
_WORD = re.compile(r"\w+|[^\w\s]")
_WORD_ASCII = re.compile(r"[a-z0-9_]+|[^\w\s]", re.ASCII)
_WORD_SIGNS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \t\n\r\x0b\x0c"
# Blank for `str.split`, but not for the patterns.
_SEPARATORS = "\x1c\x1d\x1e\x1f"
# The patterns take 100 to 500 microseconds for 3 kB; they read small letters, and only where words stand that they need.
_SELVES = frozenset(
    (
        "ai", "model", "models", "kimi", "grok", "mistral", "doubao", "ernie", "openai", "anthropic", "google", "alibaba", "meta", "moonshot", "xai",
        "cut", "cutoff",
    )
)  # fmt: skip
_NAMES = ("deepseek", "qwen", "gpt", "claude", "gemini", "llama")
_IDENTITY = re.compile(
    r"\b(?:as an ai\b|i am an ai\b|i'm an ai\b|language model|(?:i am|i'm|my name is|called|as) (?:deepseek|qwen|chatgpt|gpt-\d|claude|gemini"
    r"|llama|kimi|grok|mistral|doubao|ernie)(?![a-z])"
    r"|(?:developed|trained|created|made) by (?:openai|anthropic|google|deepseek|alibaba|meta|moonshot|mistral|xai)(?![a-z])"
    r"|knowledge cut-?off|openai's polic)|作为一?个?(?:人工智能|ai|语言模型)"
)
# What stands in a leak by a word of it; where a word says less, what may stand beside it.
_LEAKS = {
    "ground": ("ground truth", "ground-truth"),
    "reference": ("reference answer", "reference solution"),
    "label": ("dataset label", "to the label", "as the label"),
    "hint": ("hint says", "hint states", "hint suggests"),
    "told": ("i was told",),
    "pretend": ("pretend not", "pretend i"),
    "according": ("to the answer", "to the solution", "to the key"),
    "answer": ("answer key",),
}
_GIVEN = frozenset(("provided", "given", "labelled", "labeled", "stated", "known", "expected", "gold"))
_SPEAKS = frozenset(("says", "tells", "gives", "states"))
_SPEAKERS = ("question", "prompt", "user")
_LEAK = re.compile(
    r"\bground[- ]truth\b|\breference (?:answer|solution)\b|\banswer key\b|\bdataset label\b|\bhint (?:says|states|suggests)\b|\bi was told\b"
    r"|\b(?:the|as) (?:provided|given|labell?ed|stated|known|expected|gold) (?:correct )?answer (?:is|says|was|provided|states|indicates|of|here|key)\b"
    r"|\bthe (?:given|labell?ed|gold|expected|provided|stated) answer\b|\baccording to the (?:label|answer|solution|key)\b"
    r"|\bas the label (?:suggests|says)\b|\bthe (?:question|prompt|user) (?:says|tells me|gives|states) (?:that )?the (?:correct )?answer\b"
    r"|\bpretend (?:not to know|i don't know)\b|标准答案|参考答案"
)
_WRITTEN = frozenset(
    (
        "caption", "captions", "description", "descriptions", "report", "reports", "text", "texts", "metadata", "filename", "filenames", "name", "names",
    )
)  # fmt: skip
_TELLS = frozenset(
    (
        "say", "says", "state", "states", "mention", "mentions", "describe", "describes", "indicate", "indicates", "note", "notes", "read", "reads",
        "tells", "according",
    )
)  # fmt: skip
_PICTURES = frozenset(("image", "picture", "scan", "figure"))
_LOOKS = frozenset(("see", "view", "access"))
_BLIND = re.compile(
    r"\b(?:the|this|provided|given|accompanying) (?:image |figure )?(?:caption|description|report|alt text|metadata|filename|file name)s?"
    r" (?:says?|states?|mentions?|describes?|indicates?|notes?|reads?|tells)\b|\baccording to the (?:image )?(?:caption|description|report)\b"
    r"|\b(?:i|we) (?:cannot|can't|am unable to|do not|don't) (?:actually )?(?:see|view|access) (?:the|any|this) (?:image|picture|scan|figure)"
    r"|\b(?:no|without (?:an?|the)) (?:image|picture|figure) (?:is|was|has been|being)? ?(?:provided|attached|given|shown|available)"
)
_SCRIPTS = tuple(
    re.compile(f"[{letters}]+")
    for letters in (
        "A-Za-zÀ-ɏ",
        "\u3400-\u9fff",
        "\u3040-\u30ff",
        "\uac00-\ud7af",
        "\u0400-\u04ff",
        "\u0600-\u06ff",
        "\u0900-\u097f",
        "\u0e00-\u0e7f",
    )
)
_NOT_LATIN = re.compile("[\u0400-\u04ff\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def flags(text: str, finish_reason: str = "stop") -> Flags:
    """The flags of a completion, in time that grows linearly; the first 200,000 characters are looked at."""
    thought = split_think(text)
    plain = text[:LONGEST]
    small = plain.replace("’", "'").lower()
    words = _words(small)
    counts = Counter(words)
    repeats = _repeated(words, counts)
    other = other_script_share(plain)
    return Flags(
        truncated=not thought.complete or was_cut(thought.answer, finish_reason),
        no_thought=not thought.think.strip(),
        boxes=thought.answer.count("\\boxed"),
        repeats=repeats,
        looping=repeats >= LOOP_SHARE,
        other_script=other,
        mixed_language=other >= MIXED_SHARE,
        identity=_identity(small, counts),
        leaks_answer=_leaks(small, counts),
        image_blind=_blind(small, counts),
    )


def _words(small: str) -> list[str]:
    """Runs of letters and digits, and every other sign that is not blank, in order."""
    if not small.isascii():
        return _WORD.findall(small)
    signs = set(small.encode().translate(None, _WORD_SIGNS).decode())
    if not signs.isdisjoint(_SEPARATORS):
        return _WORD_ASCII.findall(small)
    for sign in signs:
        small = small.replace(sign, f" {sign} ")
    return small.split()


def _identity(small: str, words: Words) -> bool:
    hinted = not words.keys().isdisjoint(_SELVES) or "作为" in small or any(name in small for name in _NAMES)
    return hinted and _IDENTITY.search(small) is not None


def _leaks(small: str, words: Words) -> bool:
    hinted = any(phrase in small for word in words.keys() & _LEAKS.keys() for phrase in _LEAKS[word])
    if not hinted and "answer" in words:
        hinted = any(f"{word} answer" in small or f"{word} correct answer" in small for word in words.keys() & _GIVEN)
        hinted = hinted or any(f"{speaker} {verb} " in small for verb in words.keys() & _SPEAKS for speaker in _SPEAKERS)
    hinted = hinted or (not small.isascii() and "答案" in small)
    return hinted and _LEAK.search(small) is not None


def _blind(small: str, words: Words) -> bool:
    return (_reads(small, words) or _looks(small, words)) and _BLIND.search(small) is not None


def _reads(small: str, words: Words) -> bool:
    """Whether a word for something written stands before one for speaking."""
    tells = words.keys() & _TELLS
    written = words.keys() & _WRITTEN if tells else ()
    if written and "according" in tells and "according to the" in small:
        return True
    return any(f"{noun} {verb}" in small for noun in written for verb in tells)


def _looks(small: str, words: Words) -> bool:
    """Whether a word for seeing stands before one for a picture, or `no` does."""
    seen = [f"{verb} {which} " for verb in words.keys() & _LOOKS for which in ("the", "any", "this")]
    if any(look in small and any(look + noun in small for noun in _PICTURES) for look in seen):
        return True
    return any(f"{no} {noun} " in small for noun in words.keys() & _PICTURES for no in ("no", "without a", "without an", "without the"))


def repeated_share(text: str) -> float:
    """The share of windows of eight words, case aside, that stand in the text more than three times."""
    words = _words(text.lower())
    return _repeated(words, Counter(words))


def _repeated(words: list[str], counts: Words) -> float:
    """As above. Only windows of words that are all frequent are counted, and only where many have the same ends: no other can be."""
    if len(words) < 4 * WINDOW:
        return 0.0
    often = {word for word, count in counts.items() if count > MOST}
    run, at = bytes([1]) * WINDOW, -1
    frequent = bytes(map(often.__contains__, words))
    places: list[int] = []
    while (at := frequent.find(run, at + 1)) >= 0:
        places.append(at)
    ends = Counter([(words[at], words[at + WINDOW - 1]) for at in places])
    windows = Counter([tuple(words[at : at + WINDOW]) for at in places if ends[words[at], words[at + WINDOW - 1]] > MOST])
    return sum(count for count in windows.values() if count > MOST) / (len(words) - WINDOW + 1)


def other_script_share(text: str) -> float:
    """The share of letters that are not of the text's main script; Greek counts as notation, not as a language."""
    if text.isascii() or _NOT_LATIN.search(text) is None:
        return 0.0
    counts = [sum(map(len, script.findall(text))) for script in _SCRIPTS]
    return (sum(counts) - max(counts)) / sum(counts)
