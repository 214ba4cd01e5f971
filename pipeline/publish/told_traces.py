"""What the card says of traces: who was asked, what it cost, who judged, and what is odd about them."""

from collections.abc import Mapping
from typing import Any

from pipeline.models.prices import usd
from pipeline.publish.markdown import code, table, text
from schemas.manifest import Manifest, Student, Teacher
from schemas.manifest_parts import ShotsFrom
from schemas.manifest_select import QuestionRule
from schemas.trace import JUDGE_UNREADABLE, MODEL_JUDGE

Lock = Mapping[str, Any]


def teachers_section(lock: Lock, manifest: Manifest) -> str:
    """Who was asked, how, and how many traces of each were kept."""
    kept, rejected = (traces_of(lock, fate, "teacher") for fate in ("kept", "rejected"))
    parts: list[str] = []
    if manifest.teachers:
        parts.append(table(("teacher", "model", "sees", "prompt", "sampling"), [_teacher(one) for one in manifest.teachers]))
    names = sorted(set(kept) | set(rejected))
    if names:
        rows = [(code(name) if name else "none: the gold is the completion", kept.get(name, 0), rejected.get(name, 0)) for name in names]
        parts.append(table(("teacher", "kept", "rejected"), rows))
    right, wrong = (traces_of(lock, fate, "model") for fate in ("kept", "rejected"))
    models = [(code(name), right.get(name, 0), wrong.get(name, 0)) for name in sorted(set(right) | set(wrong)) if name]
    if models:
        parts.append("Models as the servers name them:\n\n" + table(("model", "kept", "rejected"), models))
    said = (
        f"Answers are compared with the gold by {code(lock['verifier'])} under the policy {code(lock['policy'])}. Of a question's correct "
    )
    said += f"traces at most {manifest.select.max_per_question} are kept, each text once and none without a thought."
    if manifest.select.keep == "diverse":
        said += " Where there are more, those stay whose thoughts are least like each other."
    said += "".join(_rule(name, rule) for name, rule in (("sft", manifest.select.sft), ("rl", manifest.select.rl)) if rule.drops)
    said += _judged(lock)
    if not manifest.teachers:
        said = "No teacher was asked."
    return "\n\n".join([*parts, said])


def costs_section(lock: Lock) -> str:
    """What the answers of each teacher cost when they were asked."""
    if not lock["costs"]:
        return "No answer was paid for."
    rows = [
        (code(name), *(told[kind] for kind in ("answers", "prompt_tokens", "completion_tokens")), _amount(told))
        for name, told in lock["costs"].items()
    ]
    said = "What the published answers, kept and rejected, cost when they were asked; the column `cost_nanousd` has each (in 10^-9 USD)."
    return f"{said}\n\n" + table(("teacher", "answers", "prompt tokens", "completion tokens", "cost"), rows)


def _amount(told: Mapping[str, int]) -> str:
    if told["unpriced"] == told["answers"]:
        return "not known"
    rest = f", and {number(told['unpriced'], 'answer')} without a known price" if told["unpriced"] else ""
    return usd(told["cost_nanousd"]) + rest


def _judged(lock: Lock) -> str:
    """Who judges open answers besides the verifier."""
    judge = lock["judge"]
    if not judge:
        return ""
    kept, rejected = (traces_of(lock, fate, "rule").get(MODEL_JUDGE, 0) for fate in ("kept", "rejected"))
    said = f" Open answers that it calls wrong were put to the model {code(judge['model'])} (prompt {code(judge['prompt'])}), which called"
    said = f"{said} {number(kept, 'kept trace')} and {number(rejected, 'rejected one')} right: rule {code(MODEL_JUDGE)}."
    unread = traces_of(lock, "rejected", "rule").get(JUDGE_UNREADABLE, 0)
    if unread:
        said += f" On {number(unread, 'trace')} it gave no verdict that could be read: these are rejected as neither right nor wrong, "
        said += f"rule {code(JUDGE_UNREADABLE)}, its words in `error`."
    return said


def flags_section(lock: Lock) -> str:
    """What is odd about completions, counted."""
    kept, rejected = (traces_of(lock, fate, "flag") for fate in ("kept", "rejected"))
    names = sorted(set(kept) | set(rejected))
    if not names:
        return "No trace has a flag."
    rows = [(code(name), kept.get(name, 0), rejected.get(name, 0)) for name in names]
    said = "What is odd about completions, found by rule and told in the column `flags`; nothing was left out because of a flag."
    return f"{said}\n\n" + table(("flag", "kept", "rejected"), rows)


def _teacher(one: Teacher) -> tuple[str, ...]:
    if one.imported:
        return code(one.name), code(one.model), "–", code(one.prompt), "published by the sources, judged here; no one was asked"
    sampling = f"{_samples(one)} × temperature {one.temperature:g}, top_p {one.top_p:g}, max_tokens {one.max_tokens}"
    sampling += f", structure {one.structure}" if one.structure else ""
    sampling += ", a system message" if one.system else ""
    if isinstance(one, Student):
        sampling += ", a student" + (", asked for the pass rates of `rl` alone" if one.on == "rl" else "")
        sampling += f", images at {one.pixels[0]:,} to {one.pixels[1]:,} pixels" if one.pixels else ""
    if isinstance(one.shots, ShotsFrom):
        sampling += f", {number(one.shots.n, 'solved question')} of {one.shots.source} shown"
    elif one.shots:
        sampling += f", {number(len(one.shots), 'solved question')} shown"
    return code(one.name), code(one.model), text(", ".join(one.sees)), code(one.prompt), text(sampling)


def _rule(config: str, rule: QuestionRule) -> str:
    """Which questions of train go into a config."""
    told: list[str] = []
    if rule.pass_rate is not None:
        told.append(f"whose pass rate lies from {rule.pass_rate[0]:g} to {rule.pass_rate[1]:g}")
    if rule.bands:
        bands = ", ".join(f"{band.share:.0%} of {band.pass_rate[0]:g} to {band.pass_rate[1]:g}" for band in rule.bands)
        told.append(f"by shares of pass rates ({bands})")
    if rule.mixed:
        told.append("that some samples got right and some wrong")
    if rule.per_domain:
        told.append(f"of which the {rule.per_domain:,} {rule.first}est of each domain".replace("easyest", "easiest"))
    beside = f", and all of {', '.join(map(code, rule.besides))}" if rule.besides else ""
    return f" Into {code(config)} go the questions of train {'; '.join(told)}{beside}."


def _samples(one: Teacher) -> str:
    """How many samples a question gets, and which questions get any."""
    told = str(one.samples)
    if one.rounds:
        until = f" until {one.until_correct} are correct" if one.until_correct else ""
        caps = [f"at most {cap.samples} where {cap.pass_rate[0]:g} to {cap.pass_rate[1]:g} of the first are" for cap in one.caps]
        told = ", ".join([f"rounds of {' + '.join(map(str, one.rounds))}{until}", *caps])
    if one.after:
        below = one.after.pass_rate_below
        few = f"a pass rate below {below:g}" if below else f"fewer than {one.after.correct_below or 1} correct"
        told += f", where {one.after.teacher} has {few},"
    return told


def traces_of(lock: Lock, fate: str, facet: str) -> dict[str, int]:
    """Kept or rejected traces, counted by what a facet says of them."""
    return lock["traces"].get(fate, {}).get(facet, {})


def number(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
