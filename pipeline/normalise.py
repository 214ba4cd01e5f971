"""Text as it is compared across sources."""

import re
import unicodedata

_BLANK = re.compile(r"\s+")


def normalise(text: str) -> str:
    """A text as it is compared across sources: NFKC, case folded, blanks collapsed."""
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
