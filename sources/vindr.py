"""VinDr: chest X-rays with six diagnoses by three readers (VinDr-CXR), mammograms with a BI-RADS category (VinDr-Mammo).

https://physionet.org/content/vindr-cxr/1.0.0/ and https://physionet.org/content/vindr-mammo/1.0.0/
Licence: PhysioNet Credentialed Health Data License 1.5.0, after training and an agreement; rows may not be sent to strangers.

One raw row of image_labels_train.csv (shortened; three lines an image in train, one in test), and of breast-level_annotations.csv:
000434271f63a053c4128a0ba6352c7f,R2,0,…,0,0,1
b8d273e8601f348d3664778dae0e7e0b,…,d8125545210c08e1b1793a5af6458ee2,L,CC,3518,2800,BI-RADS 2,DENSITY C,training
"""

from collections.abc import Sequence
from functools import partial

from schemas.vocabulary import BodyPart, Modality, Task
from sources.files import Record
from sources.formats import Format
from sources.grouped import DICOMS, PART_DICOMS, Group, Grouping, find, read
from sources.pictures import Pictures, find_pictured, read_pictured
from sources.rows import Fault, cell, gold_by_text, text
from sources.source import Access, Layout, Row, Source
from sources.templates import CLIMB_LABELS, GRADE, NO_FINDING, label_set

# Upstream's six diagnoses of a whole image; the test table writes one of them otherwise.
DIAGNOSES = {"COPD": "COPD", "Lung tumor": "Lung tumor", "Pneumonia": "Pneumonia", "Tuberculosis": "Tuberculosis"}
DIAGNOSES |= {"Other diseases": "Other diseases", "Other disease": "Other diseases", "No finding": NO_FINDING}
VOCABULARY = tuple(dict.fromkeys(DIAGNOSES.values()))
TABLES = {"train": ("image_labels_train.csv",), "test": ("image_labels_test.csv",)}
BREASTS: dict[str, tuple[str, ...]] = dict.fromkeys(("train", "test"), ("breast-level_annotations.csv",))
CATEGORIES = tuple(f"BI-RADS {number}" for number in range(1, 6))


def _image(record: Record) -> str:
    return text(record.cells.get("image_id"))


def chest_names(group: Group) -> Sequence[str]:
    """The file of an image."""
    return (f"{group.key}.dicom",)


def read_chest(group: Group) -> Row:
    """One question an image, of the diagnoses that most of its readers made."""
    readers = len(group.records)
    found: list[str] = []
    for column in dict.fromkeys(name for record in group.records for name in record.cells if name in DIAGNOSES):
        values = {value.removesuffix(".0") for value in group.cells(column)}
        if values - {"0", "1"}:
            raise Fault("gold not 0 or 1", f"{column} {', '.join(sorted(values))}"[:80])
        if 2 * sum(value.startswith("1") for value in group.cells(column)) > readers:
            found.append(DIAGNOSES[column])
    if not found:
        raise Fault("readers disagree", f"{readers} readers")
    answer_type, gold = label_set(found, VOCABULARY)
    return Row(
        row=group.key,
        question=CLIMB_LABELS.ask(what="a chest X-ray image", short="the X-ray image", labels="\n".join(VOCABULARY)),
        answer_type=answer_type,
        gold=gold,
        images=(group.pictures.read(chest_names(group)[0]),),
        modality=Modality.XRAY,
        body_part=BodyPart.CHEST,
        task=Task.MULTILABEL,
    )


def breast_names(record: Record) -> Sequence[str]:
    """The file of an image."""
    study, image = text(record.cells.get("study_id")), text(record.cells.get("image_id"))
    return (f"{study}/{image}.dicom",) if study and image else ()


def of_split(record: Record, split: str) -> bool:
    """Whether a record is of a split."""
    return text(record.cells.get("split")) == {"train": "training", "test": "test"}[split]


def read_breast(record: Record, pictures: Pictures) -> Row:
    """One question an image: its breast's BI-RADS category."""
    cells = record.cells
    answer_type, gold = gold_by_text(cell(cells, "breast_birads"), CATEGORIES)
    names = breast_names(record)
    if not names:
        raise Fault("image missing", "no image is named")
    return Row(
        row=record.place,
        question=GRADE.ask(scale="BI-RADS category", what="mammogram"),
        answer_type=answer_type,
        gold=gold,
        options=CATEGORIES,
        images=(pictures.read(names[0]),),
        modality=Modality.MAMMOGRAPHY,
        body_part=BodyPart.BREAST,
        task=Task.CLASSIFICATION,
        group=text(cells.get("study_id")),
    )


_CHEST = Grouping(
    tables=TABLES, needs=("image_id", "COPD", "Pneumonia"), key=_image, names=chest_names, part_groups=PART_DICOMS, suffixes=DICOMS
)
VINDR_CXR = Source(
    name="vindr_cxr",
    version=1,
    title="VinDr-CXR, diagnoses",
    homepage="https://physionet.org/content/vindr-cxr/1.0.0/",
    license="LicenseRef-PhysioNet-1.5.0",
    access=Access.CREDENTIALED,
    task="any number of labels",
    modality="x-ray",
    rows="15,000 train, 3,000 test",
    splits=tuple(TABLES),
    default_split="train",
    layouts=(
        Layout(
            "annotations/image_labels_train.csv and image_labels_test.csv, with train/ and test/ (.dicom) beside",
            partial(find, by=_CHEST),
            partial(read, by=_CHEST, row=read_chest),
            "columns are those that published code reads; QoQ-Med's six labels are taken to be upstream's six diagnoses of an image",
        ),
    ),
    raw_row="000434271f63a053c4128a0ba6352c7f,R2,0,…,0,0,1",
    place="Put annotations/, train/ and test/ of https://physionet.org/content/vindr-cxr/1.0.0/ into path.",
    apply="https://physionet.org/content/vindr-cxr/1.0.0/ (credentialed account, training, agreement)",
    sizes={"train": 15_000, "test": 3_000},
    images={"train": 15_000, "test": 3_000},
    note="a diagnosis counts where more than half of an image's readers made it (our choice); an image without such is rejected",
    citation="Nguyen et al., VinDr-CXR, Scientific Data 2022",
)
VINDR_MAMMO = Source(
    name="vindr_mammo",
    version=1,
    title="VinDr-Mammo, BI-RADS of a breast",
    homepage="https://physionet.org/content/vindr-mammo/1.0.0/",
    license="LicenseRef-PhysioNet-1.5.0",
    access=Access.CREDENTIALED,
    task="multiple choice of the categories",
    modality="mammography",
    rows="16,000 train, 4,000 test",
    splits=tuple(BREASTS),
    default_split="train",
    layouts=(
        Layout(
            "breast-level_annotations.csv, with images/ (.dicom) beside",
            partial(
                find_pictured,
                patterns=BREASTS,
                format=Format.CSV,
                needs=("study_id", "image_id", "breast_birads", "split"),
                names=breast_names,
                tells_split=True,
                part_rows=PART_DICOMS,
                suffixes=DICOMS,
            ),
            partial(read_pictured, row=read_breast, id=("image_id",), chosen=of_split, suffixes=DICOMS),
            "columns and folders are those that published code reads",
        ),
    ),
    raw_row="b8d273e8601f348d3664778dae0e7e0b,…,d8125545210c08e1b1793a5af6458ee2,L,CC,3518,2800,BI-RADS 2,DENSITY C,training",
    place="Put breast-level_annotations.csv and images/ of https://physionet.org/content/vindr-mammo/1.0.0/ into path.",
    apply="https://physionet.org/content/vindr-mammo/1.0.0/ (credentialed account, training, agreement)",
    sizes={"train": 16_000, "test": 4_000},
    images={"train": 16_000, "test": 4_000},
    note="a study (four views of one woman) is a group",
    citation="Nguyen et al., VinDr-Mammo, Scientific Data 2023",
)
