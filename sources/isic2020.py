"""ISIC 2020: 33,126 dermatoscopic images of benign and malignant lesions of 2,056 patients.

https://challenge2020.isic-archive.com
Licence: CC BY-NC 4.0.

One raw row of ISIC_2020_Training_GroundTruth.csv:
image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target
ISIC_2637011,IP_7279968,male,45.0,head/neck,unknown,benign,0
"""

from functools import partial

from schemas.vocabulary import BodyPart, Modality
from sources.classed import Classed, classed_layout, grouped_by, named, word
from sources.source import Access, Source

LESIONS = {"benign": "a benign lesion", "malignant": "a malignant lesion"}
_ISIC = Classed(
    table="ISIC_2020_Training_GroundTruth*.csv",
    needs=("image_name", "patient_id", "benign_malignant"),
    options=tuple(LESIONS.values()),
    shown=partial(word, column="benign_malignant", words=LESIONS),
    names=partial(named, form="{}.jpg", columns=("image_name",)),
    group=partial(grouped_by, column="patient_id"),
    what="dermatoscopic image",
    modality=Modality.DERMATOSCOPY,
    part=BodyPart.SKIN,
    id=("image_name",),
)
SOURCE = Source(
    name="isic2020",
    version=1,
    title="ISIC 2020, benign or malignant",
    homepage="https://challenge2020.isic-archive.com",
    license="CC-BY-NC-4.0",
    access=Access.OPEN,
    task="multiple choice of the classes",
    modality=Modality.DERMATOSCOPY.value,
    rows="33,126 train; QoQ-Med splits them into 26,501 and 6,625",
    splits=("train",),
    default_split="train",
    layouts=(
        classed_layout(
            "ISIC_2020_Training_GroundTruth.csv (or …_v2.csv) with train/ or ISIC_2020_Training_JPEG.zip beside",
            ("train",),
            _ISIC,
            "columns and folders are those that CLIMB's code and published notebooks read",
        ),
    ),
    raw_row="ISIC_2637011,IP_7279968,male,45.0,head/neck,unknown,benign,0",
    place="Put one of ISIC_2020_Training_GroundTruth.csv and its _v2, and ISIC_2020_Training_JPEG.zip (or its folder) into path.",
    apply="https://challenge2020.isic-archive.com (no account needed)",
    sizes={"train": 33_126},
    images={"train": 33_126},
    note="1.8 % are malignant; the competition withholds the classes of its test images; a patient is a group",
    citation="Rotemberg et al., A patient-centric dataset of images and metadata, Scientific Data 2021",
)
