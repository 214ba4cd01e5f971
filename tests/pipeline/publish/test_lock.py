from pipeline.publish.lock import LIBRARIES, library_versions, manifest_fingerprint, medtrace_version, sorted_tallies
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


def test_versions_are_told_of_medtrace_and_of_what_can_change_a_byte():
    assert medtrace_version() != "unknown"
    assert set(library_versions()) == {"python", *LIBRARIES}
