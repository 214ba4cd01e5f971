"""Presidio beside the rules: what it adds, and one sentence where it is not there."""

from importlib import metadata
from itertools import pairwise

import pytest

from pipeline.texts.identifiers import find_identifiers
from pipeline.texts.presidio import finder, version_of
from schemas.errors import ManifestError

TEXT = "Write to ada@b.org, card 4111 1111 1111 1111, IBAN GB82 WEST 1234 5698 7654 32; fever for 3 days."


def test_without_it_the_rules_look_alone() -> None:
    assert finder("")(TEXT) == find_identifiers(TEXT)


def test_what_is_not_installed_is_named_with_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(ManifestError, match=r"privacy\.presidio: presidio-analyzer is not installed\. Install presidio-analyzer"):
        version_of("patterns")


def test_its_patterns_find_what_the_rules_do_not_and_overlap_nothing() -> None:
    pytest.importorskip("presidio_analyzer")
    found = finder("patterns")(TEXT)
    assert {(one.kind.value, TEXT[one.start : one.stop]) for one in found} == {
        ("email", "ada@b.org"),
        ("account", "4111 1111 1111 1111"),
        ("account", "GB82 WEST 1234 5698 7654 32"),
    }
    assert all(one.stop <= other.start for one, other in pairwise(found))
    assert "patterns" in version_of("patterns")
