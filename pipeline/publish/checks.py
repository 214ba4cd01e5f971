"""What an audit asks of rows: ids, splits, answers, forms and rates, each from the published columns alone."""

import hashlib
import json
import math
from collections import Counter
from functools import lru_cache
from typing import Any, Protocol

from pipeline.markers import MARKER, unmarked
from pipeline.prompts import LETTERS
from pipeline.publish.corpus import CorpusShard
from pipeline.publish.findings import Findings
from pipeline.sampling import IMPORTED, order_of, read_method
from pipeline.stages.ingest import answer_of
from pipeline.verify.answer import VERIFIER, Gold, GoldError, Judged, Policy, verify
from pipeline.verify.direct import direct_verdict, is_direct
from pipeline.verify.score import wilson
from schemas.example import AnswerType
from schemas.manifest_parts import MOST_SAMPLES
from schemas.trace import JUDGE_UNREADABLE, MODEL_JUDGE, Verdict

Row = dict[str, Any]


class RowCheck(Protocol):
    """A check that is fed all rows, table by table."""

    findings: Findings

    def feed(self, shard: CorpusShard, row: Row) -> None:
        """Looks at one row; `images` holds paths without bytes."""
        ...


class Ids:
    """No id twice in a config, and no trace both kept and rejected."""

    def __init__(self) -> None:
        self.findings = Findings("ids", "ids")
        self.questions: set[str] = set()
        self._seen: dict[str, set[str]] = {}

    def feed(self, shard: CorpusShard, row: Row) -> None:
        seen = self._seen.setdefault(shard.config, set())
        self.findings.seen += 1
        self.questions.add(row["question_id"])
        if row["id"] in seen:
            self.findings.add("id twice", f"{row['id']} in {shard.config}, again in {shard.name}")
        seen.add(row["id"])
        others = ("sft", "sft_text") if shard.config == "rejected" else ("rejected",) if shard.config != "rl" else ()
        for other in others:
            if row["id"] in self._seen.get(other, ()):
                self.findings.add("kept and rejected", f"{row['id']} in {shard.config} and {other}")


class Splits:
    """No question, no image and no group of upstream's (a patient, a study) in both train and heldout."""

    def __init__(self) -> None:
        self.findings = Findings("splits", "rows")
        self._split: dict[tuple[str, str], str] = {}

    def feed(self, shard: CorpusShard, row: Row) -> None:
        self.findings.seen += 1
        digests: list[str] = row.get("image_digests", [])
        images = {*digests, *(image["path"].split(".")[0] for image in row.get("images", ()))}
        self._held(shard, row, "question in train and heldout", "question", row["question_id"])
        whole = json.dumps([row["problem"].replace(MARKER, ""), row["options_json"], digests])
        self._held(shard, row, "same text and images in train and heldout", "text", hashlib.sha256(whole.encode()).hexdigest())
        for digest in sorted(images):
            self._held(shard, row, "image in train and heldout", "image", digest)
        if row["source_group"]:
            self._held(shard, row, "patient, study or case in train and heldout", "group", row["source_group"])

    def _held(self, shard: CorpusShard, row: Row, kind: str, what: str, value: str) -> None:
        if self._split.setdefault((what, value), shard.split) != shard.split:
            self.findings.add(kind, f"question {row['question_id']} in {shard.name}" + (f", image {value}" if what == "image" else ""))


class Answers:
    """Every kept answer is right, and every rejected one has the verdict it is given.

    What `judge`, a model, called right is right by its word: only that it may have been asked is verified.
    """

    def __init__(self, policy: str, verifier: str, judge: str = "") -> None:
        self.findings = Findings("answers", "traces")
        self._policy = Policy(policy)
        self._judge = judge
        self._same_verifier = verifier == VERIFIER
        if not self._same_verifier:
            self.findings.note = (
                f"kept answers judged by {VERIFIER}; the corpus was made with {verifier}, so that rejected ones were not compared"
            )

    def feed(self, shard: CorpusShard, row: Row) -> None:
        if shard.config == "rl":
            return
        self.findings.seen += 1
        where = f"{row['id']} in {shard.name}"
        if row["teacher"] == "":
            if shard.config != "rejected" and row["response"] != unmarked(row["answer"]):
                self.findings.add("completion is not the gold", where)
            elif (row["answer_start"], row["answer_stop"]) != (0, len(row["response"])):
                self.findings.add("span is not where the answer stands", where)
            return
        try:
            gold = Gold.from_json(row["answer_type"], json.loads(row["options_json"]), row["grading_json"])
        except (GoldError, ValueError) as error:
            self.findings.add("gold unreadable", f"{where}: {error}")
            return
        direct = direct_verdict(row["response"], gold) if is_direct(row["rule"]) else None
        found = direct or verify(row["response"], gold, policy=self._policy, finish_reason=row["finish_reason"])
        if self._same_verifier and found.span != _span(row):
            self.findings.add("span is not where the answer stands", f"{where}: {_span(row)}, verified as {found.span}")
        elif self._same_verifier and found.span and row.get("extracted", found.extracted) != found.extracted:
            self.findings.add(
                "answer read is not the one in the span", f"{where}: {row['extracted']!r:.80}, read as {found.extracted!r:.80}"
            )
        if row["rule"] in (MODEL_JUDGE, JUDGE_UNREADABLE):
            self._by_model(row, found, where)
        elif shard.config == "rejected":
            if self._same_verifier and found.verdict != row["verdict"]:
                self.findings.add("another verdict", f"{where}: {row['verdict']}, verified as {found.verdict}")
        elif found.verdict is not Verdict.CORRECT:
            self.findings.add("kept answer is not right", f"{where}: {found.verdict} by {found.rule}")
        elif row["verdict"] != Verdict.CORRECT:
            self.findings.add("kept with a verdict other than correct", f"{where}: {row['verdict']}")

    def _by_model(self, row: Row, found: Judged, where: str) -> None:
        if not self._judge:
            self.findings.add("judged by a model that the lock does not name", where)
        elif row["verdict"] != (Verdict.CORRECT if row["rule"] == MODEL_JUDGE else Verdict.AMBIGUOUS):
            self.findings.add("a model's word for another verdict than correct", f"{where}: {row['verdict']}")
        elif row["answer_type"] != AnswerType.OPEN or found.verdict not in (Verdict.CORRECT, Verdict.INCORRECT) or not found.extracted:
            told = f"{where}: {row['answer_type']}, {found.verdict} by {found.rule}"
            self.findings.add("judged by a model that is not asked about it", told)
        elif row["rule"] == JUDGE_UNREADABLE:
            self.findings.asides[f"without a readable verdict of {self._judge}"] += 1
        else:
            self.findings.asides[f"right by the word of {self._judge}, not verified again by rule"] += 1


def _span(row: Row) -> tuple[int, int] | None:
    return None if row["answer_start"] is None else (row["answer_start"], row["answer_stop"])


class Forms:
    """The columns of one row say one thing: markers, prompts, completion, gold."""

    def __init__(self) -> None:
        self.findings = Findings("forms", "rows")

    def feed(self, shard: CorpusShard, row: Row) -> None:
        self.findings.seen += 1
        for fault in (*_faults(row), *_copied_faults(row, shard.split)):
            self.findings.add(fault, f"{row['id']} in {shard.name}")


class Rates:
    """Counts of samples fit each other: within a row, between the configs, and with the traces that are there."""

    def __init__(self, order: str) -> None:
        self.findings = Findings("rates", "rows")
        self._order = order
        self._told: dict[tuple[str, str], tuple[int, int]] = {}
        self._kept: Counter[tuple[str, str, str]] = Counter()
        self._traces: Counter[tuple[str, str]] = Counter()
        self._correct: Counter[tuple[str, str]] = Counter()
        self._ids: set[str] = set()
        # The samples that are there, a bit each.
        self._samples: Counter[tuple[str, str]] = Counter()

    def feed(self, shard: CorpusShard, row: Row) -> None:
        self.findings.seen += 1
        if shard.config != "rl" and row["id"] not in self._ids:
            self._ids.add(row["id"])
            self._traces[row["question_id"], row["teacher"]] += 1
            self._correct[row["question_id"], row["teacher"]] += row["verdict"] == Verdict.CORRECT
            self._once(row, shard)
        if shard.config == "rejected":
            return
        where = f"{row['id']} in {shard.name}"
        sampled, correct = row["n_sampled"], row["n_correct"]
        if not 0 <= correct <= sampled:
            self.findings.add("n_correct over n_sampled", f"{where}: {correct} of {sampled}")
        if sampled and self._told.setdefault((row["question_id"], row["teacher"]), (sampled, correct)) != (sampled, correct):
            self.findings.add("configs count samples differently", where)
        if not _rate_fits(row):
            told = f"{row['pass_rate']} for {correct} of {sampled} by {row['pass_rate_method'] or 'no method'}"
            self.findings.add("pass_rate is not that of its counts", f"{where}: {told}")
        if shard.config != "rl":
            self._sample(shard.config, row, where)
        elif row["order"] != order_of(row["pass_rate"], row["question_id"], self._order):
            self.findings.add("order is not that of the pass rate", f"{where}: {row['order']}")

    def close(self) -> None:
        """Counts the traces of each question against what its rows say; to be called where every shard was read."""
        for place, (sampled, correct) in self._told.items():
            question, teacher = place
            if (self._traces[place], self._correct[place]) != (sampled, correct):
                there = f"{self._correct[place]} of {self._traces[place]} are there, told are {correct} of {sampled}"
                self.findings.add("traces are not those counted", f"question {question}, teacher {teacher!r}: {there}")

    def _once(self, row: Row, shard: CorpusShard) -> None:
        place, sample = (row["question_id"], row["teacher"]), row["sample"]
        bit = 1 << sample if 0 <= sample < MOST_SAMPLES else 0
        if self._samples[place] & bit:
            self.findings.add("one sample under two ids", f"{row['id']} in {shard.name}: sample {sample} of {row['teacher'] or 'the gold'}")
        self._samples[place] |= bit

    def _sample(self, config: str, row: Row, where: str) -> None:
        self._kept[config, row["question_id"], row["teacher"]] += 1
        if self._kept[config, row["question_id"], row["teacher"]] > row["n_correct"]:
            self.findings.add("more kept than correct", where)
        if not 0 <= row["sample"] < max(row["n_sampled"], 1):
            self.findings.add("sample out of range", f"{where}: {row['sample']} of {row['n_sampled']}")


def _rate_fits(row: Row) -> bool:
    """Whether a row's pass rate and interval follow from its counts in the way that it names."""
    told = (row["pass_rate"], row["pass_rate_low"], row["pass_rate_high"], *row["pass_at"])
    if not row["teacher"] or not row["n_sampled"] or row["pass_rate_method"] == IMPORTED:
        return told == (None, None, None)
    try:
        design = read_method(row["pass_rate_method"], row["n_sampled"])
        rate, pass_at = design.estimate(row["n_sampled"], row["n_correct"]), design.pass_at(row["n_sampled"], row["n_correct"])
    except ValueError:
        return False
    wanted = (rate, *wilson(row["n_correct"], row["n_sampled"]), *pass_at)
    return len(told) == len(wanted) and all(
        one is not None and math.isclose(one, other, abs_tol=1e-9) for one, other in zip(told, wanted, strict=True)
    )


def _faults(row: Row) -> list[str]:
    """What in a row contradicts itself."""
    faults: list[str] = []
    pictured, markers = len(row.get("images", row.get("image_digests", ()))), row["problem"].count(MARKER)
    if markers != pictured and (markers or "images" in row):
        faults.append("image markers in problem differ in number from images")
    if "images" in row and len(row["image_digests"]) != pictured + len(row["withheld_images"]):
        faults.append("image_digests differ in number from images")
    if "images" in row and row["images"] and row["withheld_images"]:
        faults.append("some images there and some withheld")
    if "prompt" in row:
        faults += _prompt_faults(row, pictured)
    if "completion" in row and row["completion"] != [{"role": "assistant", "content": row["response"]}]:
        faults.append("completion is not response")
    if not row["id"] or not row["question_id"]:
        faults.append("no id")
    if "sampling_json" in row and not _is_object(row["sampling_json"]):
        faults.append("sampling_json is no JSON object")
    return faults + _gold_faults(row)


@lru_cache(1024)  # rows of one teacher say the same
def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _prompt_faults(row: Row, pictured: int) -> list[str]:
    faults: list[str] = []
    prompt, marked = _asked(row["prompt"]), _asked(row["verl_prompt"])
    if any(MARKER in message["content"] for message in row["prompt"]):
        faults.append("image marker in prompt")
    if sum(message["content"].count(MARKER) for message in row["verl_prompt"]) != pictured:
        faults.append("image markers in verl_prompt differ in number from images")
    if marked.strip() != row["problem"].strip():
        faults.append("verl_prompt is not problem")
    if prompt.strip() != row["problem"].replace(MARKER, "").strip():
        faults.append("prompt is not problem without markers")
    return faults


def _gold_faults(row: Row) -> list[str]:
    if not row["grading_json"]:
        return ["no gold"] if row["answer"] else []
    try:
        options = tuple(json.loads(row["options_json"]))
        Gold.from_json(row["answer_type"], options, row["grading_json"])
        told = answer_of(row["answer_type"], json.loads(row["grading_json"]), options)
    except (GoldError, ValueError, KeyError, TypeError, IndexError):
        return ["gold unreadable"]
    return [] if told == row["answer"] else ["answer is not the gold"]


def _copied_faults(row: Row, split: str) -> list[str]:
    """Where a row says one thing twice, and not the same; none where its options cannot be read, which is a fault already."""
    faults: list[str] = []
    if "reward_model" in row and row["reward_model"]["ground_truth"] != row["answer"]:
        faults.append("reward_model is not the answer")
    if "extra_info" in row:
        told = (row["extra_info"][name] for name in ("split", "question_id", "source"))
        if tuple(told) != (split, row["question_id"], row["source"]):
            faults.append("extra_info is not of the row")
    try:
        shown = unmarked("\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, json.loads(row["options_json"]), strict=False)))
    except (ValueError, TypeError):
        return faults
    return faults if shown in row["problem"] else [*faults, "options are not those of the problem"]


def _asked(messages: list[dict[str, str]]) -> str:
    """What the last message of a prompt says."""
    return messages[-1]["content"] if messages else ""
