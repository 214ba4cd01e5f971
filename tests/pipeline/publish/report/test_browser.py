"""The report in a real browser: it loads without an error, its filters work, and no planted script runs."""

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.fixtures.hostile import hostile_corpus

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --enable-logging=stderr --v=0 --virtual-time-budget=3000 --dump-dom"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome is on PATH (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_corpus(tmp_path_factory.mktemp("hostile")) / "report.html"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "profile"


def load(page: Path, profile: Path, fragment: str = "") -> str:
    """The page's elements after its script ran; fails on anything that the console says."""
    assert BROWSER is not None
    command = [BROWSER, *QUIET.split(), f"--user-data-dir={profile}", f"{page.as_uri()}{fragment}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert [line for line in ended.stderr.splitlines() if "CONSOLE" in line] == []
    return ended.stdout


def shown(dom: str) -> list[str]:
    """The verdicts of the traces that are not hidden."""
    cards = re.findall(r'<details class="card"( hidden="")?><summary><span class="pill v-(\w+)">', dom.partition('id="cards"')[2])
    return [verdict for hidden, verdict in cards if not hidden]


def test_loads_without_an_error_and_runs_no_planted_script(page: Path, profile: Path):
    dom = load(page, profile)
    assert "<title>tiny 1</title>" in dom
    body = re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    assert not re.search(r"<img[^>]*(onerror|src=\"?x)", body)
    assert "document.title='ran'" in unescape(body)
    assert "9 of 9 traces shown" in dom
    assert len(shown(dom)) == 9


@pytest.mark.parametrize(
    ("fragment", "verdicts"),
    [
        ("#verdict=incorrect", {"incorrect": 4}),
        ("#verdict=correct&modality=x-ray", {"correct": 2}),
        ("#q=patient+Q3", {"correct": 2}),
        ("#q=nothing+like+this", {}),
        ("#flag=looping", {"incorrect": 3}),
        ("#teacher=nobody", {"correct": 5, "incorrect": 4}),
        ("#traces", {"correct": 5, "incorrect": 4}),
    ],
)
def test_the_hash_of_the_address_filters_and_searches(page: Path, profile: Path, fragment: str, verdicts: dict[str, int]):
    found = shown(load(page, profile, fragment))
    assert {verdict: found.count(verdict) for verdict in set(found)} == verdicts
