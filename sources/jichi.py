"""Jichi: 9,939 fundus photographs of Jichi Medical University with a grade of diabetic retinopathy on the modified Davis scale.

https://figshare.com/articles/figure/Davis_Grading_of_One_and_Concatenated_Figures/4879853/1
Licence: CC BY 4.0.

One raw row of list.csv, whose images are called PATIENT_NUMBER_L.jpg or …_R.jpg:
Image,Davis_grading_of_concatenated_figures,Davis_grading_of_one_figure
3_1_L.jpg,sdr,ndr
"""

from functools import partial

from schemas.vocabulary import BodyPart, Modality
from sources.classed import Classed, classed_layout, named, word
from sources.files import Record
from sources.rows import text
from sources.source import Access, Source

GRADES = {
    "ndr": "no diabetic retinopathy",
    "sdr": "simple diabetic retinopathy",
    "ppdr": "pre-proliferative diabetic retinopathy",
    "pdr": "proliferative diabetic retinopathy",
}


def patient(record: Record) -> str:
    """Whose photograph it is."""
    return text(record.cells.get("Image")).partition("_")[0]


_JICHI = Classed(
    table="list.csv",
    needs=("Image", "Davis_grading_of_one_figure"),
    options=tuple(GRADES.values()),
    shown=partial(word, column="Davis_grading_of_one_figure", words=GRADES),
    names=partial(named, form="{}", columns=("Image",)),
    group=patient,
    what="fundus image",
    modality=Modality.FUNDUS,
    part=BodyPart.EYE,
    id=("Image",),
)
SOURCE = Source(
    name="jichi",
    version=1,
    title="Jichi, diabetic retinopathy on the modified Davis scale",
    homepage="https://figshare.com/articles/figure/Davis_Grading_of_One_and_Concatenated_Figures/4879853/1",
    license="CC-BY-4.0",
    access=Access.OPEN,
    task="multiple choice of the grades",
    modality=Modality.FUNDUS.value,
    rows="9,939; QoQ-Med splits them into 7,950 and 1,989",
    splits=("all",),
    default_split="all",
    layouts=(
        classed_layout(
            "list.csv with the images (dmr/) beside",
            ("all",),
            _JICHI,
            "columns are those that CLIMB's and others' code reads; what stands before the first _ of a name is the patient",
        ),
    ),
    raw_row="3_1_L.jpg,sdr,ndr",
    place="Unpack the dmr archive of https://figshare.com/articles/figure/Davis_Grading_of_One_and_Concatenated_Figures/4879853/1 into path, list.csv with it.",
    apply="https://figshare.com/articles/figure/Davis_Grading_of_One_and_Concatenated_Figures/4879853/1 (no account needed)",
    sizes={"all": 9_939},
    images={"all": 9_939},
    note="the grade of the one figure counts; QoQ-Med's paper tells three classes, its code four as upstream; a patient is a group",
    citation="Takahashi et al., Applying artificial intelligence to disease staging, PLOS ONE 2017",
)
