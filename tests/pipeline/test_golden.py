"""Golden digests: what a stage makes of small fixed tables may move only together with its version.

`PYTHONPATH=. python tests/pipeline/test_golden.py` prints the dict anew, once the versions in jobs/steps are bumped.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from jobs.plan import build_graph
from jobs.steps.given import Input
from jobs.steps.parts import finished_graph, pilot_graph
from pipeline.asked import Asked, PublishRecipe
from pipeline.fingerprint import digest_columns, fingerprint, table_digest
from pipeline.images.bound import BOUND_VERSION
from pipeline.images.burned import BURNED_VERSION
from pipeline.images.clean import CLEAN_VERSION
from pipeline.images.confirm import CONFIRM_VERSION
from pipeline.images.decode import MEASURE_VERSION
from pipeline.images.near import NEAR_VERSION
from pipeline.images.phash import HASH_VERSION
from pipeline.images.thumbnail import THUMBNAIL_VERSION
from pipeline.models.generate import NOT_ASKED, Completion
from pipeline.prompts import BOXED, worked_examples
from pipeline.rulings import Ruling
from pipeline.stages.ask_judge import AskJudgeRecipe, ask_judge
from pipeline.stages.bound_images import BoundRecipe, bound_images
from pipeline.stages.choose import ChooseRecipe, choose
from pipeline.stages.decide_overlaps import DecideOverlapsRecipe, decide_overlaps
from pipeline.stages.find_duplicates import DuplicatesRecipe, find_duplicates
from pipeline.stages.find_letters import LettersRecipe, find_letters
from pipeline.stages.find_near_images import NearRecipe, find_near_images
from pipeline.stages.find_near_texts import NearTextsRecipe, find_near_texts
from pipeline.stages.find_overlaps import OverlapsRecipe, find_overlaps
from pipeline.stages.gather import GatherRecipe, gather
from pipeline.stages.hash_images import HashRecipe, hash_images
from pipeline.stages.ingest import IngestRecipe, ingest
from pipeline.stages.join_images import JoinRecipe, join_images
from pipeline.stages.join_texts import JoinTextsRecipe, join_texts
from pipeline.stages.judge import JudgeRecipe, judge
from pipeline.stages.narrow import NarrowRecipe, narrow, place_of
from pipeline.stages.partition import PartitionRecipe, partition
from pipeline.stages.pick_shots import PickShotsRecipe, find_shots, pick_shots
from pipeline.stages.pick_texts import PickTextsRecipe, pick_texts
from pipeline.stages.publish import OUTPUTS, publish
from pipeline.stages.rank import RankRecipe, rank
from pipeline.stages.rate import RateRecipe, Rule, rate
from pipeline.stages.sample import SampleRecipe, sample
from pipeline.stages.scan_text import ScanRecipe, scan_text
from pipeline.stages.select import SelectRecipe, select
from pipeline.stages.settle import SettleRecipe, settle
from pipeline.stages.show_overlaps import ShowRecipe, show_overlaps
from pipeline.stages.shrink_images import ShrinkRecipe, shrink_images
from pipeline.stages.sketch_images import SketchRecipe, sketch_images
from pipeline.stages.sketch_texts import SketchTextsRecipe, sketch_texts
from pipeline.stages.thin import ThinRecipe, thin
from pipeline.texts.decide import Decision
from pipeline.texts.differ import DIFFER_VERSION
from pipeline.texts.identifiers import SCANNER_VERSION
from pipeline.texts.minhash import SKETCH_VERSION
from pipeline.texts.overlap import DETECTOR_VERSION
from schemas.contract import Contract
from schemas.corpus import Thumbnail
from schemas.example import AnswerType, Chosen, Dropped, Example, Identified, Reject
from schemas.graph import SHARD, Duplicate, Finding, Overlap, Partition, Rank
from schemas.image import Image, ImageHash, Lettered
from schemas.manifest import read_manifest
from schemas.picture import HeldImage, ImageSketch, NearBenchmarkImage, NearImage, NearPair, Picture, ShownBenchmarkImage, ShownImage
from schemas.rated import Rated, Thinned
from schemas.shot import SolvedQuestion
from schemas.similar import NearText, PickedText, Similar, TextPair, TextSketch
from schemas.trace import Judgement, Selected, Trace
from sources import medmcqa
from sources.source import Row
from tests.fixtures.asking import FakeGenerate
from tests.fixtures.pictures import lettered_png
from tests.fixtures.stage_rows import (
    chosen,
    digest_of,
    example,
    examples,
    finding,
    hashed,
    hashes,
    held,
    image,
    images,
    judgement,
    mcq,
    overlap,
    pictured,
    pictures,
    selection,
    sharded,
    similar,
    trace,
)

# The digest of each stage's outputs under the version that its step has.
GOLDEN: dict[str, tuple[int, str]] = {
    "ingest": (4, "5b05564a2019f998b16c0a2446089c11"),
    "partition": (1, "272a16d23ce9da6d99cce838bc1b290f"),
    "gather": (3, "ea24cf6a8ca6edec0ab4668e679c5891"),
    "hash_images": (2, "049e69db5b4ddbc00d9792802f5f28c7"),
    "find_near_images": (1, "fcbfe1b4ee6f87b3047f80e78452f28f"),
    "sketch_images": (1, "8bbbd9cafcbca1b87dc64600db2c2908"),
    "join_images": (2, "3921e6e7fe98407b44ef996d9d8e65a8"),
    "bound_images": (2, "0aa288de7245c19090bfb4b4168f0b76"),
    "find_duplicates": (4, "6adebd9e1241f3340fdca64ea3fe08ae"),
    "find_overlaps": (3, "3dec630166ab96ddbca2398a237fbae0"),
    "decide_overlaps": (1, "545b5ca3d581adadce19783e1325ad31"),
    "shrink_images": (1, "cf971d521641416ffd3fc50e2172ff36"),
    "show_overlaps": (1, "90f59d5e4c4a09c47ae5c5d73bb11dea"),
    "sketch_texts": (2, "560a9e496aabe4f6ca8b1899c8766c2e"),
    "find_near_texts": (1, "f36c51bca39064d076c241657a22b69b"),
    "pick_texts": (1, "cc7f1b6247c0a6e09076fd3a2768baa1"),
    "join_texts": (1, "f82a540433bd4d573d82b78c589cc5b1"),
    "rank": (5, "5a96672b7e7cc240653103b5c7fa01b5"),
    "scan_text": (1, "192042cc22a2b45ab1121c55497a5232"),
    "find_letters": (1, "61ff17691afc80dc7a21d06350fab034"),
    "choose": (4, "46129c5bc6a4ef73108e36880dcb690f"),
    "sample": (2, "b15586817433b551c17d2e34a4d728b4"),
    "judge": (2, "477d4410a71d0b47952392afadb9998f"),
    "ask_judge": (2, "918280c6aef603b97f6b185bc2bf1b7d"),
    "select": (4, "c8dfeaf9dbaf7e225a13cdfb50a1945d"),
    "rate": (1, "6ef1891fddc959520dd771d5396e5239"),
    "thin": (1, "998d7147ccf5d2716b8ffc9a1b3aeed0"),
    "find_shots": (1, "e0f2c3c38989736c384b3e5aeeecfbde"),
    "pick_shots": (1, "1f005f15e06669d8aaf6609e8cce3f3b"),
    "narrow": (2, "48ed88b24fb2af705b5c6e45d3138dfe"),
    "settle": (2, "155ea793c9786ade51087fdd435c5e0d"),
    "publish": (9, "6d81dbc592cf0e48615d8e08ead108ec"),
}
WRITES: dict[str, Mapping[str, type[Contract]]] = {
    "ingest": {"examples": Example, "images": Image, "rejects": Reject},
    "partition": {"partition": Partition},
    "gather": {"examples": Example, "images": Image, "rejects": Reject},
    "hash_images": {"hashes": ImageHash},
    "find_near_images": {"near": NearImage, "benchmark_near": NearBenchmarkImage, "pairs": NearPair},
    "sketch_images": {"sketches": ImageSketch},
    "join_images": {"pictures": Picture, "held": HeldImage, "shown": ShownImage, "benchmark_shown": ShownBenchmarkImage},
    "bound_images": {"images": Image},
    "find_duplicates": {"duplicates": Duplicate},
    "find_overlaps": {"findings": Finding},
    "decide_overlaps": {"overlaps": Overlap},
    "shrink_images": {"thumbnails": Thumbnail},
    "show_overlaps": {"thumbnails": Thumbnail},
    "rank": {"ranks": Rank},
    "scan_text": {"identified": Identified},
    "find_letters": {"lettered": Lettered},
    "sketch_texts": {"sketches": TextSketch},
    "find_near_texts": {"near": NearText, "pairs": TextPair},
    "pick_texts": {"picked": PickedText},
    "join_texts": {"similar": Similar},
    "choose": {"chosen": Chosen, "dropped": Dropped},
    "sample": {"traces": Trace},
    "judge": {"judgements": Judgement},
    "ask_judge": {"judgements": Judgement},
    "select": {"selected": Selected},
    "rate": {"rated": Rated},
    "thin": {"thinned": Thinned},
    "find_shots": {"shots": SolvedQuestion},
    "pick_shots": {"shots": SolvedQuestion},
    "narrow": {"chosen": Chosen},
    "settle": {"chosen": Chosen, "dropped": Dropped},
    "publish": OUTPUTS,
}
MANIFEST = """
name = "golden"
[[source]]
name = "medmcqa"
[images]
max_pixels = 1024
[privacy]
pictures = "drop"
[[benchmark]]
name = "held"
kind = "table"
path = "held.jsonl"
question = "q"
gold = { column = "g", as = "text" }
license = "MIT"
[[teacher]]
name = "t"
model = "m"
shots = { source = "medmcqa", n = 1 }
[judge.model]
name = "j"
model = "m"
[select.rl]
mixed = true
per_domain = 2
"""
P, Q = digest_of("p"), digest_of("q")
ROWS = [
    example("11", content="x", images=[P]),
    example("12", content="x", images=[Q], source="b"),
    example("13", content="y", group="case"),
    example("14", content="y", gold_json=mcq(0), source="b"),
    example("15", content="z"),
    example("16", content="w", group="case"),
    example("17", content="v"),
]
SAME = pictures(pictured("p"), pictured("q", "p"))
STEM = "A nurse of {} years has had fever, night sweats and a dry cough for {} weeks after a journey. Which test is done first?"
REWORDED = [
    example("21", question=STEM.format(40, 3)),
    example("22", question=STEM.format(40, 3).replace("has had", "has had the")),
    example("23", question=STEM.format(51, 3), source="b"),
    example("24", question="Is this normal?", images=[P]),
]


def png(value: int) -> bytes:
    """A grey picture of 2 by 2 pixels, its data stored and not compressed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compress(bytes([0, value, 1, 0, 2, value]), 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", b"a\0b")
        + chunk(b"IDAT", lines)
        + chunk(b"IEND", b"")
    )


def ingested() -> dict[str, pa.Table]:
    rows = [
        Row("1", "Which colour?", options=("yellow", "green"), gold={"index": 1}),
        Row("2", "Is it?", AnswerType.YESNO, {"value": "no"}, images=(png(9), png(200)), group="g", subject="skin", license="MIT"),
        Row(
            "3",
            "How much?",
            AnswerType.NUMERIC,
            {"value": "4", "low": "4", "high": "4", "unit": "mg"},
            context="Once.",
            images=(b"broken",),
        ),
        Row("4", ""),
        Row("5", "Which?", options=("a", "b"), gold={"index": 5}),
    ]
    recipe = IngestRecipe(
        source="a", dataset="d", dataset_version=1, layout="l", split="train", license="CC0-1.0", clean_version=CLEAN_VERSION
    )
    return ingest(rows, "f.jsonl", recipe)


def partitioned() -> dict[str, pa.Table]:
    keys = sorted(row[Example.key] for row in ROWS)
    table = sharded(pa.table({Example.key: pa.array(keys[::2] + keys[1::2], pa.binary(16))}), [0] * 4 + [1] * 3)
    sizes = pa.table({Image.digest: pa.array([P]), Image.size: pa.array([9])})
    return partition(table, sharded(sizes), PartitionRecipe(max_rows=2))


def drawings() -> list[dict[str, Any]]:
    return [*(image(str(value), bytes=png(value)) for value in (9, 10, 200)), image("c", bytes=b"", fault="broken image")]


def measured() -> dict[str, pa.Table]:
    return hash_images(Image.from_rows(drawings()), HashRecipe(HASH_VERSION))


def found_near() -> dict[str, pa.Table]:
    table = measured()["hashes"]
    return find_near_images(sharded(table.slice(0, 2)), NearRecipe(18, NEAR_VERSION), sharded(table.slice(1)))


def sketched(of: str = "near") -> dict[str, pa.Table]:
    return sketch_images(Image.from_rows(drawings()[:3]), found_near()[of], SketchRecipe(MEASURE_VERSION, CONFIRM_VERSION, True))


def joined_up() -> dict[str, pa.Table]:
    table = sharded(measured()["hashes"])
    theirs = examples([example("90", source="bench", images=[digest_of("10"), digest_of("c")])])
    recipe = JoinRecipe(CONFIRM_VERSION)
    sketches = sketched()["sketches"], sketched("benchmark_near")["sketches"]
    return join_images(table, found_near()["pairs"], sketches[0], recipe, theirs, table.slice(1), sketches[1])


def bound_up() -> dict[str, pa.Table]:
    return bound_images(Image.from_rows([image("a", bytes=png(9)), image("b", bytes=b"broken")]), BoundRecipe(4, BOUND_VERSION))


def found_duplicates() -> dict[str, pa.Table]:
    return find_duplicates(sharded(examples(ROWS), [0, 0, 0, 1, 1, 1, 1]), SAME, DuplicatesRecipe())


def found_overlaps() -> dict[str, pa.Table]:
    vignette = "A farmer of 63 years coughs blood at night and has lost weight; his chest film shows a cavity in the upper lobe. Which test is next?"
    reworded = (
        "A 63-year-old farmer has been coughing blood at night with weight loss. Chest film: cavity, upper lobe. Which test comes next?"
    )
    theirs = [
        example("90", source="bench", question="Question 15?"),
        example("91", source="bench", images=[Q], group="case"),
        example("92", source="bench", question=vignette),
    ]
    rows = examples([*ROWS, example("18", question=reworded)])
    shown = HeldImage.from_rows([held("p", "q", benchmark="bench"), held("q", "q", "image", benchmark="bench")])
    return find_overlaps(rows, shown.drop_columns([SHARD]), examples(theirs), OverlapsRecipe("bench", DETECTOR_VERSION))


def decided_overlaps() -> dict[str, pa.Table]:
    found = [
        finding("15"),
        finding("11", rule="near", score=0.8),
        finding("13", kind="case", rule="same case", found="report"),
        finding("13", kind="case", rule="same case", source="b"),
        finding("12", benchmark="closed"),
    ]
    rulings = (Ruling(Decision.REPORT, "other drug", rule="near", below=0.9),)
    recipe = DecideOverlapsRecipe(rulings, same_cases=(("a", "bench"),), withheld=("closed",))
    return decide_overlaps(sharded(Finding.from_rows(found)), recipe)


def shrunk() -> dict[str, pa.Table]:
    asked = ShownImage.from_rows([{SHARD: 0, ShownImage.digest: digest_of(name)} for name in ("9", "c")])
    return shrink_images(Image.from_rows(drawings()), asked, ShrinkRecipe(THUMBNAIL_VERSION))


def shown_overlaps() -> dict[str, pa.Table]:
    told = [("o", "bench", "o", "t"), ("u", "closed", "u", "w")]
    met = [overlap(id, benchmark=name, image=digest_of(ours), benchmark_image=digest_of(theirs)) for id, name, ours, theirs in told]
    small = [{Thumbnail.digest: digest_of(name), Thumbnail.image: {"bytes": name.encode(), "path": "p"}} for name in "otuwx"]
    return show_overlaps(Overlap.from_rows(met), Thumbnail.from_rows(small[:1]), ShowRecipe(("closed",)), Thumbnail.from_rows(small[1:]))


def found_near_texts() -> dict[str, pa.Table]:
    sketches = sketch_texts(examples(REWORDED), SketchTextsRecipe(SKETCH_VERSION))["sketches"]
    return find_near_texts(sharded(examples(REWORDED), [0, 0, 1, 1]), sketches, SAME, NearTextsRecipe(0.7, SKETCH_VERSION))


def joined_texts() -> dict[str, pa.Table]:
    found = found_near_texts()
    picked = sharded(pick_texts(examples(REWORDED), found["near"], PickTextsRecipe())["picked"], [0, 0, 1])
    return join_texts(picked, found["pairs"], JoinTextsRecipe(0.7, ("a", "b"), True, SKETCH_VERSION, DIFFER_VERSION))


def ranked() -> dict[str, pa.Table]:
    met = sharded(Overlap.from_rows([overlap("15"), overlap("17", decision="report")]))
    near = Similar.from_rows([similar("17", "11"), similar("13", "16", against=["numbers"])])
    recipe = RankRecipe(sources=("a", "b"), max_rows=(3, 0), heldout=0.4, drops_similar=True)
    return rank(sharded(examples(ROWS)), hashes(hashed("p"), hashed("q")), SAME, found_duplicates()["duplicates"], recipe, met, near)


def scanned() -> Mapping[str, pa.Table]:
    told = "Mrs. Ada Byron was admitted on March 3, 2019."
    rows = [ROWS[0], ROWS[1] | {Example.question: told, Example.context: told, Example.options: ["none", told]}]
    return scan_text(examples(rows), ScanRecipe(SCANNER_VERSION))


def chose() -> dict[str, pa.Table]:
    told = {Rank.id: [row[Example.id] for row in ROWS], Rank.reason: ["", "row cap"] * 3 + [""], Rank.evidence: ["", "3"] * 3 + [""]}
    return choose(
        examples(ROWS), pa.table(told | {Rank.published_split: ["train"] * 5 + ["heldout"] * 2, Rank.weight: [1.0] * 7}), ChooseRecipe()
    )


def sampled() -> dict[str, pa.Table]:
    recipe = SampleRecipe("t", "m", ("text", "image"), (), BOXED, "", 0, 2, 0.6, 0.95, 100, 7)
    handle = FakeGenerate(lambda request, index: Completion(f"<think>{index}</think> \\boxed{{B}}", "stop", "served", 3, 4))
    rows = chosen([ROWS[0], ROWS[2]])
    plainly = sample(rows, recipe, handle, images(image("p")))["traces"]
    held = sample(
        rows,
        replace(recipe, teacher="u", structure="think_boxed", structure_version=1, worked=worked_examples(BOXED)),
        handle,
        images(image("p")),
    )["traces"]
    return {"traces": pa.concat_tables([plainly, held])}


def judged() -> dict[str, pa.Table]:
    odd = "<think>" + "As an AI I was told the caption says 左肺 " * 9 + "</think>\\boxed{A} \\boxed{B}"
    texts = ("<think>why</think>\n\\boxed{B}", "\\boxed{A}", "<think>why", "", odd)
    traces = Trace.from_rows(trace("11", place, text) for place, text in enumerate(texts))
    return judge(pa.concat_tables([traces, Trace.from_rows([trace("13", 0, "B", teacher="")])]), chosen(ROWS), JudgeRecipe("train", "v"))


def asked() -> dict[str, pa.Table]:
    rows = [example(id, answer_type="open", options=[], gold_json='{"values":["left lower lobe"]}', context="Once.") for id in ("11", "12")]
    told = [("11", 0, "incorrect", "LLL"), ("11", 1, "no_answer", ""), ("12", 0, "incorrect", "RLL")]
    judgements = Judgement.from_rows(judgement(id, place, said, **{Judgement.extracted: text}) for id, place, said, text in told)
    handle = FakeGenerate({"<answer>LLL": '{"correct": true}', "<answer>RLL": '{"correct": false}'})
    return ask_judge(judgements, chosen(rows), AskJudgeRecipe("j", "m", 512, "p"), handle)


def shots_found() -> dict[str, pa.Table]:
    return find_shots(chosen([*ROWS[2:], example("17", answer="")]), PickShotsRecipe("a", 2))


def shots_picked() -> dict[str, pa.Table]:
    return pick_shots(shots_found()["shots"], PickShotsRecipe("a", 1))


def narrowed() -> dict[str, pa.Table]:
    return narrow(chosen(ROWS), NarrowRecipe(place_of("13")))


def settled() -> dict[str, pa.Table]:
    traces = Trace.from_rows([trace("11"), trace("13", 0, ""), trace("13", 1, "", **{Trace.finish_reason: NOT_ASKED})])
    gone = Dropped.from_rows([{Dropped.id: "16", Dropped.source: "a", Dropped.reason: "row cap", Dropped.evidence: "3"}])
    return settle(chosen(ROWS[:4]), gone, traces, SettleRecipe())


def picked() -> dict[str, pa.Table]:
    told = [
        ("11", 0, "a", "correct"),
        ("11", 1, "a", "correct"),
        ("11", 2, "b", "correct"),
        ("11", 3, "c", "correct"),
        ("13", 0, "d", "refused"),
    ]
    traces = Trace.from_rows(trace(id, place, text) for id, place, text, _ in told)
    verdicts = Judgement.from_rows(judgement(id, place, verdict) for id, place, _, verdict in told)
    return select(traces, verdicts, SelectRecipe(2, need_thought=True))


def rated() -> dict[str, pa.Table]:
    told = [
        (id, place, correct)
        for id, corrects in (("11", 1), ("12", 2), ("13", 3), ("14", 0))
        for place in range(3)
        for correct in [corrects]
    ]
    return rate(
        chosen(ROWS[:4]),
        Trace.from_rows(trace(id, place) for id, place, _ in told),
        Selected.from_rows(selection(id, place, "", 3, correct) for id, place, correct in told),
        RateRecipe(("t",), Rule(((0.0, 0.5, 1.0),)), Rule(mixed=True, per_domain=1)),
    )


def published() -> dict[str, pa.Table]:
    told = [("11", 0, ""), ("11", 1, "incorrect"), ("13", 0, ""), ("15", 0, "")]
    rows = [*ROWS[:4], ROWS[4] | {Chosen.published_split: "heldout"}]
    return publish(
        chosen(rows),
        images(image("p"), image("q")),
        Dropped.from_rows([{Dropped.id: "16", Dropped.source: "a", Dropped.reason: "row cap", Dropped.evidence: "3"}]),
        Trace.from_rows(trace(id, place) for id, place, _ in told),
        Judgement.from_rows(judgement(id, place, reason or "correct") for id, place, reason in told),
        Selected.from_rows(selection(id, place, reason, 2, 1) for id, place, reason in told),
        PublishRecipe((Asked("t", ("text", "image"), BOXED, "{}"),), BOXED, "v"),
    )


def gathered() -> dict[str, pa.Table]:
    return gather(
        examples([*ROWS, ROWS[0] | {Example.row: "again"}]), Image.from_rows([image("q"), image("p"), image("q")]), GatherRecipe()
    )


def lettered() -> dict[str, pa.Table]:
    held = images(image("p") | {Image.bytes: lettered_png()}, image("q") | {Image.bytes: b"no image"})
    return find_letters(held, LettersRecipe(BURNED_VERSION))


STAGES: dict[str, Any] = {
    "ingest": ingested,
    "partition": partitioned,
    "gather": gathered,
    "hash_images": measured,
    "find_near_images": found_near,
    "sketch_images": sketched,
    "join_images": joined_up,
    "bound_images": bound_up,
    "find_duplicates": found_duplicates,
    "find_overlaps": found_overlaps,
    "decide_overlaps": decided_overlaps,
    "shrink_images": shrunk,
    "show_overlaps": shown_overlaps,
    "sketch_texts": lambda: sketch_texts(examples(REWORDED), SketchTextsRecipe(SKETCH_VERSION)),
    "find_near_texts": found_near_texts,
    "pick_texts": lambda: pick_texts(examples(REWORDED), found_near_texts()["near"], PickTextsRecipe()),
    "join_texts": joined_texts,
    "rank": ranked,
    "scan_text": scanned,
    "find_letters": lettered,
    "choose": chose,
    "sample": sampled,
    "judge": judged,
    "ask_judge": asked,
    "select": picked,
    "rate": rated,
    "thin": lambda: thin(sharded(rated()["rated"]), ThinRecipe(0, 1, "hard", "hard")),
    "find_shots": shots_found,
    "pick_shots": shots_picked,
    "narrow": narrowed,
    "settle": settled,
    "publish": published,
}


def digest(name: str) -> str:
    made = STAGES[name]()
    tables = {output: contract.conform(made[output], name) for output, contract in WRITES[name].items()}
    assert any(table.num_rows for table in tables.values())
    return fingerprint({output: table_digest(digest_columns(table).columns) for output, table in tables.items()})


def versions() -> dict[str, int]:
    """The version of each stage's step, as the graph has it."""
    manifest = read_manifest(MANIFEST, "golden.toml")
    layout = medmcqa.SOURCE.layouts[0]
    inputs = tuple(
        Input(dataset, medmcqa.SOURCE, "train", layout, (), benchmark, {})
        for datasets, benchmark in ((manifest.source, False), (manifest.benchmark, True))
        for dataset in datasets
    )
    found: dict[str, int] = {}
    graph = build_graph(manifest, inputs)
    parts = (pilot_graph(graph, ""), finished_graph(graph, manifest, ""))
    for step in (step for one in (graph, *parts) for step in one.steps):
        assert found.setdefault(step.folder, step.version) == step.version
    return found


def test_every_stage_of_the_graph_has_a_golden_digest() -> None:
    assert set(versions()) == set(GOLDEN) == set(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_output_moves_only_with_the_version(name: str) -> None:
    version, expected = GOLDEN[name]
    assert versions()[name] == version, f"{name} has another version: renew its digest here by running this file"
    assert digest(name) == expected, (
        f"the output of {name} moved: bump its version in jobs/steps, then renew its digest by running this file"
    )


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_gives_the_same_twice(name: str) -> None:
    assert digest(name) == digest(name)


if __name__ == "__main__":
    print("\n".join(f'    "{name}": ({versions()[name]}, "{digest(name)}"),' for name in STAGES))
