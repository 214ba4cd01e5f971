"""ECGs as the PhysioNet/CinC challenges 2020 and 2021 publish them: Chapman-Shaoxing, Georgia and CPSC, as QoQ-Med's seven labels.

https://physionet.org/content/challenge-2021/1.0.3/
Licence: CC BY 4.0.

One raw row, HS…/JS00001.hea (a header whose comment holds the statements' SNOMED CT codes; the signals are in JS00001.mat beside):
JS00001 12 500 5000 02-Jun-2020 16:08:55
JS00001.mat 16+24 1000/mv 16 0 -254 21756 0 I
…
#Dx: 164889003,59118001,164934002
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from schemas.vocabulary import BodyPart, Domain, Modality, Task
from sources.ecg import LEADS, eight_leads, strip
from sources.files import Record, to_row
from sources.formats import check_name
from sources.ptb_xl import VOCABULARY
from sources.rows import Fault
from sources.snomed import CLASSES
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import QOQ_ECG, label_set
from sources.wfdb import read_header, read_signals, signal_file

PART_RECORDS = 500
STATEMENTS = re.compile(r"^#\s*Dx:\s*(.*)$", re.MULTILINE)
RAW_ROW = "JS00001 12 500 5000\nJS00001.mat 16+24 1000/mv 16 0 -254 21756 0 I\n…\n#Dx: 164889003,59118001,164934002"


@dataclass(frozen=True)
class Records:
    """The names of a set's records: all begin so."""

    begin: tuple[str, ...]


def find(path: Path, split: str, *, named: Records) -> tuple[Part, ...]:
    """Parts of up to 500 records, sorted by path, each header with its signals where they are there."""
    if not path.is_dir():
        return ()
    headers = sorted(file for file in path.rglob("*.hea") if file.name.startswith(named.begin) and file.is_file())
    root = path.resolve()
    parts: list[Part] = []
    for start in range(0, len(headers), PART_RECORDS):
        piece = [header for header in headers[start : start + PART_RECORDS] if header.resolve().is_relative_to(root)]
        held: list[Path] = []
        for header in piece:
            check_name(header)
            held.append(header)
            try:
                held.append(signal_file(header, header.with_suffix(".mat").name))
            except Fault:
                continue
        parts.append(Part(path, tuple(held)))
    return tuple(parts)


def read(part: Part) -> Iterator[Row]:
    """One question a record."""
    for header in (file for file in part.files if file.suffix == ".hea"):
        yield to_row(Record(header.stem, {"header": header}), _row)


def _row(record: Record) -> Row:
    path: Path = record.cells["header"]
    told = path.read_text(encoding="latin-1")
    answer_type, gold = label_set(labels(told), VOCABULARY)
    header = read_header(told)
    held = [lead for lead in header.leads if lead.name.strip().upper() in LEADS]
    leads = eight_leads(read_signals(path, header, LEADS), [lead.name for lead in held], header.rate_hz)
    return Row(
        row=record.place,
        question=QOQ_ECG.ask(labels="\n".join(VOCABULARY)),
        answer_type=answer_type,
        gold=gold,
        images=(strip(leads),),
        time_series=leads.tobytes(),
        modality=Modality.ECG,
        domain=Domain.ECG,
        body_part=BodyPart.HEART,
        task=Task.MULTILABEL,
    )


def labels(header: str) -> list[str]:
    """The classes of the statements in a header's comment.

    Raises: Fault where there are none, or one is unknown.
    """
    found = STATEMENTS.search(header)
    codes = [code.strip() for code in found[1].split(",") if code.strip()] if found else []
    if not codes:
        raise Fault("no gold")
    unknown = [code for code in codes if code not in CLASSES]
    if unknown:
        raise Fault("unknown label", ", ".join(unknown)[:80])
    return sorted({CLASSES[code] for code in codes})


def _source(name: str, title: str, begin: tuple[str, ...], count: int, note: str) -> Source:
    return Source(
        name=name,
        version=1,
        title=title,
        homepage="https://physionet.org/content/challenge-2021/1.0.3/",
        license="CC-BY-4.0",
        access=Access.OPEN,
        task="any number of labels of an ECG",
        modality="ecg",
        rows=f"{count:,}",
        splits=("all",),
        default_split="all",
        layouts=(
            Layout(
                f"headers ({begin[0]}….hea) with their signals (.mat) beside, in folders or not",
                partial(find, named=Records(begin)),
                read,
                "the seven classes of statements are those of CLIMB's documents, which do not list every code",
            ),
        ),
        raw_row=RAW_ROW,
        place=f"Put the records {begin[0]}….hea and .mat of training/ of https://physionet.org/content/challenge-2021/1.0.3/ into path.",
        apply="https://physionet.org/content/challenge-2021/1.0.3/ (no account needed)",
        sizes={"all": count},
        images={"all": count},
        question_tokens=70,
        note=f"first 5 seconds, leads I, II and V1 to V6 at 500 Hz, as QoQ-Med reads them; {note}",
        citation="Perez Alday et al., Classification of 12-lead ECGs, Physiological Measurement 2020",
    )


CHAPMAN = _source("chapman_ecg", "Chapman-Shaoxing and Ningbo ECGs", ("JS",), 45_152, "QoQ-Med counts 38,207 train and 2,051 test")
GEORGIA = _source("georgia_ecg", "Georgia 12-lead ECGs", ("E",), 10_344, "QoQ-Med counts 18,622 train and 2,067 test")
CPSC = _source("cpsc_ecg", "CPSC 2018 ECGs", ("A",), 6_877, "QoQ-Med counts 4,815 train and 1,377 test")
ECG_CHALLENGES = (CHAPMAN, GEORGIA, CPSC)
