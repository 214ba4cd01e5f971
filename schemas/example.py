"""Questions: what sources yield, what is rejected on the way in, and what is chosen."""

from enum import StrEnum

import pyarrow as pa

from schemas.contract import Column, Contract

LEAD_SAMPLES = 2500


class AnswerType(StrEnum):
    """How an answer is compared with its gold."""

    MCQ = "mcq"
    MULTI = "multi"
    YESNO = "yesno"
    YESNOMAYBE = "yesnomaybe"
    LABEL_SET = "label_set"
    NUMERIC = "numeric"
    DATE = "date"
    OPEN = "open"
    BBOX = "bbox"


class Example(Contract):
    """One question with its gold."""

    id = Column("id", pa.string(), "Hash of source and canonical content; the example's identity (hex)")
    key = Column("key", pa.binary(16), "Place in the trie of partitions: image or text hash, then id hash")
    source = Column("source", pa.string(), "Name of the source in the manifest")
    split = Column("split", pa.string(), "Upstream split")
    row = Column("row", pa.string(), "Upstream's own row id, for takedown")
    group = Column("group", pa.string(), "Patient, study, figure or case that must not be split; '' if none")
    question = Column("question", pa.string(), "The question, without options")
    context = Column("context", pa.string(), "Text the question is about; '' if none")
    options = Column("options", pa.list_(pa.string()), "Option texts in order, without letters; [] if none")
    answer_type = Column("answer_type", pa.string(), "How the answer is compared: mcq, multi, yesno, …")
    answer = Column("answer", pa.string(), "The gold as the trainers read it: a letter, yes or no, a number, text")
    gold_json = Column("gold_json", pa.string(), "The gold as canonical JSON, with what its type needs to be compared")
    images = Column("images", pa.list_(pa.string()), "Source digests of the images, in order; [] if none")
    time_series = Column(
        "time_series", pa.large_binary(), "Leads of 2,500 samples in mV, float32 little-endian, one after another; empty if none"
    )
    modality = Column("modality", pa.string(), "text, or the kind of image: x-ray, ct, mri, histology, … (schemas/vocabulary.py)")
    domain = Column(
        "domain",
        pa.string(),
        "Clinical domain: ecg, chest_xray, mammography, dermatology, fundus, ct, ultrasound, mri, pathology, text, general, other",
    )
    body_part = Column("body_part", pa.string(), "Part of the body; '' where upstream does not say")
    task = Column("task", pa.string(), "qa, vqa, classification, multilabel, detection, caption, report, calculation")
    subject = Column("subject", pa.string(), "Subject or speciality, upstream's word; '' if none")
    license = Column("license", pa.string(), "SPDX licence of the row")
    traces = Column(
        "traces", pa.list_(pa.string()), "Completions that upstream publishes beside the question; none or [] if none", nullable=True
    )
    content = Column("content", pa.string(), "Hash of the wording of question, context and options (not the gold), across sources")


class Reject(Contract):
    """A row that could not become an example."""

    source = Column("source", pa.string(), "Name of the source in the manifest")
    file = Column("file", pa.string(), "Upstream file, relative")
    row = Column("row", pa.string(), "Upstream's row id or its place in the file")
    reason = Column("reason", pa.string(), "Why, in a few words that are counted: no gold, no question, …")
    detail = Column("detail", pa.string(), "What was found; '' if the reason says it")


class Chosen(Example):
    """An example that goes on, with the split it is published in."""

    published_split = Column("published_split", pa.string(), "train or heldout")
    weight = Column(
        "weight", pa.float32(), "How often an epoch should show it: mixture weight and class balance; 1 unless the manifest says so"
    )
    identifiers = Column(
        "identifiers", pa.list_(pa.string()), "Kinds of identifiers of persons in its text that may not be sent away; [] if none"
    )


class Identified(Contract):
    """An identifier of a person in an example's text. What it says stays in the text."""

    id = Column("id", pa.string(), "The example")
    source = Column("source", pa.string(), "Its source")
    column = Column("column", pa.string(), "The column whose text holds it: question, context, options, gold_json, traces")
    place = Column("place", pa.int32(), "Index of the option, of the text in the gold or of the trace; 0 elsewhere")
    kind = Column("kind", pa.string(), "name, date, mrn, …")
    start = Column("start", pa.int32(), "First character")
    stop = Column("stop", pa.int32(), "Character after the last")
    fails = Column("fails", pa.bool_(), "Whether the text must be kept from strangers for it")


class Dropped(Contract):
    """An example that does not go on, and why."""

    id = Column("id", pa.string(), "The example")
    source = Column("source", pa.string(), "Its source")
    reason = Column(
        "reason", pa.string(), "duplicate question, contradicting gold, in benchmark, class cap, row cap, broken image, identifiers, …"
    )
    evidence = Column("evidence", pa.string(), "The example or benchmark row it meets, or the fault; '' if none")
