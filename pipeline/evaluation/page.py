"""One page that shows models beside each other: offline, without a script, every text escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from pipeline.evaluation.intervals import Share
from pipeline.evaluation.paired import Paired
from pipeline.evaluation.summary import Part, Summary

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .4rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; }
.bar { fill: #2a6fb5; } .chance { stroke: #b5452a; stroke-width: 2; } .whisker { stroke: currentColor; stroke-width: 1.5; }
.sure { font-weight: 600; }
small { display: block; opacity: .75; max-width: 22ch; white-space: normal; }
@media print { body { max-width: none; margin: 0; } }
"""
_WIDTH, _BAR = 120, 14


@dataclass(frozen=True)
class Compared:
    """One evaluated model, and how it differs from the first on each benchmark they share."""

    name: str
    model: str
    summaries: tuple[Summary, ...]
    against: tuple[Paired, ...] = ()


def render_page(models: Sequence[Compared]) -> str:
    """The page, as HTML."""
    names = sorted({summary.benchmark for one in models for summary in one.summaries})
    body = [f"<h1>{escape(', '.join(one.name for one in models))}</h1>"]
    body.append("<p>Bars: accuracy with its 95 % interval; the red line is what guessing reaches.</p>")
    body += [_benchmark(name, models) for name in names]
    body += [_against(models[0], one) for one in models[1:]]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    title = f"<title>{escape(', '.join(one.name for one in models))}: evaluation</title><style>{_STYLE}</style>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}{title}</head><body>{"".join(body)}</body></html>\n'


def _benchmark(name: str, models: Sequence[Compared]) -> str:
    rows: list[str] = []
    for one in models:
        for summary in one.summaries:
            if summary.benchmark == name:
                rows += [_row(one.name if part == "all" else f"{one.name}, {part}", numbers) for part, numbers in summary.parts.items()]
    heads = ("model", "", "accuracy", "95 % interval", "vote", "macro F1", "unparsed", "refused", "truncated", "questions", "samples")
    table = f"<table><caption>{escape(name)}</caption><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{''.join(rows)}</table>"
    return f'<div class="wide">{table}</div>'


def _row(name: str, part: Part) -> str:
    vote = f"{part.vote.share:.1%}" if part.vote else ""
    macro = "" if part.macro_f1 is None else f"{part.macro_f1:.3f}"
    interval = f"{part.accuracy.low:.1%} to {part.accuracy.high:.1%}"
    cells = [_chart(part.accuracy, part.chance), f"{part.accuracy.share:.1%}", interval, vote, macro]
    cells += [f"{rate:.1%}" for rate in (part.unparsed, part.refused, part.truncated)] + [f"{part.questions:,}", str(part.samples)]
    measures = ", ".join(f"{measure.replace('_', ' ')} {value:.3f}" for measure, value in {**part.measures, **part.kit}.items())
    told = f"{escape(name)}<small>{escape(measures)}</small>" if measures else escape(name)
    return f"<tr><td>{told}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _chart(share: Share, chance: float) -> str:
    middle = _BAR / 2
    line = f'<line class="chance" x1="{chance * _WIDTH:.1f}" x2="{chance * _WIDTH:.1f}" y1="0" y2="{_BAR}"/>' if chance else ""
    return (
        f'<svg role="img" aria-label="{share.share:.1%}" width="{_WIDTH}" height="{_BAR}" viewBox="0 0 {_WIDTH} {_BAR}">'
        f'<rect class="bar" y="3" width="{share.share * _WIDTH:.1f}" height="{_BAR - 6}"/>'
        f'<line class="whisker" x1="{share.low * _WIDTH:.1f}" x2="{share.high * _WIDTH:.1f}" y1="{middle}" y2="{middle}"/>{line}</svg>'
    )


def _against(first: Compared, other: Compared) -> str:
    heads = ("benchmark", "difference", "95 % interval", f"only {first.name} right", f"only {other.name} right", "p (McNemar)", "p (Holm)")
    rows = "".join(_paired(pair) for pair in other.against)
    caption = f"{other.name} against {first.name}, on the same questions"
    table = f"<table><caption>{escape(caption)}</caption><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>{rows}</table>"
    return f'<div class="wide">{table}</div>'


def _paired(pair: Paired) -> str:
    gained = pair.difference
    sure = ' class="sure"' if pair.p_holm < 0.05 else ""
    cells = [f"{gained.share:+.1%}", f"{gained.low:+.1%} to {gained.high:+.1%}", f"{pair.first_only:,}", f"{pair.second_only:,}"]
    cells += [f"{pair.p:.3g}", f"{pair.p_holm:.3g}"]
    return f"<tr{sure}><td>{escape(pair.benchmark)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
