"""The page of a comparison."""

from html.parser import HTMLParser

from pipeline.evaluation.page import Compared, render_page
from pipeline.evaluation.paired import compare
from pipeline.evaluation.summary import summarise
from tests.fixtures.hostile import HOSTILE
from tests.fixtures.scored_rows import answered, measured, question


class Tags(HTMLParser):
    """What a browser would make of a page: its tags, and those that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[str] = set()
        self.open: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def page(name: str) -> str:
    first = answered(question("1", "B", benchmark=name), question("2", "A", benchmark=name, **measured(**{name: 0.5})))
    second = answered(question("1", "A", benchmark=name), question("2", "B", benchmark=name))
    models = [Compared(name, name, tuple(summarise(first))), Compared("b", "b", tuple(summarise(second)), tuple(compare(first, second)))]
    return render_page(models)


def test_names_are_text_and_never_markup() -> None:
    for name in HOSTILE:
        met = Tags()
        met.feed(page(name.replace("\ud800", "")))
        assert not met.met & {"script", "img", "iframe", "a", "form"}
        assert not {one for one in met.attributes if one.startswith("on")}
        assert met.open == []


def test_every_model_stands_beside_the_others_with_its_interval_and_the_test() -> None:
    told = page("bench")
    assert "50.0%" in told
    assert "McNemar" in told
    assert "b against bench" in told
