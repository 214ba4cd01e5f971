"""Markdown for a dataset card: data stays text, whatever signs it holds."""

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~&$@^]|^[-+=]")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_AUTOLINK = re.compile(r"(?i)(https?|ftp|mailto|xmpp):|\b(www)\.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_UNSAFE_IN_URL = re.compile(r"[^A-Za-z0-9\-._~:/?#@!$&'*+,;=%]")


def text(value: object) -> str:
    """A value as inline text of one line: no markup, no HTML, no link, no mention."""
    plain = _MARKUP.sub(lambda sign: "\\" + sign.group(), line(value))
    plain = _NUMBERED.sub(r"\1\\\2", plain)
    return _AUTOLINK.sub(lambda found: found.group().rstrip(":.") + "\\" + found.group()[-1], plain)


def code(value: object) -> str:
    """A value as a code span of one line; a dash where it is empty."""
    plain = line(value).replace("|", "\\|")
    if not plain:
        return "–"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def link(label: object, url: str) -> str:
    """A link where the address is one of the web, else the label alone."""
    if not url.startswith(("https://", "http://")):
        return text(label)
    address = _UNSAFE_IN_URL.sub(lambda sign: "".join(f"%{byte:02X}" for byte in sign.group().encode()), url)
    return f"[{text(label)}]({address})"


def block(value: str, language: str = "") -> str:
    """A fenced block that its content cannot close."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", value)), default=0))
    return f"{fence}{language}\n{value.strip()}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table of cells that are Markdown already; numbers stand right, with thousands marked."""
    body = [list(row) for row in rows]
    right = [bool(body) and all(isinstance(row[place], int) for row in body) for place in range(len(head))]
    lines = [head, ["---:" if side else "---" for side in right], *([_cell(cell) for cell in row] for row in body)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def line(value: object) -> str:
    """A value's text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", str(value)).split())


def _cell(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell
