"""Traces: what models answered, how it was judged, and what is kept."""

from enum import StrEnum

import pyarrow as pa

from schemas.contract import Column, Contract

# The rule of an open answer that a model calls right where the verifier did not, and of one on which the model gave no verdict.
MODEL_JUDGE = "model_judge"
JUDGE_UNREADABLE = "judge_unreadable"

_RATE = "Estimate of how often this teacher is right, without bias from having stopped early; null where no teacher was asked"
_HOW = (
    "fixed: n_correct / n_sampled; rounds 4+4+8 until 4: sampled in such rounds until so many are correct, "
    "the estimate being the share of all orders to end so in which the first sample is correct; imported: traces that a source publishes, without an estimate; '' where no teacher was asked"
)


_WITHIN = (
    "Estimates of how often one of 1, 2, 4, 8, … samples is right, up to the most that a question may get, without bias from having stopped early; "
    "it ends where the question was given up without a right one; [] where no teacher was asked"
)


class Verdict(StrEnum):
    """What a verifier says of an answer."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NO_ANSWER = "no_answer"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"


class Trace(Contract):
    """One completion of one question."""

    id = Column("id", pa.string(), "Hash of example, teacher and sample (hex)")
    example = Column("example", pa.string(), "The example")
    teacher = Column("teacher", pa.string(), "Name of the teacher in the manifest; '' where the gold is the completion")
    sample = Column("sample", pa.int32(), "Index among the samples of this question")
    request = Column("request", pa.string(), "Key of the answer in the ledger; '' where no model was asked")
    text = Column("text", pa.string(), "The completion, thought in <think> tags as the model or its API gave it")
    finish_reason = Column("finish_reason", pa.string(), "stop, length, content_filter, refused, too_long, image_refused, other")
    model = Column("model", pa.string(), "The model that answered, as the server says; where nobody did, the one that was asked")
    prompt_tokens = Column("prompt_tokens", pa.int32(), "Tokens of the prompt; 0 where not reported")
    completion_tokens = Column("completion_tokens", pa.int32(), "Tokens of the completion, its thought included; 0 where not reported")
    cost_nanousd = Column("cost_nanousd", pa.int64(), "What the answer cost, in 10^-9 USD; null where no price is known", nullable=True)


class Judgement(Contract):
    """A verdict on one trace."""

    id = Column("id", pa.string(), "The trace")
    example = Column("example", pa.string(), "The example")
    sample = Column("sample", pa.int32(), "Index among the samples of this question")
    verdict = Column("verdict", pa.string(), "correct, incorrect, no_answer, ambiguous, conflict, refused, truncated, malformed")
    extracted = Column("extracted", pa.string(), "The answer as read; '' where none was")
    rule = Column("rule", pa.string(), "The rule that decided")
    start = Column(
        "start", pa.int32(), "Where the answer as read begins in the trace's text, in characters; null where none was", nullable=True
    )
    stop = Column("stop", pa.int32(), "Where it ends", nullable=True)
    published_start = Column(
        "published_start", pa.int32(), "Where it begins in the form that sft publishes; null where it reads otherwise there", nullable=True
    )
    published_stop = Column("published_stop", pa.int32(), "Where it ends there", nullable=True)
    error = Column("error", pa.string(), "Why a model that was asked as judge gave no verdict; '' where it gave one or was not asked")
    thought = Column("thought", pa.bool_(), "Whether a thought of any length comes before the answer")
    flags = Column("flags", pa.list_(pa.string()), "What is odd about the trace, apart from its answer: truncated, no_thought, looping, …")
    boxes = Column("boxes", pa.int32(), "Boxes in the answer part")


class Selected(Contract):
    """Whether one trace is kept."""

    id = Column("id", pa.string(), "The trace")
    example = Column("example", pa.string(), "The example")
    kept = Column("kept", pa.bool_(), "Whether it is published in sft")
    reason = Column(
        "reason",
        pa.string(),
        "Why not: its verdict, judge unreadable, no thought, other answer when published, repeated text, over the limit; '' where kept",
    )
    n_sampled = Column("n_sampled", pa.int32(), "Samples of this question by this teacher")
    n_correct = Column("n_correct", pa.int32(), "Correct ones among them")
    pass_rate = Column("pass_rate", pa.float64(), _RATE, nullable=True)
    pass_rate_low = Column("pass_rate_low", pa.float64(), "Lower end of its 95 % Wilson interval", nullable=True)
    pass_rate_high = Column("pass_rate_high", pa.float64(), "Upper end of its 95 % Wilson interval", nullable=True)
    pass_rate_method = Column("pass_rate_method", pa.string(), _HOW)
    pass_at = Column("pass_at", pa.list_(pa.float64()), _WITHIN)
