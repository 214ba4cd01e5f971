from typing import Any

import pytest

from pipeline.publish.lock import LIBRARIES, funnel_faults, library_versions, manifest_fingerprint, medtrace_version, sorted_tallies
from schemas.corpus import Tally
from schemas.manifest import read_manifest
from tests.fixtures.corpora import MANIFEST


def test_a_manifests_fingerprint_does_not_depend_on_where_files_lie():
    here = read_manifest(MANIFEST, "m")
    there = read_manifest(MANIFEST.replace("/somewhere/else/", "D:/"), "m")
    assert manifest_fingerprint(here) == manifest_fingerprint(there)
    assert manifest_fingerprint(here) != manifest_fingerprint(read_manifest(MANIFEST.replace("samples = 2", "samples = 3"), "m"))


def test_tallies_of_all_groups_are_summed_in_order():
    rows = [("select", "a", "no thought", 2), ("ingest", "b", "rows", 5), ("select", "a", "no thought", 3), ("choose", "a", "row cap", 0)]
    table = Tally.from_rows([dict(zip(Tally.columns, row, strict=True)) for row in rows])
    assert sorted_tallies(table) == [["ingest", "b", "rows", 5], ["select", "a", "no thought", 5]]


@pytest.mark.parametrize(
    ("tallies", "told"),
    [
        ([["ingest", "a", "rows", 5], ["ingest", "a", "no gold", 1], ["gather", "a", "repeated row", 1], ["choose", "a", "chosen", 3]], []),
        ([["ingest", "a", "rows", 5], ["choose", "a", "chosen", 3]], ["a: 5 rows are left after ingest, 3 are chosen or dropped"]),
        ([["ingest", "a", "rows", 2], ["choose", "a", "chosen", 2]], ["a: choose counts 2, rl holds 3"]),
        (
            [["ingest", "a", "rows", 3], ["choose", "a", "chosen", 3], ["select", "a", "kept", 1]],
            ["select keeps 1 traces, 0 are published"],
        ),
        ([["benchmark", "b", "rows", 7]], []),
    ],
)
def test_a_funnel_adds_up_or_says_where_not(tallies: list[Any], told: list[str]):
    lock = {"tallies": tallies, "counts": {"rl": {"train": {"source": {"a": 3}}}}, "traces": {}}
    assert funnel_faults(lock) == told


def test_versions_are_told_of_medtrace_and_of_what_can_change_a_byte():
    assert medtrace_version() != "unknown"
    assert set(library_versions()) == {"python", *LIBRARIES}
