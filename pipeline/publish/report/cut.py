"""Long texts in bounded pieces, what is marked in them kept; offsets are characters, so the cutting is done here and not in the page."""

from collections.abc import Sequence

Part = list[str]
AROUND = 400
_WIDE = 0.75


def parts_of(text: str, spans: Sequence[tuple[int, int]], limit: int) -> list[Part]:
    """A text as [kind, text] pairs: '' as it is, mark for a span, cut for what was left out (how many characters).

    Of a text beyond `limit` characters the head and the tail stay, and what surrounds the first span.
    """
    whole = [(max(0, start), min(len(text), stop)) for start, stop in sorted(spans) if 0 <= start < stop]
    parts: list[Part] = []
    at = 0
    for start, stop in _windows(len(text), whole, limit):
        if start > at:
            parts.append(["cut", str(start - at)])
        _add(parts, text, start, stop, whole)
        at = stop
    if at < len(text):
        parts.append(["cut", str(len(text) - at)])
    return parts


def marked(text: str, spans: Sequence[Sequence[int]] | None, limit: int) -> list[Part]:
    """`parts_of` for spans as Arrow gives them; those that are no span of the text are left out."""
    pairs = [(int(span[0]), int(span[1])) for span in spans or () if len(span) == 2]
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(pair for pair in pairs if 0 <= pair[0] < pair[1] <= len(text)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return parts_of(text, merged, limit)


def _windows(size: int, spans: Sequence[tuple[int, int]], limit: int) -> list[tuple[int, int]]:
    """Which pieces of a text stay."""
    if size <= limit:
        return [(0, size)] if size else []
    head = int(limit * _WIDE)
    kept = [(0, head), (size - (limit - head), size)]
    if spans:
        start = max(0, spans[0][0] - AROUND)
        kept.append((start, min(size, max(start + 2 * AROUND, min(spans[0][1], start + limit) + AROUND))))
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(kept):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _add(parts: list[Part], text: str, start: int, stop: int, spans: Sequence[tuple[int, int]]) -> None:
    at = start
    for first, last in spans:
        first, last = max(first, at), min(last, stop)
        if first >= last:
            continue
        if first > at:
            parts.append(["", text[at:first]])
        parts.append(["mark", text[first:last]])
        at = last
    if at < stop:
        parts.append(["", text[at:stop]])
