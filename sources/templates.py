"""How labels, boxes and captions are put as questions: named wordings whose words never change; better ones get another name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.example import AnswerType
from sources.rows import Fault, Gold

NO_FINDING = "No Finding"


@dataclass(frozen=True)
class Template:
    """A wording; `words` are filled in. `about` says whose it is."""

    name: str
    about: str
    words: str

    def ask(self, **filled: str) -> str:
        """The question."""
        return self.words.format(**filled)


# QoQ-Med's conversion (CLIMB's to_qa): "Above is a chest X-ray image of a patient. …Answer with one or multiple phrases …".
# Its missing blank before "Answer" is kept: the released prompts have it.
QOQ_LABELS = Template(
    "qoq-labels",
    "QoQ-Med (CLIMB): any number of labels",
    "Above is {what} of a patient. What is the diagnosis of the patient in {short}?Answer with one or multiple phrases from the following:\n{labels}",
)
QOQ_LABEL = Template(
    "qoq-label",
    "QoQ-Med (CLIMB): one label",
    "Above is {what} of a patient. What is the diagnosis of the patient in {short}?Answer with one word from the following:\n{labels}",
)
# The published prompt begins "Grade the diabetic retinopathy … on the Davis Scale"; what stands between is our choice.
QOQ_GRADE = Template(
    "qoq-grade",
    "QoQ-Med (CLIMB): the grade of diabetic retinopathy",
    "Above is a fundus image of a patient. Grade the diabetic retinopathy in the image on the Davis Scale. Answer with one phrase from the following:\n{labels}",
)
# QoQ-Med's ECG prompt is not published; this follows the wording of its other domains.
QOQ_ECG = Template(
    "qoq-ecg",
    "after QoQ-Med's other prompts, its own is not published: ECG labels",
    "Above is a 12-lead electrocardiogram (ECG) of a patient, of which eight leads are shown. What is the diagnosis of the patient in the ECG?"
    "Answer with one or multiple phrases from the following:\n{labels}",
)
# CLIMB's code writes the blank before "Answer" that the paper's example lacks.
CLIMB_LABELS = Template(
    "climb-labels",
    "CLIMB's code: any number of labels",
    "Above is {what} of a patient. What is the diagnosis of the patient in {short}? Answer with one or multiple phrases from the following:\n{labels}",
)
GRADE = Template("grade", "ours: the grade of a scale among options", "Which {scale} does the {what} show?")
CHOICE = Template("choice", "ours: one class among options", "Which of these does the {what} show?")
# MedMO's model card.
DETECT_ALL = Template("medmo-detect", "MedMO: every abnormality", "Detect and localize all abnormalities in this image.")
DETECT = Template("detect", "after MedMO: every object of some kinds", "Detect and localize every {labels} in this image.")
REPORT = Template("medmo-report", "MedMO: a report", "Generate a detailed radiology report for this {what}.")
PHRASE = Template(
    "medsg-phrase",
    "MedSG: a region by its name",
    "Identify the bounding box of the region described by the following expression: {labels}.",
)
CAPTION = Template("caption", "ours: a caption", "Write a caption for this medical image, as it would stand below the figure.")
TEMPLATES = (QOQ_LABELS, QOQ_LABEL, QOQ_GRADE, QOQ_ECG, CLIMB_LABELS, GRADE, CHOICE, DETECT_ALL, DETECT, REPORT, PHRASE, CAPTION)


def label_set(labels: Sequence[str], vocabulary: Sequence[str], no_findings: Sequence[str] = ()) -> Gold:
    """The gold of a set of labels, in the vocabulary's order; none at all is `No Finding` where that is a label.

    `no_findings`: labels that may stand beside `No Finding`. Raises: Fault where there is no label, one is unknown, or
    `No Finding` stands beside another.
    """
    unknown = [label for label in labels if label not in vocabulary]
    if unknown:
        raise Fault("unknown label", ", ".join(unknown)[:80])
    chosen = [label for label in vocabulary if label in labels]
    if not chosen and NO_FINDING in vocabulary:
        chosen = [NO_FINDING]
    if not chosen:
        raise Fault("no label")
    if NO_FINDING in chosen and set(chosen) - {NO_FINDING, *no_findings}:
        raise Fault("gold contradicts itself", ", ".join(chosen)[:80])
    return AnswerType.LABEL_SET, {"labels": chosen, "vocabulary": list(vocabulary)}


def boxes(found: Sequence[tuple[str, Sequence[float]]], width: int, height: int) -> Gold:
    """The gold of labelled boxes in pixels, left, top, right and bottom, in order of label and place.

    Raises: Fault where there is none.
    """
    if not found:
        raise Fault("no box")
    ordered = sorted((label, [_edge(edge) for edge in box]) for label, box in found)
    gold: dict[str, Any] = {"boxes": [box for _, box in ordered], "labels": [label for label, _ in ordered]}
    return AnswerType.BBOX, gold | ({"width": width, "height": height} if width and height else {})


def _edge(value: float) -> int | float:
    """Whole numbers without a fraction."""
    return int(value) if float(value).is_integer() else round(float(value), 2)
