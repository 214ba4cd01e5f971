"""Charts as inline SVG, and tables as HTML: data goes in as text, whatever signs it holds."""

from collections.abc import Iterable, Sequence
from html import escape

from pipeline.publish.markdown import line

WIDTH, HEIGHT, TOP, BOTTOM = 560, 190, 22, 24


def words(value: object) -> str:
    """A value as text of one line, apart from the direction of what surrounds it; a dash where it is empty."""
    plain = line(value)
    return f"<bdi>{escape(plain)}</bdi>" if plain else "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str | int]], caption: str) -> str:
    """A table of cells that are HTML already; numbers stand right."""
    body = [list(row) for row in rows]
    right = [{type(row[place]) for row in body if row[place] != ""} == {int} for place in range(len(head))]
    heads = "".join(f'<th scope="col"{_side(side)}>{escape(name)}</th>' for name, side in zip(head, right, strict=True))
    lines = "".join("<tr>" + "".join(_cell(cell, place, right[place]) for place, cell in enumerate(row)) + "</tr>" for row in body)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(cell: str | int, place: int, right: bool) -> str:
    shown = f"{cell:,}" if isinstance(cell, int) else cell
    return f'<th scope="row">{shown}</th>' if place == 0 else f"<td{_side(right)}>{shown}</td>"


def _side(right: bool) -> str:
    return ' class="number"' if right else ""


def bar(share: float, kind: str = "kept") -> str:
    """A bar in a cell of a table; a share above nothing is always seen."""
    wide = max(0.6, 100 * share) if share > 0 else 0
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="8"/><rect class="{escape(kind)}" width="{wide:.2f}" height="8"/></svg>'
    )


def stacked(parts: Sequence[tuple[str, int]], label: str) -> str:
    """One bar of several kinds."""
    total = sum(count for _, count in parts) or 1
    drawn, at = [], 0.0
    for kind, count in parts:
        wide = 100 * count / total
        drawn.append(
            f'<rect class="v-{escape(kind)}" x="{at:.3f}" width="{wide:.3f}" height="10"><title>{escape(kind)}: {count:,}</title></rect>'
        )
        at += wide
    return (
        f'<svg class="stack" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )


def histogram(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], title: str) -> str:
    """Columns, one series upon the other, each with its count above."""
    totals = [sum(counts[place] for _, counts in series) for place in range(len(labels))]
    most = max(totals, default=0) or 1
    step = WIDTH / max(1, len(labels))
    wide = min(step * 0.78, 56)
    room = HEIGHT - TOP - BOTTOM
    drawn = [f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT - BOTTOM + 0.5}" y2="{HEIGHT - BOTTOM + 0.5}"/>']
    for place, label in enumerate(labels):
        middle, base = step * (place + 0.5), float(HEIGHT - BOTTOM)
        for kind, counts in series:
            tall = room * counts[place] / most
            base -= tall
            if tall:
                told = f"{label}: {counts[place]:,} {kind}"
                drawn.append(
                    f'<rect class="{escape(kind)}" x="{middle - wide / 2:.2f}" y="{base:.2f}" width="{wide:.2f}" height="{tall:.2f}">'
                    f"<title>{escape(told)}</title></rect>"
                )
        if totals[place]:
            drawn.append(f'<text class="count" x="{middle:.2f}" y="{base - 6:.2f}">{_short(totals[place])}</text>')
        drawn.append(f'<text class="tick" x="{middle:.2f}" y="{HEIGHT - 6}">{escape(label)}</text>')
    told = "; ".join(f"{label}: {total:,}" for label, total in zip(labels, totals, strict=True) if total) or "nothing"
    name = escape(f"{title}. {told}")
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(drawn)}</svg>'


def legend(kinds: Iterable[tuple[str, str]]) -> str:
    """What the colours mean: (class, words)."""
    return '<ul class="legend">' + "".join(f'<li><i class="{escape(kind)}"></i>{escape(said)}</li>' for kind, said in kinds) + "</ul>"


def _short(count: int) -> str:
    return f"{count:,}" if count < 100_000 else f"{count / 1000:,.0f}k"
