"""Traces that others have published, as a source: their questions with golds, and their completions beside them, to be judged anew.

Layouts (each known by its columns): OctoMed (`question, options, answer, responses`, with `image`), HuatuoGPT-o1 (`Question, Complex_CoT,
Response`, with `Ground-True Answer`), m23k (`prompt, answer_letter, reasoning, distilled_answer_string`), MedReason (`question, options,
answer, reasoning`) and MedVLThinker (`question, options, answer_label` with a column of reasoning).
One raw row of OctoMed's: {"id": "…", "image": {"bytes": …}, "image_hash": "…", "question": "What is shown?", "options": ["…", "…"],
"answer": "B", "responses": ["<think>…</think> …", …]}
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from schemas.manifest import Dataset
from schemas.vocabulary import Modality
from sources import rows
from sources.files import Record, cut, home, records, to_row
from sources.formats import SUFFIXES, check_name, columns_of, format_of
from sources.images import pictures
from sources.rows import Fault, Gold, cell, checked_options, question_of, text
from sources.source import Access, Layout, Part, Row, Source

ONE_SPLIT = "all"
LETTERS = "ABCDEFGHIJ"
REASONING = ("reasoning", "responses", "response", "cot", "completion", "output")
_OPTION = re.compile(r"^\s*([A-J])\s*[.):]\s*(.+?)\s*$", re.MULTILINE)

_BREAK = re.compile(r"\s*\n\s*")


def traces_source(dataset: Dataset) -> Source:
    """The source that a manifest describes with `kind = "traces"`; its layout is known by the columns of its files."""
    split = dataset.split or ONE_SPLIT
    known = {"name": dataset.name, "modality": dataset.modality or ""}
    return Source(
        name=dataset.name,
        version=3,
        title=dataset.name,
        homepage=dataset.homepage or "",
        license=dataset.license or "",
        access=Access(dataset.access or "open"),
        task="published traces",
        modality=dataset.modality or "text and image",
        rows="not counted",
        splits=(split,),
        default_split=split,
        layouts=tuple(
            Layout(name, partial(find, needs=needs, any_of=any_of), partial(read, row=row, **known)) for name, needs, any_of, row in LAYOUTS
        ),
        raw_row="",
    )


def find(path: Path, split: str, *, needs: tuple[str, ...], any_of: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts of the tables, in a folder or below it, that have the columns that a layout needs, and one of others."""
    files = (path,) if path.is_file() else tuple(item for item in sorted(path.rglob("*")) if item.is_file())
    fitting: list[Path] = []
    for file in files:
        if file.suffix.lower() not in SUFFIXES or any(part.startswith(".") for part in file.relative_to(home(path)).parts):
            continue
        check_name(file)
        format = format_of(file)
        there = set(columns_of(file, format)) if format else set()
        if there.issuperset(needs) and (not any_of or there.intersection(any_of)):
            fitting.append(file)
    return tuple(part for file in fitting for part in cut(home(path), file))


def read(part: Part, *, row: Callable[[Record, Path], Row], name: str, modality: str) -> Iterator[Row]:
    """The rows of a part."""
    folder = part.files[0].parent

    def shown(record: Record) -> Row:
        found = row(record, folder)
        kind = modality or (Modality.IMAGE if found.images else Modality.TEXT)
        return found._replace(modality=kind)

    return (to_row(record, shown, ("id",) if "id" in record.cells else ()) for record in records(part))


def octomed(record: Record, folder: Path) -> Row:
    """OctoMed's row: the answer is a letter, or the text of an option."""
    cells = record.cells
    options = rows.options_in(cells["options"]) if cells.get("options") is not None and len(cells["options"]) else ()
    answer_type, gold = _gold(cell(cells, "answer"), options)
    images = tuple(pictures(cells.get("image"), folder))
    return Row(
        record.place, question_of(cell(cells, "question")), answer_type, gold, options, images=images, traces=_traces(cells["responses"])
    )


def huatuo(record: Record, folder: Path) -> Row:
    """HuatuoGPT-o1's row: the open question that was reasoned about, with its short answer."""
    cells = record.cells
    answer_type, gold = rows.gold_open(cells.get("Ground-True Answer") or cells.get("answer"))
    return Row(record.place, question_of(cell(cells, "Question")), answer_type, gold, traces=(_thought(cells, "Complex_CoT", "Response"),))


def m23k(record: Record, folder: Path) -> Row:
    """m23k's row: the prompt ends in the options, to which the letter belongs."""
    cells = record.cells
    prompt = question_of(cell(cells, "prompt"))
    found = list(_OPTION.finditer(prompt))
    starts = [place for place, match in enumerate(found) if match[1] == "A"]
    listed = found[starts[-1] :] if starts else []
    options = _listed(listed, prompt[-80:])
    answer_type, gold = rows.gold_by_letter(cell(cells, "answer_letter"), len(options))
    said = _one_line(text(cells.get("answer_string")))
    if said and options[gold["index"]].casefold() != said.casefold():
        raise Fault("gold contradicts itself", f"{options[gold['index']][:40]}, but answer_string {said[:40]}")
    question = question_of(prompt[: listed[0].start()])
    return Row(record.place, question, answer_type, gold, options, traces=(_thought(cells, "reasoning", "distilled_answer_string"),))


def medreason(record: Record, folder: Path) -> Row:
    """MedReason's row: options in one text, an answer that begins with the right one's text or letter."""
    cells = record.cells
    answer, listed = text(cell(cells, "answer")), text(cells.get("options"))
    options = _listed(list(_OPTION.finditer(listed)), listed[:80]) if listed else ()
    said = answer.split("Explanation:", maxsplit=1)[0].strip().rstrip(".")
    answer_type, gold = _gold(said, options) if options else rows.gold_open(said)
    return Row(
        record.place, question_of(cell(cells, "question")), answer_type, gold, options, traces=(_thought(cells, "reasoning", "answer"),)
    )


def medvlthinker(record: Record, folder: Path) -> Row:
    """MedVLThinker's row: options as JSON text, the gold's letter in `answer_label`, images or none."""
    cells = record.cells
    options = rows.options_in(cell(cells, "options"))
    answer_type, gold = rows.gold_by_letter(cell(cells, "answer_label"), len(options))
    images = tuple(pictures(cells.get("images") or cells.get("image"), folder))
    told = next((cells[name] for name in REASONING if cells.get(name)), None)
    question = question_of(cell(cells, "question").replace("<image>", ""))
    return Row(record.place, question, answer_type, gold, options, images=images, traces=_traces(told))


LAYOUTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], Callable[[Record, Path], Row]], ...] = (
    ("OctoMed", ("question", "options", "answer", "responses"), (), octomed),
    ("HuatuoGPT-o1", ("Question", "Complex_CoT", "Response"), (), huatuo),
    ("m23k", ("prompt", "answer_letter", "reasoning", "distilled_answer_string"), (), m23k),
    ("MedVLThinker", ("question", "options", "answer_label"), REASONING, medvlthinker),
    ("MedReason", ("question", "options", "answer", "reasoning"), (), medreason),
)


def _traces(value: Any) -> tuple[str, ...]:
    """The completions in a cell, empty ones left out."""
    return tuple(told for one in (value if isinstance(value, (list, tuple)) else (value,)) if (told := text(one)))


def _thought(cells: Any, thought: str, answer: str) -> str:
    """A completion whose thought and answer stand in two columns."""
    told = text(cells.get(thought))
    return f"<think>\n{told}\n</think>\n\n{text(cells.get(answer))}" if told else text(cells.get(answer))


def _one_line(said: str) -> str:
    return _BREAK.sub(" ", said.strip())


def _listed(found: list[re.Match[str]], shown: str) -> tuple[str, ...]:
    """The options of neighbouring matches: each goes on to the next, the last to the end of its line, for instructions may follow."""
    if not found or [match[1] for match in found] != list(LETTERS[: len(found)]):
        raise Fault("options unreadable", shown)
    stops = [*(match.start() for match in found[1:]), found[-1].end(2)]
    return checked_options([_one_line(match.string[match.start(2) : stop]) for match, stop in zip(found, stops, strict=True)])


def _gold(answer: Any, options: tuple[str, ...]) -> Gold:
    """The gold of a letter, or of an option's text, the longest where an answer begins with several; open where there are no options."""
    said = text(answer)
    if not options:
        return rows.gold_open(said)
    if not said:
        raise Fault("no gold")
    folded = [option.casefold().rstrip(".") for option in options]
    if said.casefold().rstrip(".") in folded:
        return rows.gold_by_text(options[folded.index(said.casefold().rstrip("."))], options)
    letter = re.fullmatch(r"\(?([A-Za-z])\)?[.:]?", said) or re.match(r"\(?([A-J])[).:]\s", said)
    if letter:
        return rows.gold_by_letter(letter[1], len(options))
    begun = [place for place, option in enumerate(options) if rows.begins_with(said, option)]
    if not begun:
        raise Fault("gold not among options", said[:80])
    return rows.gold_by_text(options[max(begun, key=lambda place: len(folded[place]))], options)
