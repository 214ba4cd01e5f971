"""What an audit asks of the lock: that it tells what the shards hold, as all beside them does, and what the manifest asked for."""

import re
from collections import Counter
from collections.abc import Callable

from pipeline.publish.card import CARD, RESTRICTED, render_card
from pipeline.publish.corpus import Corpus, CorpusShard
from pipeline.publish.croissant import CROISSANT, render_croissant
from pipeline.publish.findings import Check, Findings
from pipeline.publish.layout import shard_path
from pipeline.publish.lock import (
    Facets,
    count_costs,
    count_traces,
    funnel_faults,
    judge_model,
    library_versions,
    manifest_fingerprint,
    medtrace_version,
    partial_of,
)
from pipeline.publish.report import VERSION
from pipeline.publish.report.page import REPORT, render_report
from schemas.corpus import Tally
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
    for kind, where in _manifest_faults(corpus):
        findings.add(kind, where)
    for name, (fault, ours, render) in _beside(corpus).items():
        if not ours:
            findings.asides[f"{name} of another version of medtrace or its libraries, not compared"] += 1
        elif (whole or name != REPORT) and _differs(corpus, name, render):
            findings.add(fault, f"{name}: make it anew with medtrace report" if name == REPORT else name)
    return findings.check()


def _beside(corpus: Corpus) -> dict[str, tuple[str, bool, Callable[[], str]]]:
    """The texts that follow from lock and shards: what is wrong where one is another, whether the same code made it, and how."""
    lock = corpus.lock
    card, made = lock.get("card") == CARD, lock["medtrace"] == medtrace_version()
    report = made and lock.get("report") == VERSION and lock["libraries"] == library_versions()
    return {
        "README.md": ("card does not say what the lock says", card, lambda: render_card(lock, corpus.manifest)),
        CROISSANT: ("Croissant does not say what the lock says", card and made, lambda: render_croissant(lock, corpus.manifest)),
        REPORT: ("report does not show what the corpus holds", report, lambda: render_report(corpus)),
    }


def _differs(corpus: Corpus, name: str, render: Callable[[], str]) -> bool:
    try:
        return (corpus.path / name).read_text(encoding="utf-8") != render()
    except (OSError, UnicodeDecodeError, CorpusError, LookupError, StopIteration, TypeError, ValueError):
        return True


def _manifest_faults(corpus: Corpus) -> list[tuple[str, str]]:
    """What the lock says twice, or the manifest too, and not the same: the kind of fault and where."""
    lock, manifest = corpus.lock, corpus.manifest
    faults: list[tuple[str, str]] = []
    for name, told, wanted in (
        ("license", lock.get("license", ""), manifest.publish.license),
        ("policy", lock["policy"], manifest.judge.policy),
    ):
        if told != wanted:
            faults.append(("lock says another thing than the manifest", f"{name}: {told!r}, asked for is {wanted!r}"))
    asked = {*(("source", one.name) for one in manifest.source), *(("benchmark", one.name) for one in manifest.benchmark)}
    there = Counter((one["role"], one["name"]) for one in lock["datasets"])
    odd = {*(there - Counter(asked)), *(one for one in asked - set(there) if one[0] == "source")}
    faults += [("datasets are not those of the manifest", f"{role} {name}") for role, name in sorted(odd)]
    closed = {one.name for one in manifest.source if not one.publish_images}
    faults += [("filled pictures of a source that passes them on", name) for name in sorted(set(lock.get("filled") or ()) - closed)]
    tallies = Tally.from_rows(dict(zip(Tally.columns, told, strict=True)) for told in lock["tallies"])
    if lock.get("partial") != partial_of(tallies):
        faults.append(("funnel tells of another part", f"partial: {lock.get('partial')}"))
    for shard in corpus.shards:
        if shard.name != shard_path(shard.config, shard.split, shard.label):
            faults.append(("a shard where no reader looks for it", f"{shard.name}, {shard.split} of {shard.config}"))
    return faults


def _access(corpus: Corpus, name: str) -> str:
    """Who may read a source's files, as it is known or declared."""
    one = next((one for one in corpus.manifest.source if one.name == name), None)
    if one is None or one.kind is not None:
        return (one.access if one else None) or "open"
    return next((source.access.value for source in SOURCES if source.name == name), "open")


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
        if one["access"] != (access := _access(corpus, name)):
            findings.add("a source under another access than its own", f"{name}: {one['access']!r}, its own is {access!r}")
    for source in sorted({value for counted in facets.values() for value in counted.get("source", {})} - set(sources)):
        findings.add("rows of a source that the lock does not name", source)
    restricted = sorted(f"{name} ({one['access']})" for name, one in sources.items() if one["access"] in RESTRICTED)
    bound = sorted(licence for licence in licences if re.search(r"-(NC|ND)\b", licence))
    notes = [f"restricted access: {', '.join(restricted)}"] if restricted else []
    notes += [f"no commercial use or no derivatives: {', '.join(bound)}"] if bound else []
    findings.note = "; ".join([f"{', '.join(sorted(licences)) or 'no rows'}", *notes])
    return findings.check()
