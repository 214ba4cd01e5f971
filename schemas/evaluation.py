"""Evaluations: which of a benchmark's questions are put, and how every answer scores."""

import pyarrow as pa

from schemas.contract import Column, Contract
from schemas.graph import SHARD


class Taken(Contract):
    """Whether a benchmark's question is put."""

    shard = SHARD
    id = Column("id", pa.string(), "The question")
    taken = Column("taken", pa.bool_(), "False above the number of questions that was asked for")


class Scored(Contract):
    """One answer to one question of a benchmark, with its verdict."""

    benchmark = Column("benchmark", pa.string(), "Name of the benchmark")
    row = Column("row", pa.string(), "Upstream's row id")
    example = Column("example", pa.string(), "Hash of the question's canonical content, options in upstream's order (hex)")
    sample = Column("sample", pa.int32(), "Index among the answers to this question")
    answer_type = Column("answer_type", pa.string(), "How the answer is compared: mcq, multi, yesno, …")
    modality = Column("modality", pa.string(), "text, or the kind of image")
    domain = Column("domain", pa.string(), "Clinical domain: ecg, chest_xray, text, …")
    subject = Column("subject", pa.string(), "Subject or speciality, upstream's word; '' if none")
    question = Column("question", pa.string(), "The question, without options")
    options = Column("options", pa.list_(pa.string()), "Option texts in the order that was shown; [] if none")
    gold = Column("gold", pa.string(), "The gold: a letter of these options, yes or no, a number, text")
    response = Column("response", pa.string(), "What the model wrote, its thought in <think> tags")
    finish_reason = Column("finish_reason", pa.string(), "stop, length, content_filter, refused, too_long, image_refused, other")
    verdict = Column("verdict", pa.string(), "correct, incorrect, no_answer, ambiguous, conflict, refused, truncated, malformed")
    extracted = Column("extracted", pa.string(), "The answer as read; '' where none was")
    rule = Column("rule", pa.string(), "The rule that decided")
    start = Column("start", pa.int32(), "Where the answer begins in the response, in characters; null where none was read", nullable=True)
    stop = Column("stop", pa.int32(), "Where it ends", nullable=True)
    chance = Column("chance", pa.float64(), "How often a guess among the possible answers is right; 0 where they are not given")
    measures_json = Column("measures_json", pa.string(), "What is measured beside the verdict: F1, BLEU-1, ROUGE-L, IoU, … as JSON")
    kit_json = Column("kit_json", pa.string(), "Scores by another kit's rules, as JSON; '{}' where it has none")
    prompt_tokens = Column("prompt_tokens", pa.int32(), "Tokens of the prompt; 0 where not reported")
    completion_tokens = Column("completion_tokens", pa.int32(), "Tokens of the completion; 0 where not reported")
    cost_nanousd = Column("cost_nanousd", pa.int64(), "What it cost, in 10^-9 USD; null where no price is known", nullable=True)
