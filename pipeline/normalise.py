"""Text as it is compared across sources."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from itertools import chain, islice

from pipeline.fingerprint import BETWEEN, json_list, json_texts

# Questions whose texts are read in one go.
BLOCK_ROWS = 1024
# NFKC writes 10² as 102.
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_DASH = re.compile("[\u2010-\u2015\u2212]")
# A sign counts where it stands beside a number: .5 is not 5, 1:2 not 12, 5! not 5, 5" not 5. So do < > + = % and brackets, everywhere.
# Every alternative begins with its sign, so that the search skips from sign to sign.
_POINT = re.compile(r"\.(?!\d)|,(?<!\d,)|,(?!\d)|:(?<!\d:)|:(?!\d)|;|\?|¿|¡|!(?<!\d!)")
_QUOTE = re.compile("[“”„«»`]|[\"'’‘](?<!\\d.)")
# The same in ASCII: a third of the time.
_PLAIN_QUOTE = re.compile("[`\"'](?<!\\d[\"'])")
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
        plain = " ".join(text.lower().split())
        return _unsigned(plain) or plain
    plain = normalise(_POWER.sub(lambda found: f"^{unicodedata.normalize('NFKC', found[0])}", text))
    return _unsigned(_DASH.sub("-", plain)) or plain


def wordings(texts: Sequence[str]) -> list[str]:
    """The wording of each text; many in ASCII at once take little longer than one."""
    joined = BETWEEN.join(texts)
    if joined.count(BETWEEN) != len(texts) - 1:
        return [wording(text) for text in texts]
    if not joined.isascii():
        found = iter(wordings([text for text in texts if text.isascii()]))
        return [next(found) if text.isascii() else wording(text) for text in texts]
    plain = " ".join(joined.lower().split())
    parts = _parted(_unsigned(plain))
    if parts.count("") == texts.count(""):
        return parts
    return [said or whole for said, whole in zip(parts, _parted(plain), strict=True)]


def _parted(joined: str) -> list[str]:
    """The texts of a joined one, whose blanks are collapsed, without those at their ends."""
    return joined.strip().replace(f" {BETWEEN}", BETWEEN).replace(f"{BETWEEN} ", BETWEEN).split(BETWEEN)


def _unsigned(plain: str) -> str:
    """A normalised text without the punctuation that changes no meaning."""
    ascii = plain.isascii()
    if ascii and not _SIGN.search(plain):
        return plain
    said = _HYPHEN.sub(" ", plain) if "-" in plain else plain
    said = (_PLAIN_QUOTE if ascii else _QUOTE).sub("", _POINT.sub(" ", said))
    if "__" in said:
        said = _GAP.sub("_", said)
    return " ".join(said.split())


def content_hash(question: str, context: str, options: Sequence[str]) -> str:
    """What is asked, whatever the source, the case, the punctuation and the order of the options (32 hex digits)."""
    return content_hashes([(question, context, *options)])[0]


def content_hashes(asked: Sequence[tuple[str, ...]]) -> list[str]:
    """The content hash of each question, each given with its context and its options behind it."""
    hashes: list[str] = []
    for start in range(0, len(asked), BLOCK_ROWS):
        block = asked[start : start + BLOCK_ROWS]
        said = iter(wordings(list(chain.from_iterable(block))))
        ordered = [[next(said), next(said), *sorted(islice(said, len(texts) - 2))] for texts in block]
        written = iter(json_texts(list(chain.from_iterable(ordered))))
        for texts in block:
            question, context, *options = islice(written, len(texts))
            text = f'["{question}","{context}",{json_list(options) if options else "[]"}]'
            hashes.append(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return hashes
