"""The published tables: `sft`, `sft_text`, `rl` and `rejected`.

One superset row is read by TRL (prompt, completion, images), LLaMA-Factory and EasyR1 (problem,
response, images with `<image>` markers) and verl (verl_prompt, reward_model, extra_info).
"""

import pyarrow as pa

from schemas.contract import Column, Contract
from schemas.features import IMAGE, IMAGES, publishable
from schemas.trace import Selected

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
MESSAGES = pa.list_(MESSAGE)
SERIES = pa.list_(pa.list_(pa.float32()))
WITHHELD_DOC = "Pictures that are not passed on, in order: sha256 of the bytes that medtrace fill puts in, with their ending; [] if none"
SERIES_DOC = "Leads of an ECG in mV, 2,500 samples each (leads I, II, V1 to V6); [] if none"
REWARD_MODEL = pa.struct([("style", pa.string()), ("ground_truth", pa.string())])
EXTRA_INFO = pa.struct([("split", pa.string()), ("index", pa.int64()), ("question_id", pa.string()), ("source", pa.string())])


class Published(Contract):
    """A table that is published: its schema carries the features that the `datasets` library reads."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.schema = publishable(cls.schema)


class Thumbnail(Published):
    """An image that a finding of overlap names, made small to be looked at."""

    digest = Column("digest", pa.string(), "sha256 of the upstream bytes (hex)")
    image = Column("image", IMAGE, "JPEG of at most 320 pixels a side, coded anew")


class _Question(Published):
    """What every published row says of its question."""

    question_id = Column("question_id", pa.string(), "The example's id: hash of source and canonical content")
    source = Column("source", pa.string(), "Name of the source")
    source_split = Column("source_split", pa.string(), "Upstream split")
    source_row = Column("source_row", pa.string(), "Upstream's own row id")
    source_group = Column(
        "source_group", pa.string(), "Digest of the source and upstream's patient, study, figure or case; '' if the row is in none"
    )
    license = Column("license", pa.string(), "SPDX licence of the row")
    modality = Column("modality", pa.string(), "text, or the kind of image")
    domain = Column(
        "domain",
        pa.string(),
        "Clinical domain: ecg, chest_xray, mammography, dermatology, fundus, ct, ultrasound, mri, pathology, text, general, other",
    )
    body_part = Column("body_part", pa.string(), "Part of the body; '' where upstream does not say")
    task = Column("task", pa.string(), "qa, vqa, classification, multilabel, detection, caption, report, calculation")
    subject = Column("subject", pa.string(), "Subject or speciality, upstream's word; '' if none")
    weight = Column(
        "weight", pa.float32(), "How often an epoch should show the row: mixture weight and class balance; 1 unless the manifest says so"
    )
    problem = Column("problem", pa.string(), "The prompt as one string, an <image> marker for each of its images")
    answer = Column("answer", pa.string(), "The gold: a letter, yes or no, a number, text")
    answer_type = Column("answer_type", pa.string(), "How an answer is compared: mcq, yesno, …")
    options_json = Column("options_json", pa.string(), "Option texts as a JSON list")
    grading_json = Column("grading_json", pa.string(), "The gold as JSON with what grading needs")


class _Prompted(_Question):
    """A published row that a trainer prompts with."""

    prompt = Column("prompt", MESSAGES, "The prompt as messages without image markers (TRL)")
    verl_prompt = Column("verl_prompt", MESSAGES, "The prompt as messages with <image> markers (verl)")
    reward_model = Column("reward_model", REWARD_MODEL, "verl's rule reward: style and ground truth")
    extra_info = Column("extra_info", EXTRA_INFO, "verl's extra_info: split, index in the question's samples, question id, source")


class _Traced(Contract):
    """Where a published trace comes from."""

    teacher = Column("teacher", pa.string(), "Name of the teacher in the manifest; '' where the gold is the completion")
    model = Column("model", pa.string(), "The model that answered, as the server says; where nobody did, the one that was asked")
    prompt_name = Column("prompt_name", pa.string(), "Name of the prompt")
    sampling_json = Column("sampling_json", pa.string(), "Sampling parameters as JSON")
    sample = Column("sample", pa.int32(), "Index among the samples of this question")
    finish_reason = Column("finish_reason", pa.string(), "stop, length, …")
    prompt_tokens = Column("prompt_tokens", pa.int32(), "Tokens of the prompt; 0 where not reported")
    completion_tokens = Column("completion_tokens", pa.int32(), "Tokens of the completion, its thought included; 0 where not reported")
    cost_nanousd = Column("cost_nanousd", pa.int64(), "What the answer cost, in 10^-9 USD; null where no price is known", nullable=True)
    verifier = Column("verifier", pa.string(), "The verifier and its version")
    verdict = Column("verdict", pa.string(), "What the verifier says")
    rule = Column(
        "rule",
        pa.string(),
        "The rule that decided; model_judge where a model called an open answer right, judge_unreadable where it gave no verdict",
    )
    answer_start = Column(
        "answer_start", pa.int32(), "Where the answer as read begins in response, in characters; null where none was", nullable=True
    )
    answer_stop = Column("answer_stop", pa.int32(), "Where the answer as read ends in response", nullable=True)
    flags = Column(
        "flags",
        pa.list_(pa.string()),
        "What is odd about the completion: truncated, no_thought, looping, mixed_language, identity, leaks_answer, image_blind",
    )
    boxes = Column("boxes", pa.int32(), "Boxes in the completion's answer part")
    n_sampled = Column("n_sampled", pa.int32(), "Samples of this question by this teacher")
    n_correct = Column("n_correct", pa.int32(), "Correct ones among them")


class SftText(_Prompted):
    """A kept trace of a question without images."""

    id = Column("id", pa.string(), "The trace's id")
    response = Column("response", pa.string(), "The completion as one string: <think>…</think> and the answer")
    completion = Column("completion", MESSAGES, "The completion as one assistant message (TRL)")
    teacher = _Traced.teacher
    model = _Traced.model
    prompt_name = _Traced.prompt_name
    sampling_json = _Traced.sampling_json
    sample = _Traced.sample
    finish_reason = _Traced.finish_reason
    prompt_tokens = _Traced.prompt_tokens
    completion_tokens = _Traced.completion_tokens
    cost_nanousd = _Traced.cost_nanousd
    verifier = _Traced.verifier
    verdict = _Traced.verdict
    rule = _Traced.rule
    answer_start = _Traced.answer_start
    answer_stop = _Traced.answer_stop
    flags = _Traced.flags
    boxes = _Traced.boxes
    n_sampled = _Traced.n_sampled
    n_correct = _Traced.n_correct
    pass_rate = Selected.pass_rate
    pass_rate_low = Selected.pass_rate_low
    pass_rate_high = Selected.pass_rate_high
    pass_rate_method = Selected.pass_rate_method
    pass_at = Selected.pass_at


class Sft(SftText):
    """A kept trace."""

    images = Column("images", IMAGES, "The images, in order; [] for a text question, and where they are withheld")
    image_digests = Column(
        "image_digests", pa.list_(pa.string()), "sha256 of each upstream image file; images.path names the published one"
    )
    withheld_images = Column("withheld_images", pa.list_(pa.string()), WITHHELD_DOC)
    time_series = Column("time_series", SERIES, SERIES_DOC)


class Rl(_Prompted):
    """A question with its gold and pass rate."""

    id = Column("id", pa.string(), "The question's id")
    images = Column("images", IMAGES, "The images, in order; [] for a text question, and where they are withheld")
    image_digests = Column(
        "image_digests", pa.list_(pa.string()), "sha256 of each upstream image file; images.path names the published one"
    )
    withheld_images = Column("withheld_images", pa.list_(pa.string()), WITHHELD_DOC)
    time_series = Column("time_series", SERIES, SERIES_DOC)
    teacher = Column("teacher", pa.string(), "Name of the teacher that was asked, the first of a cascade; '' if none")
    n_sampled = Column("n_sampled", pa.int32(), "Samples of this question by this teacher")
    n_correct = Column("n_correct", pa.int32(), "Correct ones among them")
    pass_rate = Selected.pass_rate
    pass_rate_low = Selected.pass_rate_low
    pass_rate_high = Selected.pass_rate_high
    pass_rate_method = Selected.pass_rate_method
    pass_at = Selected.pass_at
    order = Column(
        "order",
        pa.int64(),
        "Place in a curriculum: sorted by it, rows go from easy to hard (or as the manifest says), those of one pass rate mixed, without a rate last",
    )
    no_trace = Column(
        "no_trace", pa.string(), "Why no teacher was asked: no_teacher, gold (it is the answer), rl_only, not_permitted; '' where one was"
    )


class Rejected(_Question):
    """A trace that was not kept."""

    id = Column("id", pa.string(), "The trace's id")
    response = Column("response", pa.string(), "The completion, verbatim")
    image_digests = Column("image_digests", pa.list_(pa.string()), "sha256 of each upstream image file; the images are in rl")
    teacher = _Traced.teacher
    model = _Traced.model
    prompt_name = _Traced.prompt_name
    sampling_json = _Traced.sampling_json
    sample = _Traced.sample
    finish_reason = _Traced.finish_reason
    prompt_tokens = _Traced.prompt_tokens
    completion_tokens = _Traced.completion_tokens
    cost_nanousd = _Traced.cost_nanousd
    verifier = _Traced.verifier
    verdict = _Traced.verdict
    extracted = Column("extracted", pa.string(), "The answer as read; '' where none was")
    rule = _Traced.rule
    answer_start = _Traced.answer_start
    answer_stop = _Traced.answer_stop
    flags = _Traced.flags
    boxes = _Traced.boxes
    error = Column("error", pa.string(), "Why a model that was asked as judge gave no verdict; '' where it gave one or was not asked")
    reason = Column("reason", pa.string(), "Why it was not kept")


CONFIGS: dict[str, type[Published]] = {"sft": Sft, "sft_text": SftText, "rl": Rl, "rejected": Rejected}
# Why a question is left out of a partial corpus.
BUDGET = "budget"


class Tally(Contract):
    """Counts by reason, one row a (stage, source, reason)."""

    stage = Column("stage", pa.string(), "The stage that counted")
    source = Column("source", pa.string(), "Name of the source")
    reason = Column("reason", pa.string(), "What was counted")
    count = Column("count", pa.int64(), "How many")
