"""Exports, each read by the rules of the trainer that it is for."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.publish.exports.formats import FORMATS
from pipeline.publish.exports.write import Exported, export
from pipeline.publish.layout import IMAGE_BYTES
from schemas.errors import CorpusError, StoreError, UsageError
from tests.fixtures.corpora import boxed, posed, question, rows_of_a_corpus, traced, write_corpus
from tests.fixtures.hostile import HOSTILE

Row = dict[str, Any]
MARKER = "<image>"
NAMES = [one.name for one in FORMATS]
TEXT_ROWS = {"sft-train": [traced(question("q3", gold=1), boxed("B"))]}
TEXT_ROWS |= {"sft_text-train": TEXT_ROWS["sft-train"], "rl-train": [posed(question("q3", gold=1))]}


def exported(tmp_path: Path, name: str, rows: Any = None) -> Exported:
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store", rows)
    return export(corpus, name, tmp_path / name)


def rows_of(found: Exported, folder: str, split: str = "train") -> list[Row]:
    return pq.read_table(found.out / f"{folder}/{split}-all.parquet").to_pylist()


def reward_of(found: Exported) -> ModuleType:
    spec = importlib.util.spec_from_file_location("rewards_of_an_export", found.out / "rewards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("rewards_of_an_export", None)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_files_their_rows_and_a_readme_that_names_them(name: str, tmp_path: Path) -> None:
    found = exported(tmp_path, name)
    assert found.files
    readme = (found.out / "README.md").read_text()
    for one in found.files:
        table = pq.read_table(found.out / one.path)
        assert (table.num_rows, (found.out / one.path).stat().st_size) == (one.rows, one.size)
        assert f"`{one.path}`" in readme
        told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert list(told) == table.column_names
        assert '"List"' not in json.dumps(told)
    assert not [path for path in found.out.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", NAMES)
def test_a_corpus_of_text_has_no_images_column_anywhere(name: str, tmp_path: Path) -> None:
    found = exported(tmp_path, name, TEXT_ROWS)
    assert found.files
    for one in found.files:
        assert "images" not in pq.read_schema(found.out / one.path).names
    assert not [path for path in found.out.iterdir() if path.name in ("sft", "grpo", "rl")]


@pytest.mark.parametrize("name", NAMES)
def test_two_exports_have_the_same_bytes(name: str, tmp_path: Path) -> None:
    first = exported(tmp_path, name)
    second = export(tmp_path / "tiny", name, tmp_path / "again")
    files = sorted(path.relative_to(first.out) for path in first.out.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second.out) for path in second.out.rglob("*") if path.is_file())
    assert all((first.out / path).read_bytes() == (second.out / path).read_bytes() for path in files)


def trl_faults(row: Row, images: bool) -> list[str]:
    """TRL 1.16's collator for vision: strings get the images before the first user text, typed contents must count them."""
    faults = [name for name in ("messages",) if name in row and "prompt" in row]
    if not images:
        return [*faults, *(["images"] if "images" in row else [])]
    if not isinstance(row["images"], list):
        return [*faults, "images is null"]
    parts = [part for turn in row["prompt"] for part in (turn["content"] if isinstance(turn["content"], list) else [])]
    typed = any(isinstance(turn["content"], list) for turn in row["prompt"])
    if typed and sum(part["type"] == "image" for part in parts) != len(row["images"]):
        faults.append("another number of image parts")
    if any(set(part) != {"type", "text"} for part in parts):
        faults.append("a part has other fields")
    if not typed and any(MARKER in turn["content"] for turn in row["prompt"]):
        faults.append("marker in a string prompt")
    return faults


@pytest.mark.parametrize("name", ["trl", "trl-typed"])
def test_trl_finds_prompts_completions_and_images(name: str, tmp_path: Path) -> None:
    found = exported(tmp_path, name)
    assert {one.path.partition("/")[0] for one in found.files} == {"sft", "sft_text", "grpo", "grpo_text"}
    for folder in ("sft", "sft_text", "grpo", "grpo_text"):
        for row in rows_of(found, folder):
            assert not trl_faults(row, images=not folder.endswith("_text"))
            assert ("completion" in row) == folder.startswith("sft")
            assert [turn["role"] for turn in row["prompt"]] == ["user"]
    assert [len(row["images"]) for row in rows_of(found, "sft")] == [2, 0]
    assert [row["answer"] for row in rows_of(found, "grpo")] == ["A", "B"]
    assert [row["id"] for row in rows_of(found, "grpo_text")] == ["q3"]


def test_typed_contents_begin_with_the_images(tmp_path: Path) -> None:
    row = rows_of(exported(tmp_path, "trl-typed"), "sft")[0]
    kinds = [part["type"] for part in row["prompt"][0]["content"]]
    assert kinds == ["image", "image", "text"]
    assert row["completion"][0]["content"] == [{"type": "text", "text": boxed("A")}]


def test_the_reward_for_trl_grades_by_the_verifier(tmp_path: Path) -> None:
    found = exported(tmp_path, "trl")
    rows = rows_of(found, "grpo")
    told = {name: [row[name] for row in rows] for name in ("answer_type", "options_json", "grading_json")}
    reward = reward_of(found).reward
    assert reward([[{"role": "assistant", "content": boxed(letter)}] for letter in "AB"], **told) == [1.0, 1.0]
    assert reward([boxed("B"), "no idea"], **told) == [0.0, 0.0]


def test_llamafactory_finds_each_file_with_as_many_markers_as_images(tmp_path: Path) -> None:
    found = exported(tmp_path, "llamafactory")
    info = json.loads((found.out / "dataset_info.json").read_text())
    assert {told["file_name"] for told in info.values()} == {one.path for one in found.files}
    for told in info.values():
        columns = told["columns"]
        for row in pq.read_table(found.out / told["file_name"]).to_pylist():
            text = row[columns["prompt"]] + row[columns["response"]]
            assert row[columns["prompt"]]
            assert row[columns["response"]]
            images = row[columns["images"]] if "images" in columns else []
            assert text.count(MARKER) == len(images)
            assert all(image["bytes"] for image in images)
    settings = (found.out / "train.yaml").read_text()
    named = re.search(r"^dataset: (.*)$", settings, re.MULTILINE)
    assert named
    assert set(named[1].split(",")) <= set(info)


def verl_parts(messages: list[Row]) -> list[str]:
    """How verl cuts a prompt at its markers."""
    return [piece for message in messages for piece in re.split("(<image>|<video>)", message["content"])]


def test_verl_finds_prompts_rewards_and_as_many_markers_as_images(tmp_path: Path) -> None:
    found = exported(tmp_path, "verl")
    reward = reward_of(found).compute_score
    for row in rows_of(found, "rl"):
        assert verl_parts(row["prompt"]).count(MARKER) == len(row["images"])
        assert row["reward_model"]["style"] == "rule"
        assert isinstance(row["extra_info"]["index"], int)
        right = boxed(row["reward_model"]["ground_truth"])
        assert reward(row["data_source"], right, row["reward_model"]["ground_truth"], row["extra_info"]) == 1.0
        assert reward(row["data_source"], boxed("C"), row["reward_model"]["ground_truth"], row["extra_info"]) == 0.0
    for row in rows_of(found, "sft"):
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert verl_parts(row["messages"]).count(MARKER) == len(row["images"])
    assert "images" not in rows_of(found, "rl_text")[0]
    for script in ("sft.sh", "rl.sh"):
        named = re.findall(r"\[([^\]]+)\]", (found.out / script).read_text())
        assert named
        assert all((found.out / path).is_file() for files in named for path in files.split(","))


def test_easyr1_finds_problems_and_answers_that_say_how_they_are_graded(tmp_path: Path) -> None:
    found = exported(tmp_path, "easyr1")
    compute_score = reward_of(found).compute_score
    for row in rows_of(found, "rl"):
        assert len(row["problem"].split(MARKER)) - 1 == len(row["images"])
        told = json.loads(row["answer"])
        assert (told["type"], told["options"]) == ("mcq", ["Sepsis", "Anaemia", "Gout"])
        given = [{"response": boxed(letter), "response_length": 9, "ground_truth": row["answer"]} for letter in (told["gold"], "C")]
        assert [score["overall"] for score in compute_score(given)] == [1.0, 0.0]
    assert "limit_images: 2" in (found.out / "config.yaml").read_text()


def test_octomed_has_its_columns_and_a_row_a_question(tmp_path: Path) -> None:
    seen = question("q2", images=[b"one"])
    rows = rows_of_a_corpus() | {
        "sft-train": [
            traced(seen, boxed("A"), n_correct=2),
            traced(seen, boxed("A") + " ", sample=1, n_correct=2),
            *rows_of_a_corpus()["sft-train"],
        ]
    }
    found = exported(tmp_path, "octomed", rows)
    table = pq.read_table(found.out / "data/train-all.parquet")
    assert table.column_names == ["id", "image", "image_hash", "question", "options", "answer", "responses"]
    first, told = table.to_pylist()
    assert (first["image"]["bytes"], first["answer"], len(first["responses"])) == (b"one", "A", 2)
    assert first["image_hash"] == first["image"]["path"].removesuffix(".png")
    assert (told["image"], told["question"]) == (None, "What is the matter with patient q3?")
    assert told["options"] == ["Sepsis", "Anaemia", "Gout"]
    assert found.left_out == {"more than one image, which the layout cannot hold": 1}


def test_medmo_writes_golds_of_boxes_in_thousandths_and_leaves_out_those_of_unknown_size(tmp_path: Path) -> None:
    gold = {"boxes": [[10, 20, 30, 40], [0, 0, 50, 100]], "labels": ["Cell", "Cell"], "width": 100, "height": 200}
    unsized = {"boxes": [[10, 20, 30, 40]]}
    rows = []
    for id, told in (("b1", gold), ("b2", unsized)):
        asked = question(id, images=[b"one"]) | {"answer_type": "bbox", "options_json": "[]", "grading_json": json.dumps(told)}
        rows.append(traced(asked, "boxes", teacher=""))
    found = exported(tmp_path, "medmo", {"sft-train": rows, "rl-train": []})
    (row,) = rows_of(found, "sft")
    assert row["messages"][1]["content"][0]["text"] == "Cell <box>[[100, 100, 300, 200], [0, 0, 500, 500]]</box>"
    assert [part["type"] for part in row["messages"][0]["content"]] == ["image", "text"]
    assert found.left_out == {"boxes of a picture whose size is not known": 1}


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_come_through_as_they_are(name: str, tmp_path: Path) -> None:
    texts = [text.replace(MARKER, "") for text in HOSTILE]
    rows = [
        traced(question(f"h{place}", stem=f"Why? {text}"), f"<think>\n{text}\n</think>\n\n\\boxed{{A}}") for place, text in enumerate(texts)
    ]
    found = exported(tmp_path, name, {"sft-train": rows, "sft_text-train": rows, "rl-train": [posed(row) for row in rows]})
    held = pa.concat_tables([pq.read_table(found.out / one.path) for one in found.files], promote_options="default").to_pylist()
    told = json.dumps(held, ensure_ascii=False, default=str)
    for text in texts:
        assert (
            json.dumps(text, ensure_ascii=False)[1:-1] in told
            or json.dumps(json.dumps(text, ensure_ascii=False)[1:-1], ensure_ascii=False)[1:-1] in told
        )
    readme = (found.out / "README.md").read_text()
    assert "<script" not in readme


def test_an_image_lies_once_in_a_row_group(tmp_path: Path) -> None:
    seen = question("q1", images=[bytes(50_000)])
    rows = {"sft-train": [traced(seen, boxed("A") + " " * place, sample=place, n_sampled=9, n_correct=9) for place in range(9)]}
    found = exported(tmp_path, "trl", rows)
    assert pq.read_table(found.out / "sft/train-all.parquet", read_dictionary=[IMAGE_BYTES]).num_rows == 9
    assert found.files[0].size < 80_000


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").write_text("keep")
    with pytest.raises(StoreError, match="is there already"):
        export(corpus, "trl", tmp_path / "mine")
    assert (tmp_path / "mine" / "note").read_text() == "keep"
    with pytest.raises(UsageError, match="lies within the corpus"):
        export(corpus, "trl", corpus / "trl")
    with pytest.raises(UsageError, match="trl, trl-typed, llamafactory, verl, easyr1, octomed, medmo"):
        export(corpus, "parquet", tmp_path / "x")


def test_a_shard_that_is_not_the_lock_s_is_refused_and_one_that_is_not_read_is_no_matter(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    for config, fits in (("rejected", True), ("sft", False)):
        path = corpus / f"data/{config}/train-all.parquet"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.unlink()
        path.write_bytes(data)
        if fits:
            assert export(corpus, "trl", tmp_path / config).files
        else:
            with pytest.raises(CorpusError, match=r"sft/train-all\.parquet has other bytes than the lock names"):
                export(corpus, "trl", tmp_path / config)
            assert not (tmp_path / config).exists()
