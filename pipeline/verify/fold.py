"""Text made comparable: case, accents of typography, LaTeX and Markdown wrappers, articles and possessives."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_SAME_LENGTH = {0xFF01 + shift: 0x21 + shift for shift in range(94)}
_SAME_LENGTH |= dict.fromkeys(map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), 0x20)
_SAME_LENGTH |= dict.fromkeys(map(ord, "‘’‚‛′´"), ord("'")) | dict.fromkeys(map(ord, "“”„‟″«»「」『』"), ord('"'))
_SAME_LENGTH |= dict.fromkeys(map(ord, "‐‑‒–—−﹣"), ord("-")) | {
    ord("。"): ord("."),
    ord("、"): ord(","),
    ord("【"): ord("["),
    ord("】"): ord("]"),
}
_SAME_LENGTH |= {0x2044: ord("/"), 0x2215: ord("/")}
_LETTERS = {0x1F150 + shift: ord("A") + shift for shift in range(26)} | {0x24B6 + shift: ord("A") + shift for shift in range(26)}
_SAME_LENGTH |= _LETTERS
_PLAIN = {chr(odd): chr(plain) for odd, plain in _SAME_LENGTH.items()}
_ODD = re.compile(f"[{re.escape(''.join(_PLAIN))}]")
_FEW = 16
_LETTERS_ALONE = bytes(ord(chr(sign).lower()) if sign < 128 and chr(sign).isalpha() else ord(" ") for sign in range(256))
_ASCII = bytes(range(128))

_WRAPPER = re.compile(
    r"\\(?:text|mathrm|mathbf|textbf|textit|mathit|mathsf|texttt|mathtt|textrm|textsf|boldsymbol|bm|mbox|hbox|emph|underline|operatorname"
    r"|displaystyle|textstyle|rm|bf|it|left|right|big|Big|bigl|bigr|quad|qquad)(?![a-zA-Z])[ ]?|\\[()\[\],;:! ]|[$~]"
)
_MACRO = re.compile(r"\\[a-zA-Z]|[\^_]")
_ARTICLE = re.compile(r"^\s*(?:a|[Aa]n|[Tt]he)\s+(?=\w)|(?<=\s)the\s+(?=\S)")
_POSSESSIVE = re.compile(r"(?<=\w)'s?(?!\w)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGN = re.compile(r"[<>=+/%≤≥±°]")
_HYPHEN = re.compile(r"(?<=\w)-|-(?=\s|$)")
_NEGATIVE = re.compile(r"[-⁻]\s*[.)\]]*\s*$")
_POINT = re.compile(r"[.,](?!\d)|(?<=[^\W\d])[.,](?=\d)|(?<!\d),(?=\d)")
_BARE_POINT = re.compile(r"(?<![\w.])\.(?=\d)")
_MINUS = re.compile(r"(?:^|(?<=[\s(=]))-\s+(?=[\d.])")
_SPECIAL = re.compile(r"[^a-z0-9\s]")
_PUNCTUATION = re.compile(r"[^\w<>=+/%≤≥±°.,\-]+|_")
_GREEK = {
    ord(letter): name
    for letter, name in zip(
        "αβγδεκλμωΔ", ["alpha", "beta", "gamma", "delta", "epsilon", "kappa", "lambda", "mu", "omega", "delta"], strict=True
    )
}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u202a-\u202e]")


def align(text: str) -> str:
    """The text with full-width signs, typographic quotes, dashes and spaces made plain, each in its place."""
    if text.isascii():
        return text
    odd = _PLAIN.keys() & set(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    if len(odd) > _FEW:
        return _ODD.sub(lambda found: _PLAIN[found[0]], text)
    for sign in odd:
        text = text.replace(sign, _PLAIN[sign])
    return text


def lower(text: str) -> str:
    """The text in small letters, each sign in its place."""
    return text.lower() if text.isascii() else _lower(text)


@lru_cache(maxsize=8)
def _lower(text: str) -> str:
    small = text.lower()
    return small if len(small) == len(text) else "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


@lru_cache(maxsize=8)
def words_of(text: str) -> frozenset[bytes]:
    """The runs of ASCII letters in a text, in small letters: one look at them tells that none of many words stands there."""
    return frozenset(lower(text).encode("utf-8", "surrogatepass").translate(_LETTERS_ALONE).split())


def stands(small: str, word: str, forms: Sequence[str] = ("",)) -> bool:
    """Whether a word, or one of its forms, is a run of ASCII letters in a text of small letters."""
    at = small.find(word)
    while at >= 0:
        end = at + len(word)
        if not "a" <= small[at - 1 : at] <= "z":
            for form in forms:
                if small.startswith(form, end) and not "a" <= small[end + len(form) : end + len(form) + 1] <= "z":
                    return True
        at = small.find(word, at + 1)
    return False


def unwrap(text: str) -> str:
    """The text without LaTeX font commands, braces, dollars and Markdown emphasis."""
    text = align(text)
    if "\\" in text or "$" in text or "{" in text or "}" in text or "~" in text:
        text = text.replace("~~", "\\sout ")
        text = _WRAPPER.sub(lambda found: " " if found[0] in ("~", "\\ ") or found[0].startswith("\\q") else "", text)
        apart = " " if _MACRO.search(text) else ""
        text = text.replace("\\{", apart).replace("\\}", apart).replace("{", apart).replace("}", apart)
        text = text.replace("\\%", "%").replace("\\_", "_").replace("\\&", "&")
    if "*" in text or "`" in text or "__" in text:
        text = text.replace("**", "").replace("__", "").replace("`", "").strip().strip("*")
    return text.strip()


def negative(text: str) -> bool:
    """Whether a text ends in a minus, as `HCV-` does: folding drops it."""
    return _NEGATIVE.search(align(text)) is not None


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """The text in one form: NFKC, case folded, without articles, possessives and punctuation that says nothing.

    A capital `A` stays: before an option's text it may be a letter.
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", align(unicodedata.normalize("NFKC", align(text))))
    text = (_ARTICLE.sub("", text) or text).casefold()
    if _SPECIAL.search(text) is None:
        return " ".join(text.split())
    text = text if text.isascii() else text.translate(_GREEK)
    text = _MINUS.sub("-", _BARE_POINT.sub("0.", text))
    text = _HYPHEN.sub(" ", _THOUSANDS.sub("", _POSSESSIVE.sub("", text)).replace("&", " and "))
    text = _SIGN.sub(lambda found: f" {found[0]} ", _POINT.sub(" ", _PUNCTUATION.sub(" ", text)))
    return " ".join(text.split())
