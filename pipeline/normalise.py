"""Text as it is compared across sources."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from pipeline.fingerprint import canonical_json

# NFKC writes 10² as 102.
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_DASH = re.compile("[\u2010-\u2015\u2212]")
# A sign counts where it stands beside a number: .5 is not 5, 1:2 not 12, 5! not 5, 5" not 5. So do < > + = % and brackets, everywhere.
# Every alternative begins with its sign, so that the search skips from sign to sign.
_POINT = re.compile(r"\.(?!\d)|,(?<!\d,)|,(?!\d)|:(?<!\d:)|:(?!\d)|;|\?|¿|¡|!(?<!\d!)")
_QUOTE = re.compile("[“”„«»`]|[\"'’‘](?<!\\d.)")
# Of a minus and a hyphen, only the hyphen stands between letters.
_HYPHEN = re.compile(r"-(?<=[^\W\d_]-)(?=[^\W\d_])")
_GAP = re.compile("_{2,}")
# What may change a text in ASCII.
_SIGN = re.compile("[-.,:;?!\"'`_]")


def normalise(text: str) -> str:
    """A text as it is compared across sources: NFKC, case folded, blanks collapsed."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold().split())


def wording(text: str) -> str:
    """A text as its words and numbers are compared: normalised, without the punctuation that changes no meaning."""
    if text.isascii():
        plain = said = " ".join(text.lower().split())
        if not _SIGN.search(plain):
            return plain
    else:
        plain = normalise(_POWER.sub(lambda found: f"^{unicodedata.normalize('NFKC', found[0])}", text))
        said = _DASH.sub("-", plain)
    if "-" in said:
        said = _HYPHEN.sub(" ", said)
    said = _QUOTE.sub("", _POINT.sub(" ", said))
    if "__" in said:
        said = _GAP.sub("_", said)
    return " ".join(said.split()) or plain


def content_hash(question: str, context: str, options: Sequence[str]) -> str:
    """What is asked, whatever the source, the case, the punctuation and the order of the options (32 hex digits)."""
    asked = [wording(question), wording(context), sorted(wording(option) for option in options)]
    return hashlib.sha256(canonical_json(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]
