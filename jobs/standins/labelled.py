"""Stand-ins for sets of classes, boxes and ECGs, each in upstream's layout."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from jobs.standins import files
from jobs.standins.drawn import encoded, jpeg, pixels
from jobs.standins.texts import Dice, Writer
from sources.folders import BRAIN_TUMOR, BRAIN_TUMOR_2, BUSI, COVID19, LC25000
from sources.ham10000 import CLASSES, SPLITS
from sources.medmnist import SETS

NIH = ("Atelectasis", "Cardiomegaly|Effusion", "No Finding", "Pleural_Thickening")


def _medmnist(name: str) -> Writer:
    """The writer of one of the twelve sets."""
    labels = next(labels for labels, _ in SETS if labels.name == name)
    columns = len(labels.labels) - 1 if labels.several else 1

    def write(folder: Path, split: str, count: int, roll: Dice) -> None:
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        for part in ("train", "val", "test"):
            colour = labels.modality.value in ("microscopy", "histology", "dermatoscopy", "fundus")
            arrays[f"{part}_images"] = np.stack([pixels(roll, 28, 28, colour=colour) for _ in range(count)])
            top = 2 if labels.several else len(labels.labels)
            arrays[f"{part}_labels"] = roll.integers(0, top, (count, columns)).astype(np.uint8)
        held = io.BytesIO()
        np.savez_compressed(held, **arrays)  # type: ignore[arg-type]
        files.files(folder, {f"{name}.npz": held.getvalue()})

    return write


def _ham10000(folder: Path, split: str, count: int, roll: Dice) -> None:
    word = SPLITS[split]
    hot = [(f"ISIC_{place:07}", *("1.0" if at == place % 7 else "0.0" for at in range(7))) for place in range(count)]
    rows = [("image", *CLASSES), *hot]
    files.table(folder / f"ISIC2018_Task3_{word}_GroundTruth.csv", rows)
    named = {f"ISIC2018_Task3_{word}_Input/ISIC_{place:07}.jpg": encoded(pixels(roll, colour=True)) for place in range(count)}
    files.zipped(folder / f"ISIC2018_Task3_{word}_Input.zip", named)


def _class_folders(name: str) -> Writer:
    """The writer of a set of class folders."""
    folders, above, ending = {
        "brain_tumor": (BRAIN_TUMOR, "Training", "jpg"),
        "brain_tumor_2": (BRAIN_TUMOR_2, "brain_tumor_dataset", "jpg"),
        "covid19_xray": (COVID19, "TrainData", "jpg"),
        "lc25000": (LC25000, "lung_colon_image_set", "jpeg"),
        "busi": (BUSI, "Dataset_BUSI_with_GT", "png"),
    }[name]
    named = folders.layouts[0].name.removeprefix("folders ").split(", ")

    def write(folder: Path, split: str, count: int, roll: Dice) -> None:
        within = {"test": "Testing", "validation": "ValData"}.get(split, above)
        kind = "PNG" if ending == "png" else "JPEG"
        for place in range(max(count, len(named))):
            class_folder = named[place % len(named)]
            held = {f"{class_folder} ({place}).{ending}": encoded(pixels(roll), kind)}
            if name == "busi":
                held |= {f"{class_folder} ({place})_mask.png": encoded(pixels(roll), "PNG")}
            files.files(folder / within / class_folder, held)

    return write


def _bccd(folder: Path, split: str, count: int, roll: Dice) -> None:
    names = [f"BloodImage_{place:05}" for place in range(count)]
    word = {"validation": "val"}.get(split, split)
    files.files(folder / "BCCD" / "ImageSets" / "Main", {f"{word}.txt": "".join(f"{name}\n" for name in names).encode()})
    for place, name in enumerate(names):
        things = ""
        for at in range(place % 3 + 1):
            left, top = int(roll.integers(0, 300)), int(roll.integers(0, 200))
            box = "".join(
                f"<{edge}>{value}</{edge}>"
                for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), (left, top, left + 90, top + 80), strict=True)
            )
            things += f"<object><name>{('RBC', 'WBC', 'Platelets')[at]}</name><bndbox>{box}</bndbox></object>"
        size = "<size><width>640</width><height>480</height><depth>3</depth></size>"
        xml = f"<annotation><filename>{name}.jpg</filename>{size}{things}</annotation>"
        files.files(folder / "BCCD", {f"Annotations/{name}.xml": xml.encode(), f"JPEGImages/{name}.jpg": jpeg(roll, 640, 480)})


def _nih(folder: Path, split: str, count: int, roll: Dice) -> None:
    names = [f"{place // 2:08}_{place % 2:03}.png" for place in range(count)]
    head = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
    lines = [f"{name},{NIH[place % 4]},0,{place // 2},058Y,M,PA,1024,1024,0.143,0.143,\n" for place, name in enumerate(names)]
    boxes = [f"{name},Atelectasis,{100 + place}.5,200.25,300,150.5,,,\n" for place, name in enumerate(names)]
    boxes.append(f"{names[0]},Infiltrate,10,20,30,40,,,\n")
    held = {
        "Data_Entry_2017.csv": head + "".join(lines),
        "BBox_List_2017.csv": "Image Index,Finding Label,Bbox [x,y,w,h],,,\n" + "".join(boxes),
    }
    held |= {"test_list.txt" if split == "test" else "train_val_list.txt": "".join(f"{name}\n" for name in names)}
    files.files(folder, {name: content.encode() for name, content in held.items()})
    files.tarred(folder / "images_001.tar.gz", {f"images/{name}": encoded(pixels(roll, 1024, 1024), "PNG") for name in names})


def _ptb_xl(folder: Path, split: str, count: int, roll: Dice) -> None:
    fold = {"train": 1, "validation": 9, "test": 10}[split]
    codes = ("{'NORM': 100.0, 'SR': 0.0}", "{'IMI': 80.0, 'AFIB': 0.0}", "{'LVH': 50.0, 'ABQRS': 0.0}", "{'SR': 0.0}")
    rows: list[list[object]] = [["ecg_id", "patient_id", "age", "sex", "report", "scp_codes", "strat_fold", "filename_lr", "filename_hr"]]
    for place in range(count):
        name = f"00000/{place:05}"
        rows.append(
            [
                place,
                f"{place // 2}.0",
                56.0,
                1,
                "sinus rhythm, normal",
                codes[place % 4],
                fold,
                f"records100/{name}_lr",
                f"records500/{name}_hr",
            ]
        )
        write_ecg(folder / "records500", f"{name}_hr", roll)
    files.table(folder / "ptbxl_database.csv", rows)
    told = [("NORM", "NORM"), ("IMI", "MI"), ("LVH", "HYP"), ("SR", ""), ("AFIB", ""), ("ABQRS", "")]
    files.table(
        folder / "scp_statements.csv", [("", "description", "diagnostic_class"), *((code, code.lower(), group) for code, group in told)]
    )


def _challenge(begin: str) -> Writer:
    """The writer of a set of the PhysioNet challenges."""
    codes = ("426783006", "164889003,59118001", "164873001", "164931005")

    def write(folder: Path, split: str, count: int, roll: Dice) -> None:
        for place in range(count):
            write_ecg(folder / f"g{place // 1000 + 1}", f"{begin}{place:05}", roll, statements=codes[place % 4])

    return write


def write_ecg(folder: Path, name: str, roll: Dice, samples: int = 5000, statements: str = "") -> None:
    """A twelve-lead record in format 16, beats at a rate of their own on noise: as PTB-XL has it, or with statements, in a .mat, as the challenges do."""
    leads = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
    at = np.arange(samples) / 500
    beat = (at * float(roll.uniform(0.9, 1.8))) % 1
    wave = (
        np.exp(-(((beat - 0.4) / 0.012) ** 2))
        + 0.25 * np.exp(-(((beat - 0.65) / 0.05) ** 2))
        + 0.1 * np.exp(-(((beat - 0.25) / 0.03) ** 2))
    )
    height = roll.uniform(-0.4, 1.4, len(leads))
    signal = (np.outer(wave, height) + roll.normal(0, 0.01, (samples, len(leads)))) * 1000
    digital = np.rint(signal).astype("<i2")
    base = name.rpartition("/")[2]
    kind, scale, ending = ("16+24", "1000/mv", ".mat") if statements else ("16", "1000.0(0)/mV", ".dat")
    head = [f"{base} {len(leads)} 500 {samples}"]
    head += [f"{base}{ending} {kind} {scale} 16 0 {digital[0, place]} 0 0 {lead}" for place, lead in enumerate(leads)]
    head += ["#Age: 85", f"#Dx: {statements}"] if statements else []
    written = {f"{name}.hea": ("\n".join(head) + "\n").encode(), f"{name}{ending}": (b"\0" * 24 if statements else b"") + digital.tobytes()}
    files.files(folder, written)


WRITERS: dict[str, Writer] = {
    "ham10000": _ham10000,
    "ham10000_qoq": _ham10000,
    "bccd": _bccd,
    "nih_cxr14": _nih,
    "nih_boxes": _nih,
    "ptb_xl": _ptb_xl,
    "chapman_ecg": _challenge("JS"),
    "georgia_ecg": _challenge("E"),
    "cpsc_ecg": _challenge("A"),
    **{labels.name: _medmnist(labels.name) for labels, _ in SETS},
    **{name: _class_folders(name) for name in ("brain_tumor", "brain_tumor_2", "lc25000", "busi", "covid19_xray")},
}
