"""What an audit asks of the lock: that it tells what the shards hold, as card and report do, under the licences of its sources."""

import re

from pipeline.publish.card import CARD, RESTRICTED, render_card
from pipeline.publish.corpus import Corpus, CorpusShard
from pipeline.publish.findings import Check, Findings
from pipeline.publish.lock import (
    Facets,
    count_costs,
    count_traces,
    funnel_faults,
    judge_model,
    library_versions,
    manifest_fingerprint,
    medtrace_version,
)
from pipeline.publish.report import VERSION
from pipeline.publish.report.page import REPORT, render_report
from schemas.errors import CorpusError
from sources import SOURCES

_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*(?: (?:AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*")
_NO_LICENCE = ("", "unknown", "other", "none", "noassertion")


def check_counts(corpus: Corpus, sound: list[CorpusShard], facets: dict[tuple[str, str], Facets], *, whole: bool) -> Check:
    """Lock and card tell what the shards hold, and the manifest is the one that was built."""
    findings = Findings("counts", "splits")
    lock = corpus.lock
    if len(sound) == len(corpus.shards):
        told = {(config, split): held for config, splits in lock["counts"].items() for split, held in splits.items()}
        for config, split in sorted(set(told) | set(facets)):
            findings.seen += 1
            rows = sum(shard.rows for shard in corpus.of(config, split))
            counted = {"rows": rows, **{facet: dict(sorted(values.items())) for facet, values in facets.get((config, split), {}).items()}}
            if told.get((config, split)) != counted:
                findings.add("lock counts other rows", f"{split} of {config}")
        if lock["traces"] != count_traces((shard.config, shard.path) for shard in corpus.shards):
            findings.add("lock counts other traces", "traces")
        if lock.get("card") == CARD and lock.get("costs") != count_costs((shard.config, shard.path) for shard in corpus.shards):
            findings.add("lock tells other costs", "costs")
    for fault in funnel_faults(lock):
        findings.add("funnel does not add up", fault)
    asked = lock["manifest"]["fingerprint"]
    if manifest_fingerprint(corpus.manifest) != asked or (corpus.manifest.name, corpus.manifest.version) != (lock["name"], lock["version"]):
        findings.add("manifest is not the one of the lock", f"manifest.toml, fingerprint {asked}")
    asked_model = corpus.manifest.judge.model
    if judge_model(lock) != (asked_model.model if asked_model else ""):
        findings.add("judge is not the one of the manifest", judge_model(lock) or "none")
    if lock.get("card") == CARD and _card_differs(corpus):
        findings.add("card does not say what the lock says", "README.md")
    if whole and _report_differs(corpus):
        findings.add("report does not show what the corpus holds", f"{REPORT}: make it anew with medtrace report")
    return findings.check()


def _report_differs(corpus: Corpus) -> bool:
    """Whether the report is another than these libraries make; False where it was made by others."""
    lock = corpus.lock
    if lock.get("report") != VERSION or (lock["medtrace"], lock["libraries"]) != (medtrace_version(), library_versions()):
        return False
    try:
        return (corpus.path / REPORT).read_text(encoding="utf-8") != render_report(corpus)
    except (OSError, UnicodeDecodeError, CorpusError, KeyError, TypeError, ValueError):
        return True


def _card_differs(corpus: Corpus) -> bool:
    try:
        return (corpus.path / "README.md").read_text(encoding="utf-8") != render_card(corpus.lock, corpus.manifest)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return True


def check_licences(corpus: Corpus, facets: dict[tuple[str, str], Facets]) -> Check:
    """Every row and source has a licence, that of a source is the one it is known or declared under, and every row has a source."""
    findings = Findings("licences", "licences")
    sources = {one["name"]: one for one in corpus.lock["datasets"] if one["role"] == "source"}
    known = {source.name: source for source in SOURCES}
    licences = {value for counted in facets.values() for value in counted.get("license", {})}
    for licence in sorted(licences | {one["license"] for one in sources.values()}):
        findings.seen += 1
        if licence.lower() in _NO_LICENCE or not _SPDX.fullmatch(licence):
            findings.add("no known licence", repr(licence))
    declared = {one.name: one.license or (known[one.name].license if one.name in known else "") for one in corpus.manifest.source}
    for name, one in sources.items():
        if declared.get(name) and declared[name] != one["license"]:
            findings.add("a source under another licence than its own", f"{name}: {one['license']!r}, its own is {declared[name]!r}")
    for source in sorted({value for counted in facets.values() for value in counted.get("source", {})} - set(sources)):
        findings.add("rows of a source that the lock does not name", source)
    restricted = sorted(f"{name} ({one['access']})" for name, one in sources.items() if one["access"] in RESTRICTED)
    bound = sorted(licence for licence in licences if re.search(r"-(NC|ND)\b", licence))
    notes = [f"restricted access: {', '.join(restricted)}"] if restricted else []
    notes += [f"no commercial use or no derivatives: {', '.join(bound)}"] if bound else []
    findings.note = "; ".join([f"{', '.join(sorted(licences)) or 'no rows'}", *notes])
    return findings.check()
