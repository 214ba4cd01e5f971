"""The report under a person's hands: keys, filters, narrow screens, dark and printed, without a request or a complaint."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.browser import Tab, browsing
from tests.fixtures.hostile import hostile_corpus

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
SHOWN = "document.querySelectorAll('#cards .card:not([hidden])').length"
FOCUS = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome is on PATH (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_corpus(tmp_path_factory.mktemp("hostile")) / "report.html"


@pytest.fixture
def tab(page: Path, tmp_path: Path) -> Iterator[Tab]:
    assert BROWSER is not None
    with browsing(BROWSER, tmp_path / "profile") as opened:
        opened.size(1280, 900)
        opened.open(page.as_uri())
        yield opened
        assert opened.complaints() == []
        assert opened.asked() == []
        assert opened.evaluate("document.title") == "tiny 1"


def test_all_of_it_is_reached_and_used_by_keys(tab: Tab):
    tab.press("Tab")
    assert tab.evaluate(FOCUS) == "skip"
    tab.press("Enter")
    for _ in range(12):
        tab.press("Tab")
        if tab.evaluate(FOCUS) == "f-q":
            break
    assert tab.evaluate(FOCUS) == "f-q"
    tab.press("patient Q3")
    assert tab.evaluate(SHOWN) == 2
    for _ in range(12):
        tab.press("Tab")
        if tab.evaluate(FOCUS) == "SUMMARY":
            break
    tab.press("Enter")
    tab.settle()
    assert tab.evaluate("document.querySelectorAll('#cards details[open] .thought').length") == 1
    assert "q=patient" in tab.evaluate("location.hash")


def test_filters_and_their_clearing_work(tab: Tab):
    tab.evaluate(
        "(e => { e.value = 'incorrect'; e.dispatchEvent(new Event('input', {bubbles: true})) })(document.getElementById('f-verdict'))"
    )
    assert tab.evaluate(SHOWN) == 4
    assert tab.evaluate("document.getElementById('count').textContent") == "4 of 9 traces shown"
    tab.evaluate("document.getElementById('clear').click()")
    assert tab.evaluate(SHOWN) == 9


def test_an_opened_trace_shows_picture_options_thought_answer_verdict_and_why(tab: Tab):
    tab.evaluate("document.getElementById('unfold').click()")
    tab.settle()
    told = tab.evaluate("document.querySelector('#cards details[open] .body').innerText")
    assert all(word in told.lower() for word in ("thought", "answer", "why", "verdict", "rule", "outcome"))
    assert tab.evaluate("document.querySelectorAll('#cards .body img').length") > 0
    assert tab.evaluate("document.querySelectorAll('#cards .options .gold').length") > 0
    assert tab.evaluate("document.querySelectorAll('#cards .body script, #cards .body [onerror]').length") == 0


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(tab: Tab, width: int):
    tab.size(width, 800)
    tab.evaluate("document.getElementById('unfold').click()")
    tab.settle()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('form *, summary, .pill, h1, h2')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX === 'visible' && getComputedStyle(e).display !== 'inline').map(e => e.id || e.className)"
    assert tab.evaluate(wide) == []


def test_dark_and_printed_it_stays_readable(tab: Tab):
    ground = "getComputedStyle(document.body).backgroundColor"
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert tab.evaluate(ground) == "rgb(20, 23, 26)"
    tab.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.getElementById('filters')).display") == "none"
