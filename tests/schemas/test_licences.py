"""Licences as data: what each allows, and which may stand in one work."""

import pytest

from schemas.errors import ManifestError
from schemas.licences import BY_ROW, LICENCES, UNKNOWN, family, refusals, strictest, terms_of
from schemas.manifest import read_manifest


@pytest.mark.parametrize(
    ("licence", "name"),
    [
        ("CC-BY-4.0", "CC-BY"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA"),
        ("CC-BY-3.0-IGO", "CC-BY"),
        ("CC0-1.0", "CC0"),
        ("Apache-2.0", "Apache"),
        ("GPL-3.0-or-later", "GPL"),
        ("ODC-By-1.0", "ODC-By"),
        ("MIT", "MIT"),
        ("BSD-3-Clause", "BSD-3-Clause"),
    ],
)
def test_versions_of_a_licence_are_one_family(licence: str, name: str) -> None:
    assert family(licence) == name
    assert terms_of(licence) == LICENCES[name]


@pytest.mark.parametrize("licence", ["", "unknown", "LicenseRef-upstream", "other", "CC-BY-NC-SA-X"])
def test_what_is_not_listed_allows_nothing(licence: str) -> None:
    assert terms_of(licence) == UNKNOWN


def test_and_binds_to_both_and_or_to_the_freer() -> None:
    assert not terms_of("MIT AND CC-BY-NC-4.0").commercial
    assert terms_of("MIT OR CC-BY-NC-4.0").commercial
    assert not terms_of("CC-BY-SA-4.0 AND CC-BY-NC-SA-4.0").passing
    assert terms_of("GPL-2.0 WITH Classpath-exception-2.0").alike == "GPL"


@pytest.mark.parametrize(
    ("licences", "whole", "refused"),
    [
        (["MIT", "Apache-2.0", "CC0-1.0"], "CC-BY-4.0", []),
        (["MIT", "CC-BY-NC-4.0"], "CC-BY-4.0", ["s1"]),
        (["MIT", "CC-BY-NC-4.0"], "CC-BY-NC-4.0", []),
        (["CC-BY-SA-4.0", "MIT"], "CC-BY-4.0", ["s0"]),
        (["CC-BY-SA-4.0", "MIT"], "CC-BY-SA-4.0", []),
        (["CC-BY-4.0"], "CC0-1.0", ["s0"]),
        (["CC-BY-ND-4.0", "MIT"], BY_ROW, ["s0"]),
        (["CC-BY-NC-SA-4.0", "CC-BY-SA-4.0", "MIT"], BY_ROW, []),
        (["CC-BY-NC-SA-4.0", "CC-BY-SA-4.0", "MIT"], "", ["s0", "s1"]),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "", ["s0"]),
        (["CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", "MIT"], "", []),
        (["LicenseRef-x", "MIT"], "", ["s0"]),
        (["MIT", "CC-BY-NC-4.0"], "", []),
    ],
)
def test_combinations_that_are_not_allowed_are_refused_by_source(licences: list[str], whole: str, refused: list[str]) -> None:
    found = refusals({f"s{place}": licence for place, licence in enumerate(licences)}, whole)
    assert list(found) == refused
    assert all(licences[int(source[1:])] in why for source, why in found.items())


def test_the_strictest_of_all_binds_who_takes_all() -> None:
    terms = strictest(["MIT", "CC-BY-NC-4.0", "CC-BY-SA-4.0"])
    assert (terms.commercial, terms.alike, terms.attribution) == (False, "CC-BY-SA", True)
    assert not strictest(["CC0-1.0"]).attribution


def test_a_manifest_names_a_known_licence_or_by_row() -> None:
    text = 'name = "a"\n[[source]]\nname = "medmcqa"\n[publish]\nlicense = "{}"\n'
    assert read_manifest(text.format(BY_ROW), "m").publish.license == BY_ROW
    assert read_manifest(text.format("CC-BY-4.0"), "m").publish.license == "CC-BY-4.0"
    with pytest.raises(ManifestError, match=r"publish.license: .*by row.*schemas/licences.py.*'mine'"):
        read_manifest(text.format("mine"), "m")
