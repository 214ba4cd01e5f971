"""What licences allow, as data: whether rows may be passed on, changed, sold, and under which licence the whole may go out."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

BY_ROW = "by row"


@dataclass(frozen=True)
class Terms:
    """What a licence allows, and what it asks for.

    `passing`: copies may be passed on; `changes`: changed ones too; `commercial`: for money; `attribution`: its authors are named;
    `alike`: changed copies go out under the licence of this name alone ('' where it asks for none).
    """

    passing: bool = True
    changes: bool = True
    commercial: bool = True
    attribution: bool = True
    alike: str = ""


# By SPDX name without its version. https://spdx.org/licenses/ has the texts.
LICENCES: Mapping[str, Terms] = {
    "CC0": Terms(attribution=False),
    "PDDL": Terms(attribution=False),
    "Unlicense": Terms(attribution=False),
    "0BSD": Terms(attribution=False),
    "MIT-0": Terms(attribution=False),
    "MIT": Terms(),
    "Apache": Terms(),
    "BSD-2-Clause": Terms(),
    "BSD-3-Clause": Terms(),
    "ISC": Terms(),
    "ODC-By": Terms(),
    "CC-BY": Terms(),
    "CDLA-Permissive": Terms(),
    "CC-BY-SA": Terms(alike="CC-BY-SA"),
    "ODbL": Terms(alike="ODbL"),
    "CDLA-Sharing": Terms(alike="CDLA-Sharing"),
    "GPL": Terms(alike="GPL"),
    "AGPL": Terms(alike="AGPL"),
    "LGPL": Terms(alike="LGPL"),
    "MPL": Terms(alike="MPL"),
    "CC-BY-NC": Terms(commercial=False),
    "CC-BY-NC-SA": Terms(commercial=False, alike="CC-BY-NC-SA"),
    "CC-BY-ND": Terms(changes=False),
    "CC-BY-NC-ND": Terms(changes=False, commercial=False),
}
UNKNOWN = Terms(passing=False, changes=False, commercial=False)
_VERSION = re.compile(r"-v?\d+(\.\d+)*(-only|-or-later|-IGO)*\+?$|\+$")


def family(licence: str) -> str:
    """An SPDX name without its version: CC-BY-SA of CC-BY-SA-4.0."""
    return licence if licence in LICENCES else _VERSION.sub("", licence)


def terms_of(licence: str) -> Terms:
    """What a licence allows, also of `A AND B` (both bind) and `A OR B` (the freer one); `UNKNOWN` where it is not listed."""
    either = [reduce(_both, (_one(name) for name in part.split(" AND "))) for part in licence.split(" OR ")]
    return max(either, key=lambda terms: (terms.passing, terms.changes, terms.commercial, not terms.alike))


def _one(licence: str) -> Terms:
    return LICENCES.get(family(licence.partition(" WITH ")[0].strip()), UNKNOWN)


def _both(one: Terms, other: Terms) -> Terms:
    clash = one.alike and other.alike and one.alike != other.alike
    return replace(
        one,
        passing=one.passing and other.passing and not clash,
        changes=one.changes and other.changes,
        commercial=one.commercial and other.commercial,
        attribution=one.attribution or other.attribution,
        alike=one.alike or other.alike,
    )


def refusals(licences: Mapping[str, str], whole: str, bare: Collection[str] = ()) -> dict[str, str]:
    """Why sources may not go out in a work under one licence, by source; `licences` by source.

    With `whole` "by row", each row goes out under its own licence, and only what may not be passed on changed is refused; with '',
    the licences must also bear each other. `bare`: sources that go out without their pictures, their texts word for word: a licence that
    permits copies and no changed ones does not keep them back.
    """
    told = {source: why for source, licence in licences.items() if (why := _closed(licence, source in bare))}
    open = {source: licence for source, licence in licences.items() if source not in told}
    if whole and whole != BY_ROW:
        told |= {source: why for source, licence in open.items() if (why := _not_under(licence, whole))}
    elif not whole:
        told |= _clashes(open)
    return dict(sorted(told.items()))


def _closed(licence: str, bare: bool) -> str:
    terms = terms_of(licence)
    if terms == UNKNOWN:
        return f"what its licence {licence or '(none)'} allows is not known"
    return "" if terms.passing and (terms.changes or bare) else f"its licence {licence} permits no changed copies"


def _not_under(licence: str, whole: str) -> str:
    terms, wanted = terms_of(licence), terms_of(whole)
    if terms.alike and terms.alike != family(whole):
        return f"its licence {licence} permits changed copies under itself alone, not under {whole}"
    if not terms.commercial and wanted.commercial:
        return f"its licence {licence} permits no commercial use, which {whole} does"
    if terms.attribution and not wanted.attribution:
        return f"its licence {licence} asks to name its authors, which {whole} does not"
    return ""


def _clashes(licences: Mapping[str, str]) -> dict[str, str]:
    """Sources whose licence binds the whole to itself beside others that it cannot hold."""
    bound = {source: terms.alike for source, licence in licences.items() if (terms := terms_of(licence)).alike}
    told: dict[str, str] = {}
    for source, alike in bound.items():
        others = {licence for licence in licences.values() if _not_under(licence, alike)}
        if others:
            told[source] = f"its licence {licences[source]} binds the whole to itself, and cannot hold {', '.join(sorted(others))}"
    return told


def strictest(licences: Iterable[str]) -> Terms:
    """What all of them allow together."""
    return reduce(_both, map(terms_of, licences), Terms(attribution=False))
