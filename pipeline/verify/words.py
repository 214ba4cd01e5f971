"""Yes, no and maybe in five languages, and sets of labels."""

import re

from pipeline.verify.fold import fold, unwrap
from pipeline.verify.gold import Gold, Reading
from schemas.example import AnswerType
from schemas.trace import Verdict

WORDS = {
    "yes": ("yes", "oui", "si", "sí", "ja", "是", "是的", "有"),
    "no": ("no", "non", "nein", "否", "不是", "没有", "无"),
    "maybe": ("maybe", "peut être", "quizas", "quizás", "tal vez", "vielleicht", "可能", "也许"),
}
MEANING = {word: meaning for meaning, words in WORDS.items() for word in words}
_CLAUSE = re.compile(r"^\W*([^\W\d_]+)(?=\s*(?:$|[,.;:!\n(])|\s+[-–—])")
_CLAUSES = re.compile(r"[,.;:!\n()\[\]…。，；]|\s+[-–—]+\s*|→")
_ALSO = re.compile(r"^(?:(?:and|or|und|et|ou|oder|y|o)\s+|[也又])", re.IGNORECASE)
_TURN = re.compile(
    r"^(?:(?:but|actually|hmm|wait|well|rather|instead|on (?:second thought|reflection)|i mean|sorry|correction|in fact|en fait|enfin|finalement|mais|pero|mejor dicho|besser gesagt|en realidad|aber"
    r"|eigentlich|doch|then again|不对|其实)\b[\s,]*)+(?:(?:it is|the answer is)\s+)?|^(?:it is|the answer is|c'est|es ist)\s+",
    re.IGNORECASE,
)
_NAYS = {"yes": ("no", "not", "non", "nein", "nicht"), "no": ("yes", "oui", "ja", "sí"), "maybe": ("yes", "no")}
_HARDLY = re.compile(r"(?:(?:most )?likely|probably|perhaps|possibly|maybe)\s+not", re.IGNORECASE)
_NOT_KNOWN = re.compile(r"\b(?:do not|don't|cannot|can't|not)\s+(?:know|sure|certain|determine)", re.IGNORECASE)
_PART = re.compile(r"\s*(?:[;,\n|/]|(?<!\w)[-*•](?=\s))\s*")
_AND = re.compile(r"\s+(?:and|&|\+|et|und)\s+|\s+y\s+", re.IGNORECASE)
_NUMBERED = re.compile(r"^\d{1,2}[.)]\s+")
_NOTHING = frozenset(("none", "no finding", "no findings", "normal", "nothing", "no abnormality", "no label", "no labels"))
LONGEST = 2000


def read_word(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field on a yes-no question: by its first clause, which must be the word alone."""
    meaning, rule = meaning_of(content, gold)
    if not meaning:
        verdict = Verdict.AMBIGUOUS if rule == "both" else Verdict.NO_ANSWER
        return Reading(verdict, "", f"{where}_{rule}", 0.0)
    right = meaning == gold.values[0]
    return Reading(Verdict.CORRECT if right else Verdict.INCORRECT, meaning, f"{where}_{rule}", float(right))


def meaning_of(content: str, gold: Gold) -> tuple[str, str]:
    """What a text says (yes, no, maybe; '' if neither) and by which rule."""
    if not content.strip() or len(content) > LONGEST:
        return "", "long" if content.strip() else "empty"
    text = unwrap(content)
    if "?" in text:
        return "", "doubt"
    folded = fold(text)
    meaning = MEANING.get(folded, "")
    rule = "word"
    if not meaning and len(text) == 1 and text.isascii() and gold.options:
        index = ord(text.upper()) - ord("A")
        meaning = MEANING.get(gold.folded[index], "") if 0 <= index < len(gold.options) else ""
        rule = "letter"
    if not meaning and (lead := _CLAUSE.match(text)):
        meaning = MEANING.get(lead[1].casefold(), "")
        if meaning and _turns(text[lead.end() :], meaning):
            return "", "both"
        rule = "lead"
    elif not meaning and {"yes", "no"} <= set(folded.split()[:4]):
        return "", "both"
    if meaning == "maybe" and gold.answer_type is AnswerType.YESNO:
        return "", "maybe"
    if meaning and _NOT_KNOWN.search(text[:80]):
        return "", "abstains"
    return meaning, rule if meaning else "unmatched"


def _turns(rest: str, meaning: str) -> bool:
    """Whether a clause behind the word is the other word alone, or a `yes` behind a `no`: `yes - actually no`, `no, yes there is`."""
    for clause in _CLAUSES.split(rest)[:12]:
        clause = _ALSO.sub("", clause.strip(" \"'*_"))
        said = _TURN.sub("", clause)
        other = MEANING.get(fold(said), "")
        first = said.split(None, 1)[0].lower() if said else ""
        if (
            (meaning == "yes" and _HARDLY.fullmatch(clause))
            or (other and other != meaning)
            or (meaning == "no" and first == "yes")
            or (said != clause and first in _NAYS[meaning])
        ):
            return True
    return False


def read_labels(content: str, gold: Gold, where: str) -> Reading:
    """A box, tag or field that lists labels: correct where the sets are equal, scored by their F1."""
    if not content.strip() or len(content) > LONGEST:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_{'long' if content.strip() else 'empty'}", 0.0)
    if content.rstrip(" .}").endswith("?") and not any("?" in label for label in gold.values):
        return Reading(Verdict.NO_ANSWER, "", f"{where}_doubt", 0.0)
    content = content.replace("\\\\", "\n")
    right = {fold(label) for label in gold.values}
    said = labels_of(content, right | {fold(label) for label in gold.vocabulary})
    if not said:
        return Reading(Verdict.NO_ANSWER, "", f"{where}_unmatched", 0.0)
    if not right and said <= _NOTHING:
        return Reading(Verdict.CORRECT, ", ".join(sorted(said)), f"{where}_no_label", 1.0)
    score = 2 * len(said & right) / (len(said) + len(right))
    return Reading(Verdict.CORRECT if said == right else Verdict.INCORRECT, ", ".join(sorted(said)), f"{where}_labels", score)


def labels_of(content: str, known: set[str]) -> set[str]:
    """The labels of a list, folded; `and` divides two labels but not a label that holds it."""
    whole = {folded for part in re.split(r"[;\n]", unwrap(content)) if (folded := fold(part))}
    if whole and whole <= known:
        return whole
    labels: set[str] = set()
    for part in _PART.split(unwrap(content.strip("[]() \n\"'"))):
        part = part.strip("[]()\"' .")
        part = part if fold(part) in known else _NUMBERED.sub("", part)
        if not part:
            continue
        pieces = [part] if fold(part) in known else _AND.split(part)
        labels |= {folded for piece in pieces if (folded := fold(piece.strip("[]()\"' .").removeprefix("and ")))}
    return labels
