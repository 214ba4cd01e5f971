"""Stand-ins for chest X-rays, mammograms, fundus images, skin photographs and CT slices with labels, reports and boxes."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from jobs.standins import files
from jobs.standins.drawn import encoded, jpeg, pixels, question
from jobs.standins.texts import Dice, Writer
from sources.chexpert import LABELS
from sources.vindr import DIAGNOSES

# One finding, none, a tube beside none, two: the labels that are 1 in a row.
POSITIVE = (("Edema",), ("No Finding",), ("No Finding", "Support Devices"), ("Cardiomegaly", "Pleural Effusion"))


def _marks(place: int, labels: tuple[str, ...]) -> list[str]:
    """The cells of a row of labels: 1.0, and -1.0 and 0.0 among the empty ones."""
    chosen = POSITIVE[place % len(POSITIVE)]
    told = ["1.0" if label in chosen else "" for label in labels]
    told[labels.index("Fracture")] = "-1.0"
    told[labels.index("Pneumonia")] = "0.0"
    return told


def _chexpert(folder: Path, split: str, count: int, roll: Dice) -> None:
    word = {"train": "train", "validation": "valid"}[split]
    names = [f"CheXpert-v1.0-small/{word}/patient{place // 2 + 1:05}/study{place % 2 + 1}/view1_frontal.jpg" for place in range(count)]
    head = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS)
    rows = [(name, "Female", 60, "Frontal", "AP", *_marks(place, LABELS)) for place, name in enumerate(names)]
    files.table(folder / "CheXpert-v1.0-small" / f"{word}.csv", [head, *rows])
    files.files(folder, {name: encoded(pixels(roll)) for name in names})


def _mimic(folder: Path, split: str, count: int, roll: Dice, *, reports: bool) -> None:
    word = {"validation": "validate"}.get(split, split)
    labels = tuple(sorted(LABELS))
    studies = [(str(10_000_000 + place), str(50_000_000 + place)) for place in range(count)]
    files.table(
        folder / "mimic-cxr-2.0.0-chexpert.csv",
        [("subject_id", "study_id", *labels), *((*study, *_marks(place, labels)) for place, study in enumerate(studies))],
    )
    views = [(f"dicom-{study}-{at}", study, subject, word) for place, (subject, study) in enumerate(studies) for at in range(place % 2 + 1)]
    files.table(folder / "mimic-cxr-2.0.0-split.csv", [("dicom_id", "study_id", "subject_id", "split"), *views])
    folders = {study: f"files/p{subject[:2]}/p{subject}/s{study}" for subject, study in studies}
    files.files(folder, {f"{folders[study]}/{name}.jpg": encoded(pixels(roll)) for name, study, _, _ in views})
    if reports:
        said = " FINAL REPORT\n EXAMINATION: CHEST\n\n FINDINGS: The lungs are clear,\n case {}.\n\n IMPRESSION:\n No acute process.\n"
        files.files(folder, {f"{folders[study]}.txt": said.format(study).encode() for study in folders})


def _mimic_labels(folder: Path, split: str, count: int, roll: Dice) -> None:
    _mimic(folder, split, count, roll, reports=False)


def _mimic_reports(folder: Path, split: str, count: int, roll: Dice) -> None:
    _mimic(folder, split, count, roll, reports=True)


def _iu_xray(folder: Path, split: str, count: int, roll: Dice) -> None:
    views = [(place + 1, f"{place + 1}_IM-{at}001.dcm.png", ("Lateral", "Frontal")[at]) for place in range(count) for at in (0, 1)]
    files.table(folder / "indiana_projections.csv", [("uid", "filename", "projection"), *views])
    head = ("uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression")
    rows = [
        (
            place + 1,
            "normal",
            "normal",
            "Xray Chest PA and Lateral",
            "Cough",
            "None.",
            f"The lungs are clear, case {place}.",
            "Normal chest.",
        )
        for place in range(count)
    ]
    files.table(folder / "indiana_reports.csv", [head, *rows])
    files.files(folder, {f"images/images_normalized/{name}": encoded(pixels(roll), "PNG") for _, name, _ in views})


def _vindr_cxr(folder: Path, split: str, count: int, roll: Dice) -> None:
    names = [name for name in DIAGNOSES if name != ("Other disease" if split == "train" else "Other diseases")]
    rows: list[list[object]] = [["image_id", *(["rad_id"] if split == "train" else []), "Cardiomegaly", *names]]
    for place in range(count):
        for reader in range(3 if split == "train" else 1):
            chosen = names[place % len(names)] if reader < 2 else "No finding"
            who = [f"R{reader + 1}"] if split == "train" else []
            rows.append([f"image{place:04}", *who, 0, *(int(name == chosen) for name in names)])
    files.table(folder / "annotations" / f"image_labels_{split}.csv", rows)
    files.files(folder, {f"{split}/image{place:04}.dicom": dicom(pixels(roll)) for place in range(count)})


def _vindr_mammo(folder: Path, split: str, count: int, roll: Dice) -> None:
    word = {"train": "training", "test": "test"}[split]
    head = [
        "study_id",
        "series_id",
        "image_id",
        "laterality",
        "view_position",
        "height",
        "width",
        "breast_birads",
        "breast_density",
        "split",
    ]
    rows: list[list[object]] = [list(head)]
    for place in range(count):
        rows.append([f"study{place // 4}", "s", f"image{place}", "L", "CC", 80, 96, f"BI-RADS {place % 5 + 1}", "DENSITY C", word])
    rows.append(["study", "s", "other", "R", "CC", 80, 96, "BI-RADS 1", "DENSITY A", "test" if word == "training" else "training"])
    files.table(folder / "breast-level_annotations.csv", rows)
    files.files(folder, {f"images/study{place // 4}/image{place}.dicom": dicom(pixels(roll)) for place in range(count)})


def dicom(array: np.ndarray) -> bytes:
    """A DICOM file of grey values."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "1.2.3.4"
    held = Dataset()
    held.file_meta = meta
    held.SOPClassUID, held.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    held.Rows, held.Columns = array.shape
    held.SamplesPerPixel, held.PhotometricInterpretation, held.PixelRepresentation = 1, "MONOCHROME2", 0
    held.BitsAllocated = held.BitsStored = 8
    held.HighBit = 7
    held.PixelData = array.tobytes()
    out = io.BytesIO()
    held.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _cbis(folder: Path, split: str, count: int, roll: Dice) -> None:
    for kind, word in (("mass", "Mass"), ("calc", "Calc")):
        head = ["patient_id", "left or right breast", "image view", "assessment", "pathology", "image file path"]
        rows: list[list[object]] = [list(head)]
        for place in range(count):
            uid = f"1.3.6.1.{len(word)}.{ord(word[0])}.{place}"
            path = f"{word}-Training_P_{place:05}_LEFT_CC/1.3.6.1.9/{uid}/000000.dcm"
            rows += [
                [f"P_{place:05}", "LEFT", "CC", place % 5, "BENIGN", path],
                [f"P_{place:05}", "LEFT", "CC", place % 5 + 1, "MALIGNANT", path],
            ]
            files.files(folder, {f"jpeg/{uid}/1-{place}.jpg": encoded(pixels(roll))})
        files.table(folder / "csv" / f"{kind}_case_description_{split}_set.csv", rows)


def _cmmd(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[list[object]] = [["ID1", "LeftRight", "Age", "number", "abnormality", "classification", "subtype"]]
    for place in range(count):
        rows.append([f"D1-{place:04}", "R", 44, 2, "mass", ("Benign", "Malignant")[place % 2], ""])
        above = f"CMMD/D1-{place:04}/07-18-2010-NA-NA-1/1.000000-NA-1"
        files.files(folder, {f"{above}/1-{view}.dcm": dicom(pixels(roll)) for view in (1, 2)})
    files.table(folder / "CMMD_clinicaldata_revision.csv", rows)


def _coronahack(folder: Path, split: str, count: int, roll: Dice) -> None:
    kinds = (("Normal", ""), ("Pnemonia", "bacteria"), ("Pnemonia", "Virus"))
    rows: list[list[object]] = [
        ["", "X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category"],
        [0, "other.jpeg", "Normal", "TEST" if split == "train" else "TRAIN", "", ""],
    ]
    for place in range(count):
        label, cause = kinds[place % 3]
        rows.append([place + 1, f"IM-{place:04}.jpeg", label, split.upper(), "", cause])
    files.table(folder / "Chest_xray_Corona_Metadata.csv", rows)
    above = f"Coronahack-Chest-XRay-Dataset/Coronahack-Chest-XRay-Dataset/{split}"
    files.files(folder, {f"{above}/IM-{place:04}.jpeg": encoded(pixels(roll)) for place in range(count)})


def _aptos(folder: Path, split: str, count: int, roll: Dice) -> None:
    files.table(folder / "train.csv", [("id_code", "diagnosis"), *((f"{place:012x}", place % 5) for place in range(count))])
    files.files(folder, {f"train_images/{place:012x}.png": encoded(pixels(roll, colour=True), "PNG") for place in range(count)})


def _messidor(folder: Path, split: str, count: int, roll: Dice) -> None:
    names = [f"20051020_{place:05}_0100_PP" for place in range(count)]
    head = ("image_id", "adjudicated_dr_grade", "adjudicated_dme", "adjudicated_gradable")
    files.table(folder / "messidor_data.csv", [head, *((f"{name}.png", place % 5, 0, 1) for place, name in enumerate(names))])
    files.files(folder, {f"IMAGES/{name}.{('png', 'JPG')[at % 2]}": jpeg(roll) for at, name in enumerate(names)})


def _pad_ufes(folder: Path, split: str, count: int, roll: Dice) -> None:
    kinds = ("MEL", "NEV", "BCC", "ACK", "SCC", "SEK")
    rows = [(f"PAT_{place // 2}", place, kinds[place % 6], f"PAT_{place // 2}_{place}.png") for place in range(count)]
    files.table(folder / "metadata.csv", [("patient_id", "lesion_id", "diagnostic", "img_id"), *rows])
    for part in (1, 2):
        named = {f"imgs_part_{part}/{row[3]}": encoded(pixels(roll, colour=True), "PNG") for row in rows if row[1] % 2 == part - 1}
        files.zipped(folder / "images" / f"imgs_part_{part}.zip", named)


def _deeplesion(folder: Path, split: str, count: int, roll: Dice) -> None:
    kind = {"train": 1, "validation": 2, "test": 3}
    head = ("File_name", "Patient_index", "Bounding_boxes", "Coarse_lesion_type", "Possibly_noisy")
    head += ("Image_size", "DICOM_windows", "Train_Val_Test")
    rows: list[tuple[object, ...]] = []
    for place in range(count):
        for at in range(place % 2 + 1):
            box = f"{20 + at}.5, {30 + place % 10}, {60 + at}.25, {70 + place % 10}"
            rows.append((f"{place:06}_01_01_109.png", place, box, -1, 0, "96, 80", "-175, 275", kind[split]))
        slice = (pixels(roll).astype(np.int32) * 3 + 32_768 - 300).astype(np.uint16)
        held = io.BytesIO()
        Image.fromarray(slice).save(held, "PNG")
        files.files(folder, {f"Images_png/{place:06}_01_01/109.png": held.getvalue()})
    rows.append(("999999_01_01_001.png", 999_999, "1, 2, 3, 4", 1, 0, "96, 80", "-175, 275", kind["test" if split == "train" else "train"]))
    files.table(folder / "DL_info.csv", [head, *rows])


def _grazpedwri(folder: Path, split: str, count: int, roll: Dice) -> None:
    for place in range(count):
        name = f"{place // 2:04}_1297860395_0{place % 2}_WRI-L1_M014"
        lines = f"8 0.9 0.1 0.05 0.05\n3 0.5 0.5 0.25 0.{place % 3 + 1}\n"
        held = {f"images/{name}.png": encoded(pixels(roll), "PNG"), f"folder_structure/yolov5/labels/{name}.txt": lines.encode()}
        files.files(folder, held)


def _medsg(folder: Path, split: str, count: int, roll: Dice) -> None:
    rows: list[dict[str, object]] = []
    for place in range(count):
        names = [f"/data/MedSG-Train/Task8/{place}_CT_{at}.png" for at in range(3)]
        files.files(folder, {f"Task8/{Path(name).name}": encoded(pixels(roll), "PNG") for name in names})
        asked = f"Identify the bounding box of {question(roll, place).answer}: <|object_ref_start|>Spleen<|object_ref_end|>."
        turns = [{"from": "human", "value": "<image>\n<image>\n<image>\n" + asked}]
        turns.append({"from": "gpt", "value": "It's in the second image. <|box_start|>(10,12),(40,50)<|box_end|>"})
        rows.append({"id": f"referring/CT_Spleen_{place}", "task": "referring", "images": names, "conversations": turns})
    files.whole(folder / "Task8.json", rows)


WRITERS: dict[str, Writer] = {
    "chexpert": _chexpert,
    "mimic_cxr": _mimic_labels,
    "mimic_cxr_reports": _mimic_reports,
    "iu_xray": _iu_xray,
    "vindr_cxr": _vindr_cxr,
    "vindr_mammo": _vindr_mammo,
    "cbis_ddsm": _cbis,
    "cmmd": _cmmd,
    "coronahack": _coronahack,
    "aptos2019": _aptos,
    "messidor2": _messidor,
    "pad_ufes_20": _pad_ufes,
    "deeplesion": _deeplesion,
    "grazpedwri": _grazpedwri,
    "medsg": _medsg,
}
