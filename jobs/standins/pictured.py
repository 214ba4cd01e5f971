"""Stand-ins for sets of questions about images and of captions, each in upstream's layout."""

from pathlib import Path
from typing import Any

from jobs.standins import files
from jobs.standins.drawn import encoded, jpeg, pixels, question
from jobs.standins.texts import Dice, Writer


def _first(split: str) -> int:
    """The number of a split's first picture: pictures of two splits never share a name, and with it a case."""
    return 10_000 * (sum(split.encode()) % 97)


def _vqa_rad(folder: Path, split: str, count: int, roll: Dice) -> None:
    """Rows of both splits, which upstream keeps in one file: a manifest may ask for both of one folder."""
    asked: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    for one in (split, "train" if split == "test" else "test"):
        phrase = "test_freeform" if one == "test" else "freeform"
        names = [f"synpic{_first(one) + place}.jpg" for place in range((count + 1) // 2)]
        asked += [
            {"qid": len(asked) + place, "phrase_type": phrase, "image_name": names[place // 2], "image_organ": "CHEST"}
            | {"question": f"{question(roll, place).stem} Is it normal?", "answer": ("Yes", "No", "left lung")[place % 3]}
            | {"answer_type": "OPEN" if place % 3 == 2 else "CLOSED", "question_type": "ABN", "question_rephrase": "NULL"}
            for place in range(count)
        ]
        pictures |= {name: jpeg(roll) for name in names}
    files.whole(folder / "VQA_RAD Dataset Public.json", asked)
    files.files(folder / "VQA_RAD Image Folder", pictures)


def _slake(folder: Path, split: str, count: int, roll: Dice) -> None:
    kinds = (("MRI", "Brain_Tissue"), ("CT", "Abdomen"), ("X-Ray", "Chest_Lung"))
    rows = []
    for place in range(count):
        modality, location = kinds[place % 3]
        closed = place % 2 == 0
        rows.append(
            {
                "img_id": place // 2,
                "img_name": f"xmlab{_first(split) + place // 2}/source.jpg",
                "question": f"Is organ {place} seen in slice {roll.integers(99)}?",
            }
            | {"answer": "Yes" if closed else "Liver", "q_lang": "zh" if split.endswith("-zh") else "en", "location": location}
            | {"modality": modality, "answer_type": "CLOSED" if closed else "OPEN", "base_type": "vqa", "content_type": "Organ"}
            | {"triple": ["vhead", "_", "_"], "qid": place}
        )
    files.whole(folder / f"{split.partition('-')[0]}.json", rows)
    files.zipped(folder / "imgs.zip", {f"imgs/xmlab{_first(split) + place}/source.jpg": jpeg(roll) for place in range((count + 1) // 2)})


def _path_vqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {
            "image": {"bytes": jpeg(roll), "path": None},
            "question": f"what is shown in field {place}?",
            "answer": "yes" if place % 2 else f"cell {place}",
        }
        for place in range(count)
    ]
    files.parquet(folder / "data" / f"{split}-00000-of-00001.parquet", rows)


def _pmc_vqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[list[object]] = [["Figure_path", "Question", "Answer", *(f"Choice {letter}" for letter in "ABCD"), "Answer_label"]]
    for place in range(count):
        one = question(roll, place)
        options = [f" {letter}:{option} " for letter, option in zip("ABCD", one.options, strict=True)]
        rows.append([f"PMC{_first(split) + place}_F1.jpg", one.stem, f" {one.answer}", *options, one.letter])
    files.table(folder / f"{split}.csv", rows)
    files.zipped(folder / "images.zip", {f"images/PMC{_first(split) + place}_F1.jpg": jpeg(roll) for place in range(count)})


def _pmc_vqa_2(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[list[object]] = [
        ["index", "Figure_path", "Caption", "Question", *(f"Choice {letter}" for letter in "ABCD"), "Answer", "split"]
    ]
    for place in range(count):
        one = question(roll, place)
        options = [f" {letter}: {option} " for letter, option in zip("ABCD", one.options, strict=True)]
        rows.append([place, f"PMC{_first(split) + place}_Fig4_41.jpg", "A figure,\nof two lines.", one.stem, *options, one.letter, split])
    files.table(folder / f"{split}_2.csv", rows)
    files.zipped(folder / "images_2.zip", {f"figures/PMC{_first(split) + place}_Fig4_41.jpg": jpeg(roll) for place in range(count)})


def _octomed(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = []
    for place in range(count):
        one = question(roll, place)
        options = [f"{letter}: {option}" for letter, option in zip("ABCD", one.options, strict=True)] if place % 2 else list(one.options)
        row = {"id": str(place), "image": {"bytes": jpeg(roll), "path": None}, "image_hash": f"{roll.integers(1 << 62):016x}"}
        row |= {"question": one.stem, "options": options, "answer": one.letter if place % 2 else one.answer}
        rows.append(row | {"relevant_context": "", "responses": [f"<think>Look.</think> \\boxed{{{one.letter}}}"] * 16})
    files.parquet(folder / "data" / f"{split}-00000-of-00001.parquet", rows)


def _omnimedvqa(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = []
    for place in range(count):
        one = question(roll, place)
        options = {f"option_{letter}": option for letter, option in zip("ABCD", one.options, strict=True)}
        row = {"dataset": "ACRIMA", "question_id": f"ACRIMA_{place:04}", "question_type": "Modality Recognition", "question": one.stem}
        row |= {"gt_answer": one.answer, "image_path": f"Images/ACRIMA/Im{place}.png"}
        rows.append(row | options | {"modality_type": "Fundus Photography"})
    files.whole(folder / "QA_information" / "Open-access" / "ACRIMA.json", rows)
    files.files(folder, {f"Images/ACRIMA/Im{place}.png": encoded(pixels(roll), "PNG") for place in range(count)})


def _mmmu_med(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[dict[str, Any]] = []
    for place in range(count):
        one = question(roll, place)
        shown: dict[str, Any] = {f"image_{at}": None for at in range(1, 8)}
        shown |= {"image_1": {"bytes": jpeg(roll), "path": None}, "image_2": {"bytes": jpeg(roll), "path": None} if place % 2 else None}
        row = {
            "id": f"{split}_Pharmacy_{place}",
            "question": f"<image 1> {one.stem}",
            "options": repr(list(one.options)),
            "explanation": "",
        }
        rows.append(row | shown | {"img_type": "['CT']", "answer": one.letter, "question_type": "multiple-choice", "subfield": "Drugs"})
    files.parquet(folder / "Pharmacy" / f"{split}-00000-of-00001.parquet", rows)


def _medxpertqa_mm(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = []
    for place in range(count):
        one = question(roll, place, 5)
        listed = " ".join(f"({letter}) {option}" for letter, option in zip("ABCDE", one.options, strict=True))
        options = [{"letter": letter, "content": option} for letter, option in zip("ABCDE", one.options, strict=True)]
        row = {"id": f"MM-{place}", "question": f"{one.stem}\nAnswer Choices: {listed}", "options": options, "label": [one.letter]}
        rows.append(row | {"images": [{"image_path": f"MM-{place}-a.jpeg"}], "body_system": "Skin"})
    files.lines(folder / "MM" / f"{split}.jsonl", rows)
    files.zipped(folder / "images.zip", {f"images/MM-{place}-a.jpeg": jpeg(roll) for place in range(count)})


def _roco(folder: Path, split: str, count: int, roll: Dice) -> None:
    above = folder / "data" / split / "radiology"
    names = [f"ROCO_{place:05}" for place in range(count)]
    captions = "".join(f"{name}\t {question(roll, place).stem}\n" for place, name in enumerate(names))
    files.files(above, {"captions.txt": captions.encode()})
    cells = ("CC BY", "CC BY-NC", "CC0")
    files.table(
        above / "licences.txt",
        [("ROCO_ID", "PMC_ID", "CC"), *((name, f"PMC{place}_F1.jpg", cells[place % 3]) for place, name in enumerate(names))],
    )
    files.files(above / "images", {f"{name}.jpg": jpeg(roll) for name in names})


def _rocov2(folder: Path, split: str, count: int, roll: Dice) -> None:
    word = {"validation": "valid"}.get(split, split)
    names = [f"ROCOv2_2023_{word}_{place:06}" for place in range(count)]
    files.table(
        folder / f"{word}_captions.csv", [("ID", "Caption"), *((name, question(roll, place).stem) for place, name in enumerate(names))]
    )
    files.zipped(folder / f"{word}_images.zip", {f"{word}/{name}.jpg": jpeg(roll) for name in names})


def _medtrinity(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows = [
        {"image": {"bytes": jpeg(roll), "path": None}, "id": f"stand-in-{place}", "caption": question(roll, place).stem}
        for place in range(count)
    ]
    files.parquet(folder / f"25M_{split}" / "train-00000-of-00001.parquet", rows)


WRITERS: dict[str, Writer] = {
    "vqa_rad": _vqa_rad,
    "slake": _slake,
    "path_vqa": _path_vqa,
    "pmc_vqa": _pmc_vqa,
    "pmc_vqa_2": _pmc_vqa_2,
    "octomed_pmc_vqa": _octomed,
    "octomed_bloodmnist": _octomed,
    "octomed_nejm": _octomed,
    "omnimedvqa": _omnimedvqa,
    "mmmu_med": _mmmu_med,
    "medxpertqa_mm": _medxpertqa_mm,
    "roco": _roco,
    "rocov2": _rocov2,
    "medtrinity": _medtrinity,
}
