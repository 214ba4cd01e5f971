"""Thousands of real model outputs: nothing wrong is accepted, hardly anything right is lost."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from pipeline.verify.answer import Policy, verify
from pipeline.verify.flags import flags
from pipeline.verify.think import normalise_trace, split_think
from schemas.trace import Verdict
from tests.fixtures.trace_labels import BOXED, CHECKED, LABELS
from tests.fixtures.upstream_traces import Output, outputs

BLIND = {mark: label for label, marks in LABELS.items() for mark in marks.split()}
LABELLED = {mark: label for label, marks in CHECKED.items() for mark in marks.split()} | BLIND | BOXED
READ = (Verdict.CORRECT, Verdict.INCORRECT)


def _gold(output: Output) -> str:
    return output.gold.values[0] if output.gold.values else chr(ord("A") + output.gold.indexes[0])


def _agrees(output: Output, label: str) -> bool:
    judged = verify(output.text, output.gold)
    if label == "?":
        return judged.verdict is Verdict.AMBIGUOUS
    if label == "-":
        return judged.verdict not in (*READ, Verdict.AMBIGUOUS, Verdict.CONFLICT)
    return judged.verdict in READ and judged.extracted == label


def test_outputs_read_before_the_code_are_read_alike() -> None:
    known = [output for name in ("mmlu_pro", "mirage", "m1", "thoughtsource") for output in outputs(name) if output.mark in BLIND]
    missed = [output.mark for output in known if not _agrees(output, BLIND[output.mark])]
    assert len({output.mark for output in known}) >= 200
    assert len(missed) <= 0.01 * len(known), missed


@pytest.mark.parametrize("name", ["mmlu_pro", "mirage", "thoughtsource", "nemo"])
def test_no_labelled_output_is_accepted_wrongly(name: str) -> None:
    known = [output for output in outputs(name) if output.mark in LABELLED]
    right = [output for output in known if LABELLED[output.mark] == _gold(output)]
    for output in known:
        for policy in Policy:
            if verify(output.text, output.gold, policy=policy).verdict is Verdict.CORRECT:
                assert LABELLED[output.mark] == _gold(output), output.mark
    lost = [output.mark for output in right if verify(output.text, output.gold).verdict is not Verdict.CORRECT]
    assert len(lost) <= max(1, 0.01 * len(right)), lost


@pytest.mark.parametrize("name", ["mmlu_pro", "thoughtsource"])
def test_no_labelled_output_is_accepted_for_another_letter(name: str) -> None:
    for output in outputs(name):
        label = LABELLED.get(output.mark, "")
        for index in range(len(output.gold.options)) if label else ():
            if verify(output.text, replace(output.gold, indexes=(index,))).verdict is Verdict.CORRECT:
                assert label == chr(ord("A") + index), output.mark


@pytest.mark.parametrize("name", ["mmlu_pro", "thoughtsource", "nemo"])
def test_every_disagreement_with_upstream_was_read(name: str) -> None:
    rows = outputs(name)
    differ = [output.mark for output in rows if (verify(output.text, output.gold).verdict is Verdict.CORRECT) != (output.upstream is True)]
    assert set(differ) <= set(LABELLED)


def test_maths_agrees_with_upstream() -> None:
    rows = outputs("nemo")
    same = sum((verify(output.text, output.gold).verdict is Verdict.CORRECT) == output.upstream for output in rows)
    assert same >= 0.98 * len(rows)


def test_json_answers_are_right_only_by_letter_or_whole_text() -> None:
    counts: Counter[bool] = Counter()
    for output in outputs("mirage"):
        judged = verify(output.text, output.gold)
        found = re.findall(r'"answer_choice"\s*:\s*"((?:[^"\\]|\\.)*)"', output.text)
        if judged.verdict is Verdict.CORRECT and found:
            index = output.gold.indexes[0]
            said = json.loads(f'"{found[-1]}"').strip()
            letter, text = chr(ord("A") + index), output.gold.options[index].strip(" .")
            assert said.startswith(letter) or said.strip(" .").casefold() == text.casefold(), output.key
            counts[True] += 1
    assert counts[True] > 300


def test_empty_boxes_are_no_answers() -> None:
    assert {verify(output.text, output.gold).verdict for output in outputs("m1")} == {Verdict.NO_ANSWER}


def test_stray_tags_come_to_one_pair() -> None:
    for output in outputs("r1"):
        normal = normalise_trace(output.text)
        assert normal.count("<think>") == normal.count("</think>") == 1
        assert split_think(output.text).answer_start <= len(output.text)


def test_train_accepts_boxes_alone() -> None:
    for name in ("mmlu_pro", "thoughtsource", "nemo"):
        for output in outputs(name):
            if verify(output.text, output.gold, policy=Policy.TRAIN).verdict is Verdict.CORRECT:
                assert "\\boxed" in output.text
                assert verify(output.text, output.gold).verdict is Verdict.CORRECT


def test_loops_of_a_base_model_are_flagged() -> None:
    looping = [output for output in outputs("mmlu_pro") if flags(output.text).looping]
    assert len(looping) >= 10
    assert sum(output.file == "Llama-2-70b-hf" for output in looping) > 0.5 * len(looping)
