"""Known sets that come as one folder of images a class: two of brain tumours, LC25000, BUSI, COVID-19.

https://www.kaggle.com/datasets/sartajbhuvaji/brain-tumor-classification-mri, https://www.kaggle.com/datasets/andrewmvd/lung-and-colon-cancer-histopathological-images
and https://scholar.cu.edu.eg/?q=afahmy/pages/dataset. Licences: MIT; none stated; none stated (BUSI: public domain on Kaggle).

One raw row: the file Training/glioma_tumor/gg (1).jpg, which is a glioma.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from schemas.example import AnswerType
from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record, to_row
from sources.images import images_below, load
from sources.rows import Fault
from sources.source import Access, Layout, Part, Row, Source
from sources.templates import CHOICE

PART_IMAGES = 500


@dataclass(frozen=True)
class Classes:
    """The class folders of a set with what they show, the folder of each split ('' where there is none), and files that are no images of it."""

    folders: tuple[tuple[str, str], ...]
    splits: tuple[tuple[str, str], ...]
    modality: Modality
    part: BodyPart
    what: str
    without: str = ""


def find(path: Path, split: str, *, classes: Classes) -> tuple[Part, ...]:
    """Parts of up to 500 images of the split's class folders, wherever below the folder they lie; all classes must be there."""
    if not path.is_dir():
        return ()
    above = dict(classes.splits)[split]
    wanted = dict(classes.folders)
    found = [image for image in images_below(path) if image.parent.name in wanted and (not above or image.parent.parent.name == above)]
    if {image.parent.name for image in found} != set(wanted):
        return ()
    kept = [image for image in found if not classes.without or classes.without not in image.stem]
    return tuple(Part(path, tuple(kept[start : start + PART_IMAGES])) for start in range(0, len(kept), PART_IMAGES))


def read(part: Part, *, classes: Classes) -> Iterator[Row]:
    """One question an image."""
    for image, name in zip(part.files, part.names, strict=True):
        yield to_row(Record(name, {"image": image}), partial(_row, classes=classes))


def _row(record: Record, *, classes: Classes) -> Row:
    image: Path = record.cells["image"]
    shown = dict(classes.folders).get(image.parent.name)
    if shown is None:
        raise Fault("unknown class", image.parent.name)
    options = tuple(dict.fromkeys(text for _, text in classes.folders))
    return Row(
        row=record.place,
        question=CHOICE.ask(what=classes.what),
        answer_type=AnswerType.MCQ,
        gold={"index": options.index(shown)},
        options=options,
        images=(load(image, record.place),),
        modality=classes.modality,
        body_part=classes.part,
        task=Task.CLASSIFICATION,
    )


def _source(name: str, title: str, classes: Classes, homepage: str, license: str, access: Access, sizes: dict[str, int]) -> Source:
    folders = ", ".join(folder for folder, _ in classes.folders)
    above = " and ".join(folder for _, folder in classes.splits if folder)
    return Source(
        name=name,
        version=1,
        title=title,
        homepage=homepage,
        license=license,
        access=access,
        task="multiple choice of the classes",
        modality=classes.modality.value,
        rows=", ".join(f"{count:,} {split}" for split, count in sizes.items()),
        splits=tuple(split for split, _ in classes.splits),
        default_split=classes.splits[0][0],
        layouts=(Layout(f"folders {folders}", partial(find, classes=classes), partial(read, classes=classes)),),
        raw_row=f"{classes.splits[0][1] or '…'}/{classes.folders[0][0]}/1.jpg, which is {classes.folders[0][1]}",
        place=f"Unpack {homepage} into path, so that the folders {folders} lie {f'in {above}' if above else 'anywhere below it'}.",
        apply=homepage,
        sizes=sizes,
        images=sizes,
    )


BRAIN_TUMOR = _source(
    "brain_tumor",
    "Brain Tumor Classification (MRI)",
    Classes(
        (("glioma_tumor", "glioma"), ("meningioma_tumor", "meningioma"), ("no_tumor", "no tumor"), ("pituitary_tumor", "pituitary tumor")),
        (("train", "Training"), ("test", "Testing")),
        Modality.MRI,
        BodyPart.HEAD,
        "MRI image",
    ),
    "https://www.kaggle.com/datasets/sartajbhuvaji/brain-tumor-classification-mri",
    "MIT",
    Access.KAGGLE,
    {"train": 2_870, "test": 394},
)
LC25000 = _source(
    "lc25000",
    "LC25000, lung and colon histology",
    Classes(
        (
            ("colon_aca", "colon adenocarcinoma"),
            ("colon_n", "benign colon tissue"),
            ("lung_aca", "lung adenocarcinoma"),
            ("lung_n", "benign lung tissue"),
            ("lung_scc", "lung squamous cell carcinoma"),
        ),
        (("all", ""),),
        Modality.HISTOLOGY,
        BodyPart.TISSUE,
        "histology image",
    ),
    "https://www.kaggle.com/datasets/andrewmvd/lung-and-colon-cancer-histopathological-images",
    "LicenseRef-not-stated",
    Access.KAGGLE,
    {"all": 25_000},
)
BUSI = _source(
    "busi",
    "BUSI, breast ultrasound",
    Classes(
        (("benign", "benign lesion"), ("malignant", "malignant lesion"), ("normal", "no lesion")),
        (("all", ""),),
        Modality.ULTRASOUND,
        BodyPart.BREAST,
        "breast ultrasound image",
        without="_mask",
    ),
    "https://www.kaggle.com/datasets/aryashah2k/breast-ultrasound-images-dataset",
    "LicenseRef-public-domain",
    Access.KAGGLE,
    {"all": 780},
)
BRAIN_TUMOR_2 = _source(
    "brain_tumor_2",
    "Brain MRI Images for Brain Tumor Detection",
    Classes((("no", "no tumor"), ("yes", "a tumor")), (("all", ""),), Modality.MRI, BodyPart.HEAD, "MRI image"),
    "https://www.kaggle.com/datasets/navoneel/brain-mri-images-for-brain-tumor-detection",
    "LicenseRef-not-stated",
    Access.KAGGLE,
    {"all": 253},
)
COVID19 = _source(
    "covid19_xray",
    "COVID-19 Detection X-Ray Dataset",
    Classes(
        (
            ("Normal", "a normal chest"),
            ("BacterialPneumonia", "bacterial pneumonia"),
            ("ViralPneumonia", "viral pneumonia"),
            ("COVID-19", "COVID-19"),
        ),
        (("train", "TrainData"), ("validation", "ValData")),
        Modality.XRAY,
        BodyPart.CHEST,
        "chest X-ray image",
    ),
    "https://www.kaggle.com/datasets/darshan1504/covid19-detection-xray-dataset",
    "CC-BY-4.0",
    Access.KAGGLE,
    {"train": 2_002, "validation": 988},
)
FOLDERS = (BRAIN_TUMOR, BRAIN_TUMOR_2, LC25000, BUSI, COVID19)
