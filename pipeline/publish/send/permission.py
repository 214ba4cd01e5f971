"""Whether a corpus may go to a place: what its sources' access, licences and the identifiers in their rows permit."""

from collections.abc import Collection, Mapping, Sequence

from pipeline.publish.audit import Audit
from pipeline.publish.card import RESTRICTED
from pipeline.publish.corpus import Corpus
from pipeline.texts.identifiers import REPORTED
from schemas.errors import PublishError, UsageError
from schemas.licences import BY_ROW, refusals


def obstacles(corpus: Corpus, found: Audit) -> dict[str, list[str]]:
    """What forbids passing each source on, by source: access, its licence alone or beside others, identifiers of persons."""
    told: dict[str, list[str]] = {}
    licences = {one["name"]: one["license"] for one in corpus.lock["datasets"] if one["role"] == "source"}
    closed = refusals(licences, corpus.manifest.publish.license, corpus.lock.get("withheld") or ())
    filled = corpus.lock.get("filled") or ()
    for one in corpus.lock["datasets"]:
        if one["role"] != "source":
            continue
        if one["access"] in RESTRICTED:
            told.setdefault(one["name"], []).append(f"its access is {one['access']}")
        if one["name"] in closed:
            told.setdefault(one["name"], []).append(closed[one["name"]])
        if one["name"] in filled:
            told.setdefault(one["name"], []).append("its pictures, which are not to be passed on, were put back here")
    sent = {one.name for one in corpus.manifest.source if one.may_send}
    for source, kinds in _identified(found).items():
        if source not in sent:
            held = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
            told.setdefault(source, []).append(f"rows of it hold identifiers of persons ({held})")
    return dict(sorted(told.items()))


def check_permitted(corpus: Corpus, found: Audit, dest: str, permitted: Collection[str]) -> None:
    """Raises: PublishError where a source may not leave this machine for `dest`; UsageError where one is permitted that is not there."""
    names: Sequence[str] = [one.name for one in corpus.manifest.source]
    unknown = sorted(set(permitted) - set(names))
    if unknown:
        raise UsageError(f"--permit {unknown[0]}: the corpus has no such source, only {', '.join(names)}.")
    left = {source: reasons for source, reasons in obstacles(corpus, found).items() if source not in permitted}
    if left:
        said = "; ".join(f"{source}: {' and '.join(reasons)}" for source, reasons in left.items())
        flags = " ".join(f"--permit {source}" for source in left)
        raise PublishError(
            f"{corpus.path.name} may not go to {dest}. {said}. Leave these sources out, mask identifiers with [privacy], "
            "say publish_images = false in a source whose pictures alone may not go, "
            f'say [publish] license = "{BY_ROW}" where each row may go out under its own licence, '
            f"or add {flags} where their terms let the readers of {dest} have them."
        )


def _identified(found: Audit) -> Mapping[str, Mapping[str, int]]:
    """Identifiers that fail, by source and kind, as the audit counted them."""
    told: dict[str, dict[str, int]] = {}
    for check in found.checks:
        if check.name == "identifiers":
            for name, count in check.counts.items():
                source, sign, kind = name.rpartition(": ")
                if sign and kind not in {one.value for one in REPORTED}:
                    told.setdefault(source, {})[kind] = count
    return told
