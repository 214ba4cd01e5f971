"""The closed sets of words in which rows are told apart: modality, clinical domain, body part, task."""

from enum import StrEnum


class Modality(StrEnum):
    """What an example is asked about. `image` and `radiology` are pictures of an untold kind."""

    TEXT = "text"
    XRAY = "x-ray"
    CT = "ct"
    MRI = "mri"
    ULTRASOUND = "ultrasound"
    MAMMOGRAPHY = "mammography"
    PET = "pet"
    FUNDUS = "fundus"
    OCT = "oct"
    DERMATOSCOPY = "dermatoscopy"
    HISTOLOGY = "histology"
    MICROSCOPY = "microscopy"
    ENDOSCOPY = "endoscopy"
    ECG = "ecg"
    PHOTO = "photo"
    CHART = "chart"
    RADIOLOGY = "radiology"
    IMAGE = "image"


class Domain(StrEnum):
    """The clinical domain by which rows are balanced and rewards scaled: QoQ-Med's nine, text, and what is neither."""

    ECG = "ecg"
    CHEST_XRAY = "chest_xray"
    MAMMOGRAPHY = "mammography"
    DERMATOLOGY = "dermatology"
    FUNDUS = "fundus"
    CT = "ct"
    ULTRASOUND = "ultrasound"
    MRI = "mri"
    PATHOLOGY = "pathology"
    TEXT = "text"
    GENERAL = "general"
    OTHER = "other"


class BodyPart(StrEnum):
    """Where in the body; '' where upstream does not say."""

    UNTOLD = ""
    HEAD = "head"
    EYE = "eye"
    MOUTH = "mouth"
    NECK = "neck"
    CHEST = "chest"
    HEART = "heart"
    BREAST = "breast"
    ABDOMEN = "abdomen"
    PELVIS = "pelvis"
    SPINE = "spine"
    ARM = "arm"
    LEG = "leg"
    SKIN = "skin"
    BLOOD = "blood"
    TISSUE = "tissue"


class Task(StrEnum):
    """What is asked for."""

    QA = "qa"
    VQA = "vqa"
    CLASSIFICATION = "classification"
    MULTILABEL = "multilabel"
    DETECTION = "detection"
    CAPTION = "caption"
    REPORT = "report"
    CALCULATION = "calculation"


# Words of upstream's modalities, lower case, the longer before those they hold.
_MODALITIES = (
    ("mammogra", Modality.MAMMOGRAPHY),
    ("optical coherence", Modality.OCT),
    ("fundus", Modality.FUNDUS),
    ("dermoscop", Modality.DERMATOSCOPY),
    ("dermatoscop", Modality.DERMATOSCOPY),
    ("endoscop", Modality.ENDOSCOPY),
    ("colposcop", Modality.ENDOSCOPY),
    ("histopatholog", Modality.HISTOLOGY),
    ("histolog", Modality.HISTOLOGY),
    ("microscop", Modality.MICROSCOPY),
    ("ultrasound", Modality.ULTRASOUND),
    ("sonogra", Modality.ULTRASOUND),
    ("x-ray", Modality.XRAY),
    ("xray", Modality.XRAY),
    ("x ray", Modality.XRAY),
    ("radiograph", Modality.XRAY),
    ("magnetic resonance", Modality.MRI),
    ("mag-netic resonance", Modality.MRI),
    ("mri", Modality.MRI),
    ("computed tomography", Modality.CT),
    ("positron", Modality.PET),
    ("electrocardio", Modality.ECG),
    ("ecg", Modality.ECG),
    ("photo", Modality.PHOTO),
    ("infrared", Modality.PHOTO),
)
_WHOLE_WORDS = {"ct": Modality.CT, "mr": Modality.MRI, "oct": Modality.OCT, "us": Modality.ULTRASOUND, "pet": Modality.PET}
_PARTS = (
    ("brain", BodyPart.HEAD),
    ("head", BodyPart.HEAD),
    ("skull", BodyPart.HEAD),
    ("eye", BodyPart.EYE),
    ("retina", BodyPart.EYE),
    ("dental", BodyPart.MOUTH),
    ("oral", BodyPart.MOUTH),
    ("teeth", BodyPart.MOUTH),
    ("neck", BodyPart.NECK),
    ("chest", BodyPart.CHEST),
    ("lung", BodyPart.CHEST),
    ("thora", BodyPart.CHEST),
    ("heart", BodyPart.HEART),
    ("cardi", BodyPart.HEART),
    ("breast", BodyPart.BREAST),
    ("abd", BodyPart.ABDOMEN),
    ("liver", BodyPart.ABDOMEN),
    ("kidney", BodyPart.ABDOMEN),
    ("gastro", BodyPart.ABDOMEN),
    ("pelvi", BodyPart.PELVIS),
    ("spin", BodyPart.SPINE),
    ("upper limb", BodyPart.ARM),
    ("hand", BodyPart.ARM),
    ("lower limb", BodyPart.LEG),
    ("knee", BodyPart.LEG),
    ("foot", BodyPart.LEG),
    ("skin", BodyPart.SKIN),
    ("blood", BodyPart.BLOOD),
)
_DOMAINS = {
    Modality.TEXT: Domain.TEXT,
    Modality.CT: Domain.CT,
    Modality.MRI: Domain.MRI,
    Modality.ULTRASOUND: Domain.ULTRASOUND,
    Modality.MAMMOGRAPHY: Domain.MAMMOGRAPHY,
    Modality.FUNDUS: Domain.FUNDUS,
    Modality.DERMATOSCOPY: Domain.DERMATOLOGY,
    Modality.HISTOLOGY: Domain.PATHOLOGY,
    Modality.MICROSCOPY: Domain.PATHOLOGY,
    Modality.ECG: Domain.ECG,
}


def modality_of(word: str) -> Modality:
    """The modality that upstream's word means; `image` where it is none of the known."""
    said = word.casefold()
    for part, modality in _MODALITIES:
        if part in said:
            return modality
    names = said.replace("(", " ").replace(")", " ").replace("/", " ").replace(",", " ").split()
    return next((_WHOLE_WORDS[name] for name in names if name in _WHOLE_WORDS), Modality.IMAGE)


def body_part_of(word: str) -> BodyPart:
    """The part of the body that upstream's word means; untold where it is none of the known."""
    said = word.casefold()
    return next((part for known, part in _PARTS if known in said), BodyPart.UNTOLD)


def domain_of(modality: Modality, part: BodyPart) -> Domain:
    """The clinical domain of a modality: X-rays count by body part, skin and breast by themselves."""
    if modality is Modality.XRAY:
        return Domain.CHEST_XRAY if part in (BodyPart.CHEST, BodyPart.HEART) else Domain.OTHER
    if part is BodyPart.SKIN and modality is Modality.PHOTO:
        return Domain.DERMATOLOGY
    return _DOMAINS.get(modality, Domain.OTHER)
