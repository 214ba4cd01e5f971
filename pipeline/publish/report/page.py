"""The page of a report: template, style and script of ours, and the data of a corpus, which is never markup."""

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

from pipeline.publish.corpus import Corpus
from pipeline.publish.markdown import line
from pipeline.publish.report import sections
from pipeline.publish.report.charts import words
from pipeline.publish.report.facts import KEPT, REJECTED, Facts, count_facts
from pipeline.publish.report.sample import THOUGHT_CHARS, shown_findings, shown_traces
from pipeline.publish.report.thumbnail import BUDGET_BYTES, SIDE, Thumbnails
from schemas.corpus import BUDGET

REPORT = "report.html"
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render_report(corpus: Corpus) -> str:
    """report.html of a corpus; the same corpus and libraries give the same bytes.

    Raises: CorpusError where a shard cannot be read.
    """
    facts = count_facts(corpus)
    thumbnails = Thumbnails()
    traces = shown_traces(corpus, thumbnails)
    findings = shown_findings(corpus, thumbnails)
    style, script = _part("page.css"), _part("page.js")
    policy = f"default-src 'none'; script-src '{_source(script)}'; style-src '{_source(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    lock = corpus.lock
    filled = {
        "POLICY": policy,
        "STYLE": style,
        "SCRIPT": script,
        "DATA": as_json({"traces": traces, "findings": findings, "thumbnails": thumbnails.held}),
        "TITLE": escape(line(f"{lock['name']} {lock['version']}")),
        "PARTIAL": _partial(lock),
        "LEAD": _lead(corpus, facts),
        "FUNNEL": sections.funnel(lock, facts),
        "SOURCES": sections.sources(lock, facts),
        "DISTRIBUTIONS": sections.distributions(facts),
        "VERDICTS": sections.verdicts(facts),
        "COSTS": sections.costs(lock),
        "FLAGS": sections.flags(lock),
        "OVERLAPS": sections.overlaps(lock, len(findings)),
        "BOUND": _bound(len(traces), sum(facts.traces.values()), thumbnails),
    }
    pieces = _part("page.html").split("%%")
    return "".join(filled[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def as_json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _part(name: str) -> str:
    return resources.files("pipeline.publish.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _source(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _partial(lock: Mapping[str, Any]) -> str:
    """What a corpus lacks whose budget ended first; '' where it is whole."""
    part = lock.get("partial")
    if not part:
        return ""
    of = part["finished"] + part["unfinished"]
    said = f"<strong>This corpus is partial.</strong> A budget ended before {part['unfinished']:,} of {of:,} chosen questions "
    said += f"({part['unfinished'] / of:.1%}) had all of their answers: they are left out, counted as <code>{BUDGET}</code>"
    lost = {source: count for step, source, reason, count in lock["tallies"] if (step, reason) == ("choose", BUDGET)}
    said += f" ({', '.join(f'{count:,} of {words(source)}' for source, count in sorted(lost.items()))})." if lost else "."
    return f'<p class="partial" role="note">{said} Raise the budget and build again to make it whole.</p>'


def _lead(corpus: Corpus, facts: Facts) -> str:
    lock = corpus.lock
    kept, rejected = (sum(count for (_, fate), count in facts.traces.items() if fate == one) for one in (KEPT, REJECTED))
    told = [("questions", facts.questions), ("kept traces", kept), ("rejected traces", rejected)]
    told.append(("sources", sum(one["role"] == "source" for one in lock["datasets"])))
    figures = "".join(f"<div><dd>{count:,}</dd><dt>{name}</dt></div>" for name, count in told)
    built = f"Built by medtrace {words(lock['medtrace'])} from {words(lock['manifest']['name'])}, fingerprint "
    built += f"<code>{words(lock['manifest']['fingerprint'])}</code>; answers judged by {words(lock['verifier'])}, policy {words(lock['policy'])}."
    return f'<dl class="figures">{figures}</dl><p class="built">{built}</p>'


def _bound(shown: int, total: int, thumbnails: Thumbnails) -> str:
    said = f"{shown:,} of {total:,} traces, drawn by hash from every source and verdict in turn, so rare ones are shown more often than they are. "
    said += f"Long texts are cut (thoughts to {THOUGHT_CHARS:,} characters and what surrounds the answer); pictures are small copies of at most "
    said += f"{SIDE} pixels a side, {BUDGET_BYTES >> 20} MiB in all"
    said += f", {thumbnails.left_out:,} left out." if thumbnails.left_out else "."
    return f"<p>{said} The shards hold them whole.</p>"
