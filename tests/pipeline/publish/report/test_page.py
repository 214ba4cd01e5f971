"""The report of a corpus: what it says, that its bytes are settled, and that hostile texts stay texts."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.publish.audit import audit
from pipeline.publish.corpus import read_corpus
from pipeline.publish.finish import renew_report
from pipeline.publish.report.facts import KEPT, Facts
from pipeline.publish.report.page import as_json, render_report
from pipeline.publish.report.sample import TRACES
from pipeline.publish.report.sections import sources
from schemas.errors import UsageError
from tests.fixtures.corpora import FACTS, boxed, detach, png, posed, question, rows_of_a_corpus, traced, write_corpus
from tests.fixtures.hostile import HOSTILE, hostile_corpus
from tests.fixtures.local_build import call


class Page(HTMLParser):
    """Elements of a page by name, with their attributes, and the text of its scripts and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inner: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in = tag
        if tag in self.inner:
            self.inner[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in self.inner:
            self.inner[self._in][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.inner["script"][0])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_corpus(tmp_path_factory.mktemp("hostile"))


def page_of(corpus: Path) -> Page:
    return Page((corpus / "report.html").read_text(encoding="utf-8"))


def test_the_report_stands_beside_the_corpus_and_in_its_lock(built: Path):
    named = {one["path"]: one["sha256"] for one in json.loads((built / "lock.json").read_text())["files"]}
    assert named["report.html"] == hashlib.sha256((built / "report.html").read_bytes()).hexdigest()
    assert not audit(built).failed


def test_the_counts_are_those_of_the_corpus(built: Path):
    text = (built / "report.html").read_text()
    assert "<dd>4</dd><dt>questions</dt>" in text
    assert "<dd>4</dd><dt>kept traces</dt>" in text
    assert "<dd>2</dd><dt>rejected traces</dt>" in text
    assert '<b>Rows read</b><span class="n">6</span>' in text
    assert "−1 <bdi>no gold</bdi>" in text
    assert "−1 <bdi>row cap</bdi>" in text
    assert '<b>Asked of a teacher</b><span class="n">3</span>' in text
    assert "6 of 6 traces" in text


def test_a_trace_is_shown_with_thought_marked_answer_options_and_picture(built: Path):
    page = page_of(built)
    shown = {one["id"]: one for one in page.data["traces"]}
    trace = shown["q1-r1-0"]
    assert trace["thought"] == [["", "The signs point there."]]
    assert trace["answer"] == [["", "\\boxed{"], ["mark", "A"], ["", "}"]]
    assert trace["question"] == [["", "What is the matter with patient q1?"]]
    assert [parts[0][1] for parts in trace["options"]] == ["Sepsis", "Anaemia", "Gout"]
    assert len(trace["images"]) == trace["pictures"] == 2
    assert base64.b64decode(page.data["thumbnails"][trace["images"][0]].partition(",")[2])[:2] == b"\xff\xd8"
    assert (shown["q1-r1-1"]["kept"], shown["q1-r1-1"]["reason"], shown["q1-r1-1"]["verdict"]) == (False, "incorrect", "incorrect")


def test_the_same_corpus_gives_the_same_bytes_wherever_it_lies(built: Path, tmp_path: Path):
    again = write_corpus(tmp_path / "other", tmp_path / "store")
    assert (again / "report.html").read_bytes() == (built / "report.html").read_bytes()


def test_a_report_made_anew_is_the_one_of_the_build(built: Path, tmp_path: Path):
    corpus = detach(built, tmp_path / "tiny")
    before = {name: (corpus / name).read_bytes() for name in ("report.html", "lock.json")}
    (corpus / "report.html").write_text("spoiled")
    assert audit(corpus).failed
    assert renew_report(corpus) == corpus / "report.html"
    assert {name: (corpus / name).read_bytes() for name in before} == before
    assert renew_report(corpus, tmp_path / "elsewhere.html").read_bytes() == before["report.html"]
    with pytest.raises(UsageError, match="lies within the corpus"):
        renew_report(corpus, corpus / "lock.json")
    assert (corpus / "lock.json").read_bytes() == before["lock.json"]


def test_every_source_and_verdict_is_drawn_from_a_bounded_number_of_traces(tmp_path: Path):
    many = [question(f"m{place}") for place in range(TRACES)]
    rare = question("rare", source="small")
    rows = rows_of_a_corpus()
    rows["rl-train"] += [posed(one) for one in [*many, rare]]
    rows["sft-train"] += [traced(one, boxed("A")) for one in many]
    rows["rejected-train"].append(traced(rare, boxed("B"), verdict="conflict"))
    facts = FACTS | {"small": FACTS["quiz"].__class__(**{**vars(FACTS["quiz"]), "name": "small"})}
    shown = page_of(write_corpus(tmp_path / "c", tmp_path / "s", rows, facts=facts)).data["traces"]
    assert len(shown) == TRACES
    assert {("small", "conflict"), ("quiz", "correct"), ("quiz", "incorrect")} == {(one["source"], one["verdict"]) for one in shown}


def test_hostile_texts_make_no_element_and_end_no_script(hostile: Path, built: Path):
    page, plain = page_of(hostile), page_of(built)
    names = {name for name, _ in page.elements}
    assert names <= {name for name, _ in plain.elements}
    assert len(page.inner["script"]) == 2
    assert page.inner["script"][1] == plain.inner["script"][1]
    assert not re.search(r"[<>&\u2028\u2029]", page.inner["script"][0])
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") or name == "style" for name in attrs)]
    told = json.dumps(page.data, ensure_ascii=False)
    assert all(json.dumps(text, ensure_ascii=False)[1:-1] in told for text in HOSTILE)


def test_a_text_of_a_megabyte_is_cut_and_says_so(hostile: Path):
    trace = next(one for one in page_of(hostile).data["traces"] if one["id"] == "long-r1-0")
    cut = [int(text) for kind, text in trace["thought"] if kind == "cut"]
    assert sum(cut) + sum(len(text) for kind, text in trace["thought"] if kind != "cut") == 1 << 20
    assert (hostile / "report.html").stat().st_size < 300_000


def test_nothing_but_our_script_and_style_may_run_and_nothing_is_loaded(hostile: Path):
    page = page_of(hostile)
    policy = next(str(attrs["content"]) for name, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy")
    for rule, inner in (("script-src", page.inner["script"][1]), ("style-src", page.inner["style"][0])):
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    links = [str(attrs[name]) for _, attrs in page.elements for name in ("src", "href", "action", "srcset", "data") if name in attrs]
    assert [link for link in links if not link.startswith(("#", "data:"))] == []


@pytest.mark.parametrize("text", ["</script>", "<!--", "<script>", "]]>", "&lt;", "\u2028\u2029", "\x00", "\u202eabc", "\ud800", "😀"])
def test_any_text_comes_back_from_the_data_as_it_was(text: str):
    told = as_json([text])
    assert not re.search(r"[<>&\u2028\u2029]", told)
    told.encode("utf-8")
    assert json.loads(told) == [text.replace("\ud800", "\ufffd")]


def test_an_empty_corpus_has_a_report(tmp_path: Path):
    corpus = write_corpus(tmp_path / "none", tmp_path / "store", {})
    assert render_report(read_corpus(corpus)) == (corpus / "report.html").read_text()
    assert page_of(corpus).data["traces"] == []


def test_the_command_makes_the_report_and_says_where(built: Path, tmp_path: Path):
    said = call("report", str(built), "--out", str(tmp_path / "r.html"), "--json")
    assert (said.code, said.told) == (0, {"out": str(tmp_path / "r.html"), "bytes": (built / "report.html").stat().st_size})
    assert (tmp_path / "r.html").read_bytes() == (built / "report.html").read_bytes()
    assert "no folder" in call("report", str(tmp_path / "nothing")).error


def test_a_benchmark_with_a_sources_name_is_not_given_its_questions() -> None:
    facts = Facts()
    facts.traces["quiz", KEPT] = 77
    one = {"name": "quiz", "title": "Quiz", "license": "MIT", "access": "open"}
    tallies = [["ingest", "quiz", "rows", 500], ["choose", "quiz", "chosen", 300], ["benchmark", "quiz", "rows", 41]]
    shown = sources({"datasets": [one | {"role": "source"}, one | {"role": "benchmark"}], "tallies": tallies, "counts": {}}, facts)
    source, benchmark = re.findall("<tr><(?:td|th).*?</tr>", shown.partition("<tbody>")[2], re.DOTALL)
    assert [count in source for count in ("500", "300", "77", "41")] == [True, True, True, False]
    assert [count in benchmark for count in ("500", "300", "77", "41")] == [False, False, False, True]


def test_boxes_of_gold_and_answer_go_with_the_one_picture_they_stand_in(tmp_path: Path) -> None:
    gold = {"boxes": [[1, 1, 4, 4]], "labels": ["<b>cyst</b>"], "width": 8, "height": 6}

    def asked(name: str, count: int) -> dict[str, Any]:
        told = {"answer_type": "bbox", "grading_json": as_json(gold), "options_json": "[]"}
        return question(name, images=[png(seed) for seed in range(count)]) | told

    rows = [asked("one", 1), asked("two", 2)]
    traces = [traced(row, "<box>[[1, 1, 5, 4]]</box>") for row in rows]
    corpus = write_corpus(tmp_path / "c", tmp_path / "s", {"sft-train": traces, "rl-train": [posed(row) for row in rows]})
    shown = {one["row"]: one["boxes"] for one in Page((corpus / "report.html").read_text()).data["traces"]}
    assert shown["two"] is None
    assert shown["one"] == {"width": 8, "height": 6, "gold": [[1, 1, 4, 4]], "said": [[1.0, 1.0, 5.0, 4.0]], "labels": ["<b>cyst</b>"]}
