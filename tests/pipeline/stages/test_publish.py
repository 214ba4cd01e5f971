"""Publish: rows that every trainer reads, and counts that leave nothing out."""

import json
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from pipeline.asked import Asked, PublishRecipe
from pipeline.groups import group_name
from pipeline.prompts import BOXED, DIRECT, by_name
from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.stages.publish import OUTPUTS, publish
from schemas.corpus import Rejected, Rl, Sft, SftText, Tally
from schemas.example import Chosen, Dropped, Example
from schemas.features import ENCODED_IMAGES
from schemas.image import Image
from schemas.trace import Judgement, Selected, Trace
from tests.fixtures.stage_rows import chosen, digest_of, example, image, images, judgement, selection, table, trace

Row = dict[str, Any]
TEACHER = Asked("t", ("text", "image"), BOXED, '{"model":"fake"}')
RECIPE = PublishRecipe((TEACHER,), BOXED, "v")
PICTURES = images(image("p"), image("q", format="jpeg"))
P, Q = digest_of("p"), digest_of("q")
ROWS = [example("1", images=[P]), example("2", images=[P, Q], source="b"), example("3"), example("4", published_split="heldout")]
# Of each question: verdict and reason of its samples.
TOLD = {"1": ["", "incorrect", ""], "2": ["incorrect"], "3": ["", "over the limit"], "4": [""]}


def made(
    rows: list[Row] | None = None,
    told: dict[str, list[str]] | None = None,
    recipe: PublishRecipe = RECIPE,
    held: pa.Table = PICTURES,
    dropped: pa.Table | None = None,
) -> dict[str, pa.Table]:
    told = TOLD if told is None else told
    verdict = {"": "correct", "over the limit": "correct"}
    teacher = recipe.teachers[0].teacher if recipe.teachers else ""
    flat = [(id, sample, reason) for id, reasons in told.items() for sample, reason in enumerate(reasons)]
    counts = {id: (len(reasons), sum(verdict.get(reason, reason) == "correct" for reason in reasons)) for id, reasons in told.items()}
    tables = publish(
        chosen(ROWS if rows is None else rows),
        held,
        Dropped.empty() if dropped is None else dropped,
        Trace.from_rows(trace(id, sample, f"<think>{id} {sample}</think> \\boxed{{B}}", teacher=teacher) for id, sample, _ in flat),
        Judgement.from_rows(judgement(id, sample, verdict.get(reason, reason)) for id, sample, reason in flat),
        Selected.from_rows(selection(id, sample, reason, *counts[id]) for id, sample, reason in flat),
        recipe,
    )
    assert set(tables) == set(OUTPUTS)
    return {name: OUTPUTS[name].conform(table, name) for name, table in tables.items()}


def ids(table: pa.Table) -> list[str]:
    return table["id"].to_pylist()


def test_kept_traces_are_in_sft_by_split_in_order() -> None:
    tables = made()
    assert ids(tables["sft-train"]) == ["1/0", "1/2", "3/0"]
    assert ids(tables["sft-heldout"]) == ["4/0"]
    assert ids(tables["sft_text-train"]) == ["3/0"]
    assert ids(tables["sft_text-heldout"]) == ["4/0"]


def test_every_trace_is_in_sft_or_rejected_and_every_question_in_rl() -> None:
    tables = made()
    kept = ids(tables["sft-train"]) + ids(tables["sft-heldout"])
    assert sorted(kept + ids(tables["rejected-train"])) == sorted(
        f"{id}/{sample}" for id, reasons in TOLD.items() for sample in range(len(reasons))
    )
    assert (ids(tables["rl-train"]), ids(tables["rl-heldout"])) == (["1", "2", "3"], ["4"])


@pytest.mark.parametrize("name", ["sft-train", "rl-train", "sft-heldout", "rl-heldout"])
def test_there_are_as_many_markers_as_images(name: str) -> None:
    for row in made()[name].to_pylist():
        assert row[Sft.problem].count("<image>") == len(row[Sft.images]) == len(row[Sft.image_digests])
        assert row[Sft.verl_prompt] == [{"role": "user", "content": row[Sft.problem]}]
        (message,) = row[Sft.prompt]
        assert message == {"role": "user", "content": row[Sft.problem].replace("<image>", "")}


def test_markers_that_upstream_or_a_teacher_wrote_are_not_counted_with_ours() -> None:
    rows = [
        example("1", question="<image>\nWhat is shown?", context="See <image>.", options=["<image> a", "b"], images=[P]),
        example("3", question="What is <image>?"),
    ]
    tables = made(rows, {"1": [""], "3": [""]})
    for name in ("sft-train", "rl-train", "sft_text-train"):
        for row in tables[name].to_pylist():
            assert row["problem"].count("<image>") == len(row.get("images", []))
            assert "<image>" not in row["prompt"][0]["content"]


def test_who_judged_and_what_is_odd_stand_in_every_published_trace() -> None:
    told = [trace("3", place) for place in (0, 1)]
    flags = {Judgement.flags: ["looping", "identity"], Judgement.boxes: 3, Judgement.rule: "model_judge"}
    tables = publish(
        chosen(ROWS),
        PICTURES,
        Dropped.empty(),
        Trace.from_rows(told),
        Judgement.from_rows([judgement("3", 0, **flags), judgement("3", 1, "incorrect", **flags)]),
        Selected.from_rows([selection("3", 0), selection("3", 1, "incorrect")]),
        RECIPE,
    )
    for name in ("sft-train", "sft_text-train", "rejected-train"):
        (row,) = tables[name].to_pylist()
        assert (row[Sft.rule], row[Sft.flags], row[Sft.boxes]) == ("model_judge", ["looping", "identity"], 3)


def test_the_place_of_the_answer_is_told_in_every_published_response() -> None:
    texts = [" why</think>It is \\boxed{B}.", "<think>not \\boxed{A}</think><image> \\boxed{B}<|im_end|>", " x</think> \\boxed{A}"]
    traces = Trace.from_rows(trace("3", place, text) for place, text in enumerate(texts))
    judgements = judge(traces, chosen(ROWS), JudgeRecipe("train", "v"))["judgements"]
    tables = publish(
        chosen(ROWS),
        PICTURES,
        Dropped.empty(),
        traces,
        judgements,
        Selected.from_rows([selection("3", 0), selection("3", 1), selection("3", 2, "incorrect")]),
        RECIPE,
    )
    for name, answers in (("sft-train", ["B", "B"]), ("sft_text-train", ["B", "B"]), ("rejected-train", ["A"])):
        rows = tables[name].to_pylist()
        assert [row[Sft.response][row[Sft.answer_start] : row[Sft.answer_stop]] for row in rows] == answers


def test_a_response_holds_no_marker() -> None:
    told = Trace.from_rows([trace("1", 0, "<think>The <image> shows a liver.</think> \\boxed{B}")])
    tables = publish(
        chosen(ROWS[:1]),
        PICTURES,
        Dropped.empty(),
        told,
        Judgement.from_rows([judgement("1")]),
        Selected.from_rows([selection("1")]),
        RECIPE,
    )
    (row,) = tables["sft-train"].to_pylist()
    assert "<image>" not in row[Sft.response] + row[Sft.completion][0]["content"]


def test_images_come_in_order_with_the_published_bytes_and_names() -> None:
    row = made()["rl-train"].to_pylist()[1]
    assert row[Rl.images] == [
        {"bytes": b"p", "path": f"{digest_of('published p')}.png"},
        {"bytes": b"q", "path": f"{digest_of('published q')}.jpg"},
    ]
    assert row[Rl.image_digests] == [P, Q]


def test_a_question_without_images_has_an_empty_list() -> None:
    assert made()["rl-heldout"][Rl.images].to_pylist() == [[]]
    assert "images" not in SftText.columns


def test_the_rows_of_one_image_stay_side_by_side() -> None:
    rows = [example(f"{n}", images=[[P], [Q]][n // 3]) for n in range(6)]
    table = made(rows, {f"{n}": ["", ""] for n in range(6)})["sft-train"]
    paths = [row[0]["path"] for row in table[Sft.images].to_pylist()]
    assert paths == sorted(paths, key=paths.index)
    assert ids(table) == [f"{n}/{sample}" for n in range(6) for sample in range(2)]


def test_an_image_is_held_once_however_many_rows_name_it() -> None:
    rows = [example(f"{n}", images=[[P, Q], [], [Q]][n % 3]) for n in range(7)]
    table = made(rows, {f"{n}": ["", ""] for n in range(7)})["sft-train"]
    assert table[Sft.images].type == ENCODED_IMAGES
    assert len(table[Sft.images].chunk(0).flatten().field("bytes").dictionary) == 2
    plainly = table[Sft.images].cast(Sft.images.type).to_pylist()
    assert plainly == table[Sft.images].to_pylist()
    assert [len(images) for images in plainly] == [2, 2, 0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]


def test_an_image_that_is_not_there_is_no_published_row() -> None:
    with pytest.raises(ValueError, match="images that are not there"):
        made([example("1", images=[digest_of("x")])], {"1": [""]})


def test_sft_has_the_thought_and_the_answer_in_one_form() -> None:
    row = made()["sft-train"].to_pylist()[0]
    assert row[Sft.response] == "<think>\n1 0\n</think>\n\n\\boxed{B}"
    assert row[Sft.completion] == [{"role": "assistant", "content": row[Sft.response]}]
    assert row[Sft.reward_model] == {"style": "rule", "ground_truth": "B"}
    assert row[Sft.extra_info] == {"split": "train", "index": 0, "question_id": "1", "source": "a"}
    assert row[Sft.problem].endswith(by_name("boxed").endings["mcq"])
    assert (row[Sft.teacher], row[Sft.prompt_name], row[Sft.sampling_json], row[Sft.verifier]) == ("t", "boxed", '{"model":"fake"}', "v")
    assert json.loads(row[Sft.options_json]) == ["yellow", "green"]
    assert (row[Sft.n_sampled], row[Sft.n_correct]) == (3, 2)


def test_samples_come_in_order_whatever_order_they_arrived_in() -> None:
    flat = [("1", 2), ("3", 0), ("1", 0), ("1", 1)]
    tables = publish(
        chosen(ROWS),
        PICTURES,
        Dropped.empty(),
        Trace.from_rows(trace(id, sample) for id, sample in flat),
        Judgement.from_rows(judgement(id, sample) for id, sample in flat),
        Selected.from_rows(selection(id, sample, sampled=3, correct=3) for id, sample in flat),
        RECIPE,
    )
    assert ids(tables["sft-train"]) == ["1/0", "1/1", "1/2", "3/0"]
    assert [row["index"] for row in tables["sft-train"][Sft.extra_info].to_pylist()] == [0, 1, 2, 0]


def test_pass_rates_are_of_the_samples() -> None:
    rows = made()["rl-train"].to_pylist() + made()["rl-heldout"].to_pylist()
    assert [(row[Rl.n_sampled], row[Rl.n_correct], row[Rl.pass_rate]) for row in rows] == [
        (3, 2, 2 / 3),
        (1, 0, 0.0),
        (2, 2, 1.0),
        (1, 1, 1.0),
    ]
    assert {row[Rl.no_trace] for row in rows} == {""}
    assert {row[Rl.teacher] for row in rows} == {"t"}


def test_a_question_that_no_teacher_sees_stays_in_rl_and_says_so() -> None:
    blind = PublishRecipe((Asked("t", ("text",), BOXED, "{}"),), BOXED, "v")
    rows = made(told={"3": [""], "4": ["incorrect"]}, recipe=blind)["rl-train"].to_pylist()
    assert [(row[Rl.no_trace], row[Rl.teacher], row[Rl.pass_rate], row[Rl.n_sampled]) for row in rows] == [
        ("no_teacher", "", None, 0)
    ] * 2 + [("", "t", 1.0, 1)]


def test_each_question_is_put_as_its_own_teacher_is_asked() -> None:
    two = PublishRecipe((Asked("t", ("text",), BOXED, "{}"), Asked("eye", ("image",), DIRECT, "{}")), BOXED, "v")
    rows = made(told={"3": [""]}, recipe=two)["rl-train"].to_pylist()
    direct, boxed = by_name("direct").endings["mcq"], by_name("boxed").endings["mcq"]
    assert [row[Rl.problem].endswith(ending) for row, ending in zip(rows, (direct, direct, boxed), strict=True)] == [True] * 3


def test_without_a_teacher_the_gold_is_the_response_and_no_pass_rate_is_told() -> None:
    none = PublishRecipe((), DIRECT, "v")
    tables = made(ROWS[:1], {"1": [""]}, none)
    (row,) = tables["sft-train"].to_pylist()
    assert row[Sft.response] == "<think>1 0</think> \\boxed{B}"
    assert row[Sft.prompt_name] == "direct"
    (question,) = tables["rl-train"].to_pylist()
    assert (question[Rl.pass_rate], question[Rl.no_trace]) == (None, "no_teacher")


def test_rejected_rows_say_why_in_the_split_of_their_question() -> None:
    tables = made(told=TOLD | {"4": ["refused"]})
    table, held = tables["rejected-train"], tables["rejected-heldout"]
    assert [(row[Rejected.id], row[Rejected.reason], row[Rejected.verdict]) for row in table.to_pylist()] == [
        ("1/1", "incorrect", "incorrect"),
        ("2/0", "incorrect", "incorrect"),
        ("3/1", "over the limit", "correct"),
    ]
    assert [(row[Rejected.id], row[Rejected.reason]) for row in held.to_pylist()] == [("4/0", "refused")]
    assert table[Rejected.response].to_pylist()[0] == "<think>1 1</think> \\boxed{B}"
    assert table[Rejected.image_digests].to_pylist() == [[P], [P, Q], []]


def test_the_tally_adds_up_at_every_stage() -> None:
    dropped = Dropped.from_rows(
        {"id": str(n), "source": "ab"[n % 2], "reason": ["row cap", "in benchmark"][n % 3 == 0], "evidence": ""} for n in range(7)
    )
    tables = made(dropped=dropped)
    sums: Counter[str] = Counter()
    for row in tables["tally"].to_pylist():
        sums[row[Tally.stage]] += row[Tally.count]
        assert row[Tally.count] > 0
    traces = sum(map(len, TOLD.values()))
    assert sums == {"choose": len(ROWS) + 7, "sample": len(ROWS), "judge": traces, "select": traces}
    told = {(row[Tally.stage], row[Tally.source], row[Tally.reason]): row[Tally.count] for row in tables["tally"].to_pylist()}
    assert told["choose", "b", "chosen"] == 1
    assert told["choose", "a", "in benchmark"] == 2
    assert told["select", "a", "kept"] == tables["sft-train"].num_rows + tables["sft-heldout"].num_rows == 4


def test_a_shard_of_nothing_is_published_as_empty_tables() -> None:
    tables = made([], {}, held=Image.empty())
    assert all(table.num_rows == 0 for table in tables.values())


def test_a_shard_of_which_no_question_was_asked_has_rl_rows_alone() -> None:
    tables = made(told={})
    assert [name for name, table in tables.items() if table.num_rows] == ["rl-train", "rl-heldout", "tally"]


def test_several_shards_are_published_like_one() -> None:
    first, second = made(ROWS[:2], {id: TOLD[id] for id in "12"}), made(ROWS[2:], {id: TOLD[id] for id in "34"})
    whole = made()
    for name in set(OUTPUTS) - {"tally"}:
        assert pa.concat_tables([first[name], second[name]]).equals(whole[name])


def test_verdicts_stand_beside_their_traces_whatever_their_order() -> None:
    traces = [trace("1"), trace("1", 1), trace("3")]
    judged = [judgement("1"), judgement("1", 1, "refused"), judgement("3", verdict="incorrect")]
    picked = [selection("1"), selection("1", 1, "refused"), selection("3", 0, "incorrect")]
    one, other = (
        publish(chosen(ROWS), PICTURES, Dropped.empty(), table(Trace, *a), table(Judgement, *b), table(Selected, *c), RECIPE)
        for a, b, c in ((traces, judged, picked), (traces[::-1], judged, [picked[1], picked[2], picked[0]]))
    )
    assert [row[Rejected.verdict] for row in one["rejected-train"].to_pylist()] == ["refused", "incorrect"]
    assert all(one[name].equals(other[name]) for name in OUTPUTS)


@pytest.mark.parametrize("judged", [[judgement("1"), judgement("2")], [judgement("1")], [judgement(id) for id in "123"]])
def test_verdicts_on_other_traces_are_refused(judged: list[Row]) -> None:
    traces, picked = table(Trace, trace("1"), trace("3")), table(Selected, selection("1"), selection("3"))
    with pytest.raises(ValueError, match="not those of the traces"):
        publish(chosen(ROWS), PICTURES, Dropped.empty(), traces, table(Judgement, *judged), picked, RECIPE)


def test_of_a_cascade_rl_tells_the_first_teacher_and_every_trace_its_own_prompt() -> None:
    recipe = PublishRecipe((Asked("t", ("text",), BOXED, "{}"), Asked("u", ("text",), DIRECT, "{}", "t")), BOXED, "v")
    traces = [trace("3", 0, id="a", teacher="u"), trace("3", 0), trace("3", 1)]
    judged = [judgement("3", 0, "incorrect"), judgement("3", 1, "incorrect"), judgement("3", 0) | {Judgement.id: "a"}]
    picked = [selection("3", place, "incorrect", 2, 0) for place in (0, 1)] + [selection("3") | {Selected.id: "a"}]
    tables = publish(
        chosen(ROWS[2:3]), PICTURES, Dropped.empty(), table(Trace, *traces), table(Judgement, *judged), table(Selected, *picked), recipe
    )
    (asked,), (kept,), rejected = (tables[name].to_pylist() for name in ("rl-train", "sft-train", "rejected-train"))
    assert (asked[Rl.teacher], asked[Rl.n_sampled], asked[Rl.n_correct], asked[Rl.pass_rate]) == ("t", 2, 0, 0.0)
    assert (kept[Sft.teacher], kept[Sft.n_sampled], kept[Sft.pass_rate]) == ("u", 1, 1.0)
    assert asked[Rl.problem].endswith(by_name("boxed").endings["mcq"])
    assert kept[Sft.problem].endswith(by_name("direct").endings["mcq"])
    assert kept[Sft.prompt][0]["content"] == kept[Sft.problem] == kept[Sft.verl_prompt][0]["content"]
    assert [row[Rejected.sample] for row in rejected] == [0, 1]


def test_every_column_of_a_question_is_published_as_it_was_chosen() -> None:
    told = {Example.row: "row 9", Example.domain: "skin", Example.license: "MIT", Example.modality: "x-ray", Example.split: "dev"}
    (row,) = made([example("3", **told)], {"3": [""]})["sft-train"].to_pylist()
    assert (row[Sft.source_row], row[Sft.domain], row[Sft.license], row[Sft.modality], row[Sft.source_split]) == (
        "row 9",
        "skin",
        "MIT",
        "x-ray",
        "dev",
    )
    assert row[Sft.grading_json] == '{"index":1}'
    assert Chosen.published_split not in row


def test_a_group_is_published_under_a_name_that_does_not_tell_it() -> None:
    (row,) = made([example("3", **{Example.group: "patient 7"})], {"3": [""]})["sft-train"].to_pylist()
    assert row[Sft.source_group] == group_name(row[Sft.source], "patient 7") != group_name("another", "patient 7")
    assert len(row[Sft.source_group]) == 16
    assert made([example("3")], {"3": [""]})["rl-train"][Rl.source_group].to_pylist() == [""]
