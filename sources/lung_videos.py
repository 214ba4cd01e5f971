"""Lung ultrasound videos with one class each: COVID-BLUES and COVID-US. Videos are not decoded here: four frames of each are placed as pictures.

https://github.com/NinaWie/COVID-BLUES and https://github.com/nrc-cnrc/COVID-US
Licences: CC BY-NC-ND 4.0; AGPL 3.0 (the videos have their own).

One raw row of clinical_variables.csv (the columns read), for the videos patient_1_L1.mp4 to patient_1_R3.mp4; and a video's name in COVID-US:
1,1
24_core_covid_5.mp4
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.classed import flag
from sources.files import Record, home, located, records, to_row
from sources.formats import columns_of, format_of
from sources.images import images_below, load
from sources.rows import Fault, text
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CHOICE

FRAMES = 4
PART_VIDEOS = 50
STATES = ("no COVID-19", "COVID-19")
KINDS = {"covid": "COVID-19", "pneumonia": "another pneumonia", "normal": "a normal lung"}
CUT = "for f in *.mp4; do mkdir ${f%.mp4}; ffmpeg -i $f ${f%.mp4}/%04d.png; done"


@dataclass(frozen=True)
class Videos:
    """How a video's folder of frames is called, which group and class its name tells, and the table beside it ('' where there is none)."""

    name: re.Pattern[str]
    options: tuple[str, ...]
    shown: Callable[[re.Match[str], Path | None], str]
    table: str = ""
    needs: tuple[str, ...] = ()


def find(path: Path, split: str, *, videos: Videos) -> tuple[Part, ...]:
    """Parts of up to 50 videos: the table where there is one, then the frames that stand for each."""
    if not path.is_dir():
        return ()
    tables = [table for table in located(path, (videos.table,)) if _has(table, videos.needs)] if videos.table else []
    if videos.table and not tables:
        return ()
    frames: dict[Path, list[Path]] = {}
    for image in images_below(path):
        if videos.name.fullmatch(image.parent.name):
            frames.setdefault(image.parent, []).append(image)
    chosen = [_spread(found) for found in frames.values()]
    pieces = (chosen[start : start + PART_VIDEOS] for start in range(0, len(chosen), PART_VIDEOS))
    held = tuple(tables[:1])
    return tuple(Part(home(path), (*held, *(frame for video in piece for frame in video)), 0, len(held)) for piece in pieces)


def _has(table: Path, needs: tuple[str, ...]) -> bool:
    format = format_of(table)
    return format is not None and set(needs) <= set(columns_of(table, format))


def _spread(frames: list[Path]) -> tuple[Path, ...]:
    """Four frames at even distances; all where there are no more."""
    if len(frames) <= FRAMES:
        return tuple(frames)
    return tuple(frames[(2 * place + 1) * len(frames) // (2 * FRAMES)] for place in range(FRAMES))


def read(part: Part, *, videos: Videos) -> Iterator[Row]:
    """One question a video."""
    table = part.files[0] if part.stop else None
    frames: dict[Path, list[Path]] = {}
    for frame in part.files[part.stop :]:
        frames.setdefault(frame.parent, []).append(frame)
    for folder, found in frames.items():
        yield to_row(Record(folder.name, {"frames": found}), partial(_row, videos=videos, table=table))


def _row(record: Record, *, videos: Videos, table: Path | None) -> Row:
    match = videos.name.fullmatch(record.place)
    if match is None:
        raise Fault("unknown class", record.place[:80])
    frames: list[Path] = record.cells["frames"]
    return Row(
        row=record.place,
        question=CHOICE.ask(what="lung ultrasound video, of which four frames are given,"),
        answer_type=AnswerType.MCQ,
        gold={"index": videos.options.index(videos.shown(match, table))},
        options=videos.options,
        images=tuple(load(frame) for frame in frames),
        modality=Modality.ULTRASOUND,
        body_part=BodyPart.CHEST,
        task=Task.CLASSIFICATION,
        group=match["group"],
    )


def _state(match: re.Match[str], table: Path | None) -> str:
    """What a patient's PCR test said."""
    tests = _tests(table, table.stat().st_mtime_ns) if table else {}
    if match["group"] not in tests:
        raise Fault("no gold", f"patient {match['group']}")
    return STATES[flag({"cov_test": tests[match["group"]]}, "cov_test")]


@lru_cache(maxsize=2)
def _tests(table: Path, _: int) -> Mapping[str, str]:
    found = (record.cells for record in records(Part(table.parent, (table,))) if not record.fault)
    return {text(cells["patient_id"]).removesuffix(".0"): text(cells["cov_test"]) for cells in found}


def _kind(match: re.Match[str], _: Path | None) -> str:
    if match["kind"].casefold() not in KINDS:
        raise Fault("no gold", match["kind"][:80])
    return KINDS[match["kind"].casefold()]


_BLUES = Videos(re.compile(r"patient_(?P<group>\d+)_\w+"), STATES, _state, "clinical_variables.csv", ("patient_id", "cov_test"))
_US = Videos(re.compile(r"(?P<group>[^_]+)_[^_]+_(?P<kind>[^_]+)(?:_.*)?"), tuple(KINDS.values()), _kind)


def _source(name: str, title: str, homepage: str, license: str, videos: Videos, layout: str, count: int, **facts: str) -> Source:
    return Source(
        name=name,
        version=1,
        title=title,
        homepage=homepage,
        license=license,
        access=Access.OPEN,
        task="multiple choice of the classes",
        modality=Modality.ULTRASOUND.value,
        splits=("all",),
        default_split="all",
        layouts=(
            Layout(
                layout,
                partial(find, videos=videos),
                partial(read, videos=videos),
                "names and columns are those that CLIMB's code and upstream's page tell; a folder holds a video's frames in order",
            ),
        ),
        sizes={"all": count},
        images={"all": count * FRAMES},
        apply=f"{homepage} (no account needed)",
        **facts,  # type: ignore[arg-type]
    )


COVID_BLUES = _source(
    "covid_blues",
    "COVID-BLUES, lung ultrasound",
    "https://github.com/NinaWie/COVID-BLUES",
    "CC-BY-NC-ND-4.0",
    _BLUES,
    "clinical_variables.csv with a folder of frames a video (lus_videos/patient_1_L1/0001.png)",
    362,
    rows="362 videos of 63 patients; QoQ-Med splits them into 266 and 96 by patients",
    raw_row="1,1 in clinical_variables.csv (patient_id, cov_test); lus_videos/patient_1_L1/0001.png",
    place=f"Clone https://github.com/NinaWie/COVID-BLUES into path and cut its videos in lus_videos/ into frames: {CUT}",
    note="four frames at even distances stand for a video; no derivative may be passed on: set publish_images = false; a patient is a group",
    citation="Wiedemann et al., COVID-BLUES, IEEE JBHI 2025",
)
COVID_US = _source(
    "covid_us",
    "COVID-US, lung ultrasound",
    "https://github.com/nrc-cnrc/COVID-US",
    "AGPL-3.0-only",
    _US,
    "a folder of frames a video (videos/24_core_covid_5/0001.png), whose name tells its class",
    99,
    rows="99 videos of three classes; QoQ-Med splits them into 74 and 25",
    raw_row="videos/24_core_covid_5/0001.png",
    place=f"Put videos/, as the scripts of https://github.com/nrc-cnrc/COVID-US make it, into path and cut its videos into frames: {CUT}",
    note="four frames at even distances stand for a video; videos of other diseases are rejected; what stands before the first _ is the group",
    citation="Ebadi et al., COVID-US, 2021",
)
LUNG_VIDEOS = (COVID_BLUES, COVID_US)
