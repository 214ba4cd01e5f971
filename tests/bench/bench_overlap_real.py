"""Precision and recall of overlaps on real question sets with known truth, by family of change.

Run: MEDTRACE_DATA=… python -m tests.bench.bench_overlap_real [--rows 300]
"""

import argparse
import csv
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.normalise import normalise
from pipeline.texts.decide import Decision
from pipeline.texts.overlap import Detector
from pipeline.texts.questions import Question

SYNONYMS = {
    "comes to": "is seen at",
    "presents to": "visits",
    "physician": "doctor",
    "because of": "on account of",
    "shows": "reveals",
    "most likely": "most probable",
    "man": "gentleman",
    "woman": "lady",
    "history of": "past record of",
    "severe": "intense",
    "following": "below",
    "shortness of breath": "dyspnea",
    "examination": "exam",
    "abdominal": "belly",
    "treatment": "therapy",
    "cause": "reason",
    "increased": "raised",
    "decreased": "reduced",
    "children": "kids",
}
UNITS = (
    (r"(\d)\s*mg/dL", r"\1 mg per dl"),
    (r"(\d)\s*mm ?Hg", r"\1 millimetres of mercury"),
    (r"/min", " per minute"),
    ("°C", " degrees Celsius"),
)


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!])\s+", text.strip())


def reordered(question: Question) -> Question:
    parts = sentences(question.question)
    return question._replace(question=" ".join([parts[-1], *parts[:-1][::-1]]))


def synonyms(question: Question) -> Question:
    text = question.question
    for word, other in SYNONYMS.items():
        text = re.sub(rf"\b{word}\b", other, text)
    return question._replace(question=text)


def units(question: Question) -> Question:
    text = question.question
    for sign, other in UNITS:
        text = re.sub(sign, other, text)
    return question._replace(question=text)


def shuffled(question: Question) -> Question:
    options = list(question.options)
    random.Random(question.id).shuffle(options)
    return question._replace(options=tuple(options))


def repeated(question: Question) -> Question:
    told = " ".join(f"{letter}) {one}" for letter, one in zip("ABCDEFGHIJ", question.options, strict=False))
    return question._replace(question=f"{question.question} Options: {told}", options=())


def signs(question: Question) -> Question:
    text = question.question.upper().replace("-", "‑").replace(" ", " \u00a0")
    return question._replace(question="“" + text + "”", options=tuple(one.lower() + "." for one in question.options))


def part(share: float, *, options: bool) -> Callable[[Question], Question]:
    def cut(question: Question) -> Question:
        held = question.question.split()
        kept = held[: int(len(held) * share)] if share > 0 else held[int(len(held) * (1 + share)) :]
        return question._replace(question=" ".join(kept), options=question.options if options else (), answer="")

    return cut


FAMILIES: dict[str, Callable[[Question], Question]] = {
    "exact": lambda question: question,
    "options shuffled": shuffled,
    "case, signs, blanks": signs,
    "options repeated in the question": repeated,
    "options left out": lambda question: question._replace(options=(), answer=""),
    "instruction in front": lambda question: question._replace(question="Answer this exam question with one letter. " + question.question),
    "units reworded": units,
    "synonyms": synonyms,
    "sentences reordered": reordered,
    "reordered and synonyms, no options": lambda question: reordered(synonyms(question))._replace(options=(), answer=""),
    "first 60 %": part(0.6, options=True),
    "first 60 %, no options": part(0.6, options=False),
    "last 60 %, no options": part(-0.6, options=False),
}


def read(root: Path) -> dict[str, list[Question]]:
    """The real sets, by name."""

    def lines(path: str) -> Iterator[Any]:
        return map(json.loads, (root / path).read_text(encoding="utf-8").splitlines())

    medqa = [
        Question(f"medqa{at}", row["question"], "", tuple(row["options"].values()), gold=row["answer"])
        for at, row in enumerate(lines(MEDQA))
    ]
    mmlu = []
    for path in sorted((root / "mmlu/data/test").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            mmlu += [
                Question(f"{path.stem}{at}", row[0], "", tuple(row[1:5]), gold=row["ABCD".index(row[5]) + 1])
                for at, row in enumerate(csv.reader(file))
            ]
    agents = [
        Question(str(row["realidx"]), row["question"], "", tuple(row["options"].values()))
        for row in lines("mmlu_medagents/data/mmlu/test.jsonl")
    ]
    medx = [Question(row["id"], row["question"], "", tuple(one["content"] for one in row["options"])) for row in lines(MEDX)]
    exams = json.loads((root / "headqa/data/HEAD_EN/HEAD_EN.json").read_text(encoding="utf-8"))["exams"]
    headqa = [
        Question(f"{exam}:{row['qid']}", row["qtext"], "", tuple(one["atext"] for one in row["answers"]), gold=_gold(row))
        for exam in exams
        for row in exams[exam]["data"]
    ]
    medmcqa = [
        Question(row["id"], row["question"], "", tuple(row[f"op{letter}"] for letter in "abcd"), gold=row["op" + " abcd"[row["cop"]]])
        for row in lines("medmcqa/data/dev.json")
    ]
    pro = [
        Question(str(row["question_id"]), row["question"], "", tuple(row["options"]))
        for row in json.loads((root / PRO).read_text(encoding="utf-8"))
    ]
    return {
        "medqa": medqa,
        "mmlu": mmlu,
        "mmlu_medagents": agents,
        "medxpertqa": medx,
        "headqa": headqa,
        "medmcqa": medmcqa,
        "mmlu_pro": pro,
    }


def _gold(row: Any) -> str:
    return next((one["atext"] for one in row["answers"] if str(one["aid"]) == str(row["ra"])), "")


MEDQA = "medqa/data_clean/questions/US/4_options/phrases_no_exclude_test.jsonl"
MEDX = "medxpertqa/eval/data/medxpertqa_sampled/input/medxpertqa_sampled_text_input.jsonl"
PRO = "traces_mmlu_pro/eval_results/model_outputs_gemini-1.5-flash-002_5shots.json"


def families(name: str, rows: list[Question], count: int) -> None:
    """Changed rows of a set against the whole set: the row itself must be found."""
    detector = Detector(rows)
    chosen = sorted(random.Random(4).sample(range(len(rows)), min(count, len(rows))))
    twins = {normalise(row.question): at for at, row in enumerate(rows)}
    for family, change in FAMILIES.items():
        hits = detector.find([change(rows[place]) for place in chosen])
        leaks = {
            hit.candidate for hit in hits if hit.decision is Decision.LEAK and _same(rows, twins, hit.benchmark, chosen[hit.candidate])
        }
        seen = {hit.candidate for hit in hits if _same(rows, twins, hit.benchmark, chosen[hit.candidate])}
        other = {
            hit.candidate for hit in hits if hit.decision is Decision.LEAK and not _same(rows, twins, hit.benchmark, chosen[hit.candidate])
        }
        print(
            f"{name:<12}{family:<38}leak {len(leaks) / len(chosen):.3f}  leak or report {len(seen) / len(chosen):.3f}  leak of another row {len(other)}"
        )


def _same(rows: list[Question], twins: dict[str, int], one: int, other: int) -> bool:
    return one == other or twins[normalise(rows[one].question)] == twins[normalise(rows[other].question)]


def pairs(sets: dict[str, list[Question]]) -> None:
    """Whole sets against each other; truth is the equal normalised question."""
    for ours, theirs in (
        ("mmlu_medagents", "mmlu"),
        ("mmlu_pro", "mmlu"),
        ("medqa", "mmlu"),
        ("mmlu", "medqa"),
        ("medqa", "medxpertqa"),
        ("medxpertqa", "medqa"),
        ("medmcqa", "mmlu"),
        ("headqa", "mmlu"),
        ("medmcqa", "headqa"),
    ):
        candidates, benchmark = sets[ours], sets[theirs]
        hits = Detector(benchmark).find(candidates)
        held = {normalise(row.question) for row in benchmark}
        truth = {at for at, row in enumerate(candidates) if normalise(row.question) in held}
        leaks = {hit.candidate for hit in hits if hit.decision is Decision.LEAK}
        rules = Counter(hit.rule for hit in hits if hit.decision is Decision.LEAK)
        reports = len({hit.candidate for hit in hits} - leaks)
        print(
            f"{ours:>15} in {theirs:<11} same text {len(truth):>4} found {len(truth & leaks):>4}  others {len(leaks - truth):>3}  reports {reports:>3}  {dict(rules)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300)
    asked = parser.parse_args()
    root = os.environ.get("MEDTRACE_DATA")
    if not root:
        sys.exit("MEDTRACE_DATA names no folder of real data: nothing to measure.")
    sets = read(Path(root))
    pairs(sets)
    for name in ("medqa", "mmlu", "medmcqa", "headqa"):
        families(name, sets[name], asked.rows)


if __name__ == "__main__":
    main()
