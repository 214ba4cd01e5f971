"""Stand-ins for text sets, each in upstream's layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from jobs.standins import files
from jobs.standins.drawn import Question, question

Dice = np.random.Generator
Writer = Callable[[Path, str, int, Dice], None]


def _asked(count: int, roll: Dice, options: int = 4) -> list[Question]:
    return [question(roll, place, options) for place in range(count)]


def _medmcqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    name = {"train": "train.json", "validation": "dev.json", "test": "test.json"}[split]
    rows = [
        {"question": one.stem, "exp": f"Ans. is '{one.letter.lower()}'.", "cop": one.gold + 1}
        | dict(zip(("opa", "opb", "opc", "opd"), one.options, strict=True))
        | {"subject_name": "Medicine", "topic_name": None, "id": f"stand-in-{place}", "choice_type": "single"}
        for place, one in enumerate(_asked(count, roll))
    ]
    files.lines(folder / name, rows)


def _medqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"question": one.stem, "answer": one.answer, "options": dict(zip("ABCD", one.options, strict=True))}
        | {"meta_info": "step1", "answer_idx": one.letter, "metamap_phrases": []}
        for one in _asked(count, roll)
    ]
    files.lines(folder / "data_clean/questions/US/4_options" / f"phrases_no_exclude_{split.replace('validation', 'dev')}.jsonl", rows)


def _headqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    year = {"train": "2013", "validation": "2015", "test": "2016"}[split]
    data = [
        {"qid": str(place), "qtext": one.stem, "ra": str(one.gold + 1), "image": ""}
        | {"answers": [{"aid": at, "atext": option} for at, option in enumerate(one.options, 1)]}
        for place, one in enumerate(_asked(count, roll), 1)
    ]
    exam = {"name": f"Cuaderno_{year}_1_M", "year": year, "category": "medicine", "data": data}
    files.whole(folder / "HEAD_EN" / "HEAD_EN.json", {"version": "1.0", "language": "en", "exams": {exam["name"]: exam}})


def _pubmedqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = {
        str(10_000_000 + place): {
            "QUESTION": one.stem,
            "CONTEXTS": [f"Of {roll.integers(20, 90)} patients {roll.integers(2, 19)} improved."],
            "LABELS": ["RESULTS"],
            "MESHES": [],
            "YEAR": "2011",
            "final_decision": ("yes", "no", "maybe")[one.gold % 3],
            "LONG_ANSWER": "It did.",
        }
        for place, one in enumerate(_asked(count, roll))
    }
    if split == "test":
        files.whole(folder / "test_ground_truth.json", {name: row["final_decision"] for name, row in rows.items()})
    files.whole(folder / ("ori_pqaa.json" if split == "artificial" else "ori_pqal.json"), rows)


def _medreason(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"dataset_name": "medmcqa", "id_in_dataset": place, "question": one.stem, "reasoning": "Finding reasoning paths: …"}
        | {"answer": f"{one.answer}. Explanation: it is cheap.", "options": "Answer Choices:\n" + _listed(one, ". ")}
        for place, one in enumerate(_asked(count, roll))
    ]
    files.lines(folder / "ours_quality_33000.jsonl", rows)


def _m23k(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"answer_idx": one.gold, "source": "MedQA-USMLE", "metadata": "{}", "prompt": f"{one.stem}\n{_listed(one, '. ')}"}
        | {"answer_letter": one.letter, "answer_string": one.answer, "reasoning": "Okay, …", "distilled_answer_string": one.answer}
        for one in _asked(count, roll)
    ]
    files.parquet(folder / "data" / "train-00000-of-00001.parquet", rows)


def _listed(one: Question, mark: str) -> str:
    return "\n".join(f"{letter}{mark}{option}" for letter, option in zip("ABCDEFGHIJ", one.options, strict=False))


def _medical_o1(folder: Path, split: str, count: int, roll: Dice) -> None:
    name = {"en": "", "zh": "_Chinese", "mix": "_mix", "zh_mix": "_mix_Chinese"}[split]
    rows = [{"Question": one.stem, "Complex_CoT": "Alright, …", "Response": f"Begin with {one.answer}."} for one in _asked(count, roll)]
    files.whole(folder / f"medical_o1_sft{name}.json", rows)


def _medical_o1_verifiable(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [{"Open-ended Verifiable Question": one.stem, "Ground-True Answer": one.answer} for one in _asked(count, roll)]
    files.whole(folder / "medical_o1_verifiable_problem.json", rows)


def _medical_r1_distill(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"question": one.stem, "reasoning (reasoning_content)": "Okay, …", "response (content)": f"Begin with {one.answer}."}
        for one in _asked(count, roll)
    ]
    files.whole(folder / f"medical_r1_distill_sft{'_Chinese' if split == 'zh' else ''}.json", rows)


def _mmlu_med(folder: Path, split: str, count: int, roll: Dice) -> None:
    part = {"validation": "val"}.get(split, split)
    for subject in ("anatomy", "clinical_knowledge"):
        files.table(folder / "data" / part / f"{subject}_{part}.csv", [(one.stem, *one.options, one.letter) for one in _asked(count, roll)])


def _mmlu_pro(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"question_id": place, "question": one.stem, "options": list(one.options), "answer": one.letter, "answer_index": one.gold}
        | {"cot_content": "", "category": "health" if place % 4 else "law", "src": "ori_mmlu-virology"}
        for place, one in enumerate(_asked(count, roll, 6))
    ]
    files.parquet(folder / "data" / f"{split}-00000-of-00001.parquet", rows)


def _medbullets(folder: Path, split: str, count: int, roll: Dice) -> None:
    asked = _asked(count, roll, 5)
    names = ("question", "opa", "opb", "opc", "opd", "ope", "answer_idx", "answer", "explanation", "link")
    rows = [(one.stem, *one.options, one.letter, one.answer, "Because.", "") for one in asked]
    files.whole(
        folder / "medbullets_op5.json", {name: {str(at): row[place] for at, row in enumerate(rows)} for place, name in enumerate(names)}
    )


def _frenchmedmcqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = []
    for place, one in enumerate(_asked(count, roll, 5)):
        right = sorted({one.gold, int(roll.integers(5))})
        letters = ["abcde"[at] for at in right]
        options = dict(zip("abcde", one.options, strict=True))
        row = {"id": f"stand-in-{place}", "question": one.stem, "answers": options, "correct_answers": letters}
        rows.append(row | {"subject_name": "pharmacie", "nbr_correct_answers": len(letters)})
    files.whole(folder / "corpus" / f"{split}.json", rows)


def _medcalc_bench(folder: Path, split: str, count: int, roll: Dice) -> None:
    head = ["Row Number", "Calculator ID", "Calculator Name", "Category", "Output Type", "Note ID", "Note Type", "Patient Note", "Question"]
    head += ["Relevant Entities", "Ground Truth Answer", "Lower Limit", "Upper Limit", "Ground Truth Explanation"]
    rows: list[list[object]] = [list(head)]
    for place, one in enumerate(_asked(count, roll)):
        value = float(roll.integers(200, 400)) / 10
        kinds = [("decimal", f"{value}", f"{value * 0.95:.3f}", f"{value * 1.05:.3f}"), ("integer", "7", "7", "7")]
        kinds += [("date", "08/09/2004", "08/09/2004", "08/09/2004"), ("date", "('17 weeks', '1 days')", *["('17 weeks', '1 days')"] * 2)]
        kind, gold, low, high = kinds[place % 4]
        asks = f"What is the patient's score number {place}?"
        rows.append([place, 2, "Body Mass Index", "physical", kind, f"pmc-{place}", "Extracted", f"{one.stem}\nStable.", asks, "{}"])
        rows[-1] += [gold, low, high, "Because."]
    files.table(folder / "dataset" / f"{split}_data.csv", rows)


def _medxpertqa_text(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = []
    for place, one in enumerate(_asked(count, roll, 7)):
        listed = " ".join(f"({letter}) {option}" for letter, option in zip("ABCDEFG", one.options, strict=True))
        rows.append(
            {
                "id": f"Text-{place}",
                "question": f"{one.stem}\nAnswer Choices: {listed}",
                "options": dict(zip("ABCDEFG", one.options, strict=True)),
            }
            | {"label": one.letter, "medical_task": "Diagnosis", "body_system": "Digestive", "question_type": "Reasoning"}
        )
    files.lines(folder / "Text" / f"{split}.jsonl", rows)


WRITERS: dict[str, Writer] = {
    "medmcqa": _medmcqa,
    "medqa": _medqa,
    "headqa": _headqa,
    "pubmedqa": _pubmedqa,
    "medreason": _medreason,
    "m23k": _m23k,
    "medical_o1": _medical_o1,
    "medical_o1_verifiable": _medical_o1_verifiable,
    "medical_r1_distill": _medical_r1_distill,
    "mmlu_med": _mmlu_med,
    "mmlu_pro": _mmlu_pro,
    "medbullets": _medbullets,
    "frenchmedmcqa": _frenchmedmcqa,
    "medcalc_bench": _medcalc_bench,
    "medxpertqa_text": _medxpertqa_text,
}
