"""Whether the text round an answer takes it back: denies it, crosses it out, or goes on to another."""

import re
from itertools import islice

from pipeline.verify.choice import name_options
from pipeline.verify.fold import align, fold
from pipeline.verify.gold import Gold
from pipeline.verify.moment import ages_of, dates_of
from pipeline.verify.number import read_number
from pipeline.verify.words import MEANING
from schemas.example import AnswerType
from schemas.trace import Verdict

REACH = 2000
NEAR = 200
SHORTEST = 4
CUES = 8
# Signs that name nothing, retract nothing and announce nothing.
SILENT = " \t\n.*_)}]$\"'"
_BACK = re.compile(
    r"\b(?:wait|hold on|hang on|actually|correction|erratum|(?:scratch|strike|cancel|ignore|disregard|change) (?:that|this)|make that|i meant|i mean"
    r"|on second thoughts?|on reflection|let me (?:re-?(?:consider|check|think|examine)|correct|think again)|or rather|i retract(?: this| that| it)?|typo|i was wrong|i stand corrected"
    r"|reconsider\w*|i made (?:a mistake|an error)|my mistake|that(?:'s| is| was) (?:wrong|incorrect|not right)|oops|sorry|hmm|i take (?:that|it) back"
    r"|attend(?:ez|s)|en fait|finalement|je me trompe|pardon|espera|en realidad|perd[óo]n|me equivoqu[ée]|mejor dicho|warte|moment mal|eigentlich|quatsch"
    r"|tats[äa]chlich|korrektur|vielmehr|doch nicht|now i (?:say|think|choose|believe)|i now)\b"
    r"|(?:\A[\s)}\]$*_.,;(]{0,8}|[.;!?…\n]\s*)(?:(?:no|non|nein|nope|halt),|(?:rather(?!\s+than)|(?:edit|update)(?=\s*:)|besser|mejor|otherwise(?=,?\s+(?:yes|no)\b)"
    r"|or(?:\s+(?:rather|maybe|perhaps|possibly|even))?|ou(?:\s+plut[ôo]t)?|oder)\b)|→|->|⇒|不对|等等|等一下|更正|修正|抱歉|或者说|其实|应该是|我错了",
    re.IGNORECASE,
)
_ANEW = re.compile(
    r"\b(?:the|my|our)\s+(?:(?:correct|final|right|actual|true|best)\s+)?(?:answer|option|choice|diagnosis)\s+(?:is|would be|should be)\b\s*:?"
    r"|\b(?:final answer|answer|r[ée]ponse|respuesta|antwort)(?:\s+(?:correcte?|finale?|correcta))?\*{0,2}\s*:|<answer>"
    r"|\b(?:bonne |vraie )?r[ée]ponse (?:correcte |exacte |finale )?(?:est|serait)\b|\brespuesta (?:correcta |final )?(?:es|sería)\b"
    r"|\bantwort (?:ist|lautet|wäre)\b|答案\s*(?:应该|应)?\s*[是为:]",
    re.IGNORECASE,
)
_ANEW_HINTS = ("answer", "option", "choice", "diagnosis", "reponse", "respuesta", "antwort")
_NEW_QUESTION = re.compile(r"\n[ \t#*]*(?:Question|Q)[ \t]*\d{0,4}[*]{0,2}:", re.IGNORECASE)
_WRONG = r"(?:incorrect\w*|wrong|false|falsch|faux|fausse|falsa|unlikely|excluded|ruled out|crossed out)"
_RIGHT = r"(?:correct\w*|right|richtig|the\s+(?:correct|right|best|final)|(?:the|my)\s+answer|exacte?)"
_DENIED = re.compile(
    rf"(?:</answer>)?[\s}}$*).,:;\]–—-]*(?:\\text\w*\{{\s*)?(?:(?:is|was|would be|seems?|est|es|ist)\s+(?:clearly\s+|also\s+|an?\s+|the\s+)?(?:{_WRONG}|(?:not|pas|nicht)\s+{_RIGHT})"
    rf"|isn['’]t\s+{_RIGHT}|n['’]est pas {_RIGHT}|no es (?:la )?{_RIGHT}|[(\[]\s*(?:{_WRONG}|not(?:\s+{_RIGHT})?|no)\s*[)\]])(?!\w)"
    r"|[\s}$*).,:;\]]*(?:是?错误?的|不正确|不对)|[\s}$*)\]]*[✗✘✕✖❌❎🚫⛔☒?？]|\}?~~",
    re.IGNORECASE,
)
_OPENING = r"[ \t$*({\"'\[]*(?:\\(?:boxed|fbox|framebox|text|mathrm|mathbf|textbf)[ \t]*\{?[ \t$*({\"'\[]*)*\Z"
_NOT = re.compile(
    rf"(?:\b(?:not|never|nicht|kein\w*|n['’]est pas|no es|ne pas|cannot be)|n['’]t(?: be)?|不是|不|非|rather than|instead of|except|plutôt que|au lieu de|en lugar de|anstatt|statt)[ \t]*[:：]?{_OPENING}",
    re.IGNORECASE,
)
_CROSSED = re.compile(
    rf"(?:[¬≠≢∉✗✘✕✖❌❎🚫⛔☒]|!=|(?<![\w!])!|\\(?:neg|lnot|not|neq?|x?cancel|bcancel|sout|st)(?![a-zA-Z])|~~|<(?:s|del|strike)>){_OPENING}"
)
_SIGNS = re.compile(r"[¬≠≢∉✗✘✕✖❌❎🚫⛔☒]")
_LETTER = re.compile(
    r"(?:\b(?:is|be|it's|that's|plut[ôo]t|to|choose|answer|option|meant|mean|est|es|ist|r[ée]ponse|respuesta|opci[óo]n|antwort)\s*:?\s*|[(*]+|[是选为]\s*)[(*]*([A-Z])(?![A-Za-z'’])"
    r"(?!\s+[a-z])"
)
_PRAISED = re.compile(
    r"([A-Z])(?<![\w'’].)[)\]*]*\s+(?:is|would be|est|es|ist)\s+(?:also\s+|actually\s+|the\s+)*"
    r"(?:correct|right|best|richtig|better(?=\s*(?:[.!]|\Z|choice|option|answer)))"
)
_TURN = (
    r"(?:(?i:(?:not\s+\(?[A-Z]\)?,?\s+but|and|also|plus|only|just|or|ou|oder|o|maybe|perhaps|possibly|rather|instead|so|then|thus|hence|therefore|but|final(?:ly)?|edit|update|revised|corrected"
    r"|er|um|it|it's|is|be|should|must|would|plut[ôo]t|mejor|es|besser|ist|die|la|no(?=,))\b)|不(?=,)|不过|更好的|或者说?|应该?|最终|所以|因此|是)"
)
# Nothing but such words and one letter, as in `or maybe C` or `Rather, C.`: what it is there for is to give another answer.
_TURNED = re.compile(
    rf"(?:\A[ \t)}}\]$*_.,;:(–—-]{{0,8}}|[.;!\n][\s)*_]{{0,8}}(?={_TURN}))(?:{_TURN}[\s,:*]{{0,4}}){{0,8}}[(*]{{0,3}}([A-Z])(?![\w'’-])[)*\]$}}]{{0,4}}\s{{0,4}}(?:\Z|[.!?;\n])"
)
# `B in children and C in adults`; `B (50%), C (50%)`; `but I would also accept C`.
_SHARED = re.compile(
    r"\A[)*]{0,3}\s+(?:in|for|if|when)\s[^.;!?\nA-Z]{1,60}\b(?:and|but)\s+[(*]*([A-Z])[)*]*\s+(?:in|for|if|when)\b|\A\s*\(\d{1,3}\s?%\),?\s*(?:and\s+|or\s+)?([A-Z])\s*\(\d{1,3}\s?%\)|\balso\s+(?:accept|choose|pick|take)\s+[(*]*([A-Z])\b"
)
_WORD = re.compile(
    r"(?:\b(?:is|be|meant|mean|est|es|ist|lautet)\s*:?\s*|[,:;.…!]\s*|[-–—]\s+|^\W*|[是为]\s*)(yes|no|maybe|oui|non|sí|ja|nein|是的|否|不是)(?=\W*$|\s*[.,;!。])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:\b(?:is|be|meant|mean|est|es|ist|approximately|about)\s*:?\s*|[=:≈是为,]\s*|^\W*)([-+]?\d)")
_FIRST_LETTER = re.compile(
    r"(?:\b(?:is|be|est|es|ist|lautet|la|die|answer|option|choice)\s*:?\s*|[(*$:>是为]+\s*)[(*$]*([A-Z])(?![\w'’-])(?!(?<=[AI])\s+[a-z])"
)
_END = re.compile(r"\n|\.(?!\d)")
# Right behind an answer, whether or not another follows: `That is wrong.`, `No, wait, that's incorrect`, `I take that back`.
_WITHDRAWN = re.compile(
    r"[\s}$*).,;:!–—-]*(?:(?:no|wait|oops|sorry|actually|hmm|but|hold on)[\s,.!…]+)*"
    r"(?:(?:that|this|it|(?:the|my) (?:answer|box|choice|boxes))(?:['’]s| is| was| are| were) (?:wrong|incorrect|not (?:right|correct|true))"
    r"|(?:scratch|strike|disregard|ignore|forget) (?:that|this|it)|i (?:take (?:that|it) back|retract|was wrong|withdraw))\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[\s,:;.!*_–—-]*(?:no[, ]+)?(?:(?:it|this|that|the (?:\w+ )?answer|c'est|es|es ist|ist es|das ist)\s*)?(?:(?:is|was|should be|would be|must be|'s)\b)?"
    r"[\s:]*([^.;!?\n<]{0,160})",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"[\s,:;.–—-]*(?:no\b|not\b|it\b|it's|ist es|es ist|das ist|the (?:\w+ )?(?:answer|diagnosis|finding)|c'est|es |should)", re.IGNORECASE
)
_MILD = re.compile(
    r"(?:actually|hmm|en fait|finalement|en realidad|eigentlich|tats[äa]chlich|其实|sorry|pardon|[\W_]*(?:(?:no|non|nein|nope|halt),|(?:otherwise|or|ou|oder)\b.*))\Z",
    re.IGNORECASE,
)
_STOP = re.compile(r"[\s)*]*(?:[.!?;\n]|\Z)")
_FEWER = re.compile(r"[\s,:]*(?i:only|just|seulement|solo|nur)\s+[(*]*[A-Z]\b")
_SHORT = re.compile(r"[\s,:–—-]*(?:[^\s.;!?]+\s+){0,3}[^\s.;!?]+\s*(?:[.!]|\Z)")
_LONE = re.compile(r"\W*([A-Z])(?=\W*(?:\.|\n|\Z))")
_NAY = re.compile(r"\b(?:not|no|never|nicht|kein\w*|pas|wrong|incorrect)\b|n['’]t\b|不", re.IGNORECASE)
_SAYS = re.compile(
    r"\b(?:is|be|was|meant|mean|choose|select|est|es|ist|lautet|sollte|serait|answer|no|wait)\b[\s:,*(]*(?:(?:rather|instead|most likely|probably|the|an?|la|le|les|el|los"
    r"|der|die|das|option)\s+)*$|[:：,，是为选]\s*[*(]*(?:(?:the|an?)\s+)?$",
    re.IGNORECASE,
)


def retracts(answer: str, end: int, gold: Gold) -> bool:
    """Whether a right answer is withdrawn right behind it, or a word of retraction or a new answer phrase is followed by another answer."""
    if len(answer) - end < SHORTEST:
        return False
    behind = answer[end : end + REACH + NEAR]
    if not behind.strip(SILENT):
        return False
    if _WITHDRAWN.match(answer, end) and not _says_no(gold):
        return True
    text = align(behind)
    if ":" in text and (other := _NEW_QUESTION.search(text)):
        text = text[: other.start()]
    for back in islice(_BACK.finditer(text, 0, REACH), CUES):
        mild = _MILD.match(back[0]) is not None
        if _differs(text[back.end() : back.end() + NEAR], gold, mild=mild):
            return True
    if gold.answer_type in (AnswerType.MCQ, AnswerType.MULTI):
        turns = _TURNED.findall(text) + ["".join(either) for either in _SHARED.findall(text)]
        if any(ord(letter) - ord("A") < len(gold.options) and ord(letter) - ord("A") not in gold.indexes for letter in turns):
            return True
    praised = "correct" in text or "right" in text or "best" in text or "better" in text or "richtig" in text
    if (
        praised
        and gold.answer_type is AnswerType.MCQ
        and any(ord(letter) - ord("A") not in gold.indexes for letter in _PRAISED.findall(text))
    ):
        return True
    small = text.lower()
    if small.isascii() and not any(hint in small for hint in _ANEW_HINTS):
        return False
    return any(
        _differs_at(text[cue.start() : cue.end() + NEAR], cue.end() - cue.start(), gold)
        for cue in islice(_ANEW.finditer(text, 0, REACH), CUES)
    )


def denied(answer: str, start: int, end: int) -> bool:
    """Whether a box is negated right before it on its line, or called wrong right behind it."""
    return _NOT.search(answer, max(0, start - 60), start) is not None or _DENIED.match(answer, end) is not None


def crossed_out(answer: str, start: int, end: int, gold: Gold) -> bool:
    """Whether a sign says that an answer is not meant: `¬left lung`, `≠ C`, `~~yes~~`, a cross beside it."""
    before = answer[max(0, start - 40) : start]
    odd = not before.isascii() or "\\" in before or "!" in before or "~" in before or "<" in before
    if odd and _CROSSED.search(before):
        return True
    said = answer[start : end + 3]
    if said.isascii() and "!" not in said:
        return False
    if gold.answer_type is AnswerType.OPEN and any(_SIGNS.search(value) or value.lstrip()[:1] == "!" for value in gold.values):
        return False
    return _SIGNS.search(said) is not None or re.match(r"[\s({\"'*$]*!(?=\w|=)", said) is not None


def _says_no(gold: Gold) -> bool:
    """Whether the right answer is itself a denial: `No. That is not correct.` says it twice."""
    said = (*gold.values, *(gold.options[index] for index in gold.indexes))
    return any(fold(value) in ("no", "false", "incorrect", "wrong") for value in said)


def _differs_at(again: str, cue: int, gold: Gold) -> bool:
    """Whether an answer announced anew names another first: reasons may follow that name any option."""
    match gold.answer_type:
        case AnswerType.MULTI:
            named = name_options(_END.split(again[cue:], maxsplit=1)[0].strip(" *:"), gold)
            return named.verdict is Verdict.CORRECT and set(named.indexes) != set(gold.indexes)
        case AnswerType.MCQ:
            letter = _FIRST_LETTER.search(again)
            text = _first_text(_END.split(again[cue:], maxsplit=1)[0], gold)
            if letter is not None and (text is None or letter.start() <= cue + 4):
                index = ord(letter[1]) - ord("A")
                return index < len(gold.options) and index not in gold.indexes
            return text is not None and text not in gold.indexes
        case AnswerType.YESNO | AnswerType.YESNOMAYBE:
            word = _WORD.search(again)
            return word is not None and MEANING.get(word[1].lower()) != gold.values[0]
        case AnswerType.NUMERIC:
            number = _NUMBER.search(again)
            said = _END.split(again[number.start(1) :], maxsplit=1)[0] if number else ""
            return number is not None and read_number(said, gold, "phrase").verdict is Verdict.INCORRECT
        case AnswerType.DATE:
            return _other_date(again[cue:], gold)
        case AnswerType.OPEN | AnswerType.LABEL_SET:
            return _other_text(again[cue:], gold)
        case _:
            return False


def _differs(after: str, gold: Gold, *, mild: bool) -> bool:
    """Whether a text gives an answer of the type that is not the right one; behind a `mild` word only where it says that it does."""
    match gold.answer_type:
        case AnswerType.MCQ | AnswerType.MULTI:
            right = {chr(ord("A") + index) for index in gold.indexes}
            lone = _LONE.match(after)
            said = _LETTER.findall(after) + _PRAISED.findall(after) + ([lone[1]] if lone else [])
            if any(letter not in right and ord(letter) - ord("A") < len(gold.options) for letter in said):
                return True
            if len(right) > 1 and _FEWER.match(after):
                return True
            if gold.answer_type is AnswerType.MULTI and _differs_at(after, 0, gold):
                return True
            return any(
                _SAYS.search(after, 0, start) or _alone(after, start, gold.options[index])
                for start, index in _texts(after, gold)
                if index not in gold.indexes
            )
        case AnswerType.YESNO | AnswerType.YESNOMAYBE:
            return any(MEANING.get(word.lower()) != gold.values[0] for word in _WORD.findall(after))
        case AnswerType.NUMERIC:
            numbers = (_END.split(after[number.start(1) :], maxsplit=1)[0] for number in _NUMBER.finditer(after))
            return any(read_number(said, gold, "phrase").verdict is not Verdict.CORRECT for said in numbers)
        case AnswerType.DATE:
            return _other_date(after, gold)
        case AnswerType.OPEN | AnswerType.LABEL_SET:
            return (not mild or _NAMES.match(after) is not None or _SHORT.match(after) is not None) and _other_text(after, gold)
        case _:
            return False


def _alone(text: str, start: int, option: str) -> bool:
    """Whether a text opens with an option's text and its sentence ends there."""
    return not text[:start].strip(" ,:*(") and _STOP.match(text, start + len(align(option).strip(" ."))) is not None


def _other_date(text: str, gold: Gold) -> bool:
    """Whether a text names a date or an age that is not the right one."""
    if gold.weeks_days is not None:
        return any(age != gold.weeks_days for age in ages_of(text))
    return bool(dates_of(text, gold.date_order) - {gold.date})


def _other_text(text: str, gold: Gold) -> bool:
    """Whether the clause that a text opens with says something, and not what is right."""
    clause = _CLAUSE.match(text)
    said = fold(clause[1]) if clause else ""
    if not said:
        return False
    named = [bool((folded := fold(value)) and f" {folded} " in f" {said} ") for value in gold.values]
    right = any(named) if gold.answer_type is AnswerType.OPEN else all(named)
    return not right or _NAY.search(clause[0] if clause else "") is not None


def _texts(text: str, gold: Gold) -> list[tuple[int, int]]:
    """Where options are named by their text, and which; the longer where two begin alike."""
    small = text.lower()
    found: dict[int, tuple[int, int]] = {}
    for index, option in enumerate(gold.options):
        plain = align(option).lower().strip(" .")
        at = small.find(plain) if len(plain) > 2 else -1
        if at >= 0 and not small[at - 1 : at].isalnum() and not small[at + len(plain) : at + len(plain) + 1].isalnum():
            found[at] = max(found.get(at, (0, 0)), (len(plain), index))
    return sorted((at, index) for at, (_, index) in found.items())


def _first_text(text: str, gold: Gold) -> int | None:
    """The option whose text a clause names first."""
    named = _texts(text, gold)
    return named[0][1] if named else None
