"""Planted damage, a kind a test: each is found, although whoever did it renewed every digest that could be renewed."""

import hashlib
import json
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.benchmark import Item, asked
from pipeline.publish.audit import Status, audit
from pipeline.publish.card import render_card
from pipeline.publish.corpus import read_corpus
from pipeline.publish.croissant import CROISSANT, render_croissant
from pipeline.publish.report.page import REPORT, render_report
from tests.fixtures.corpora import FACTS, MANIFEST, OPTIONS, boxed, detach, edit_lock, pictures, png, posed, question, rewrite, write_corpus
from tests.fixtures.stage_rows import overlap

SFT, TEXT, RL, HELD, REJECTED = (
    f"data/{name}-all.parquet" for name in ("sft/train", "sft_text/train", "rl/train", "rl/heldout", "rejected/train")
)
BENCHMARK = MANIFEST + '\n[[benchmark]]\nname = "medqa"\n'
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture
def corpus(built: Path, tmp_path: Path) -> Path:
    return detach(built, tmp_path / "tiny")


def found(corpus: Path, **more: Any) -> dict[str, str]:
    """The checks that failed, with what they say."""
    return {check.name: check.detail for check in audit(corpus, **more).checks if check.status is Status.FAILED}


def renew(corpus: Path, name: str) -> None:
    """Gives the lock the sha256 that a file has now."""
    data = (corpus / name).read_bytes()

    def edit(lock: dict[str, Any]) -> None:
        for one in (*lock["files"], *lock["shards"]):
            if one["path"] == name:
                one.update(sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    edit_lock(corpus, edit)


def replace(corpus: Path, name: str, old: str, new: str) -> None:
    """Changes a text beside the shards, and the lock with it."""
    text = (corpus / name).read_text(encoding="utf-8")
    assert old in text
    (corpus / name).write_text(text.replace(old, new), encoding="utf-8")
    renew(corpus, name)


def alter(**values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[0].update(values)


def test_the_clean_corpus_passes(corpus: Path):
    assert found(corpus, strict=True) == {}


def test_a_flipped_byte(corpus: Path):
    data = bytearray((corpus / SFT).read_bytes())
    data[len(data) // 3] ^= 4
    (corpus / SFT).write_bytes(data)
    assert "other bytes than the lock names (1)" in found(corpus)["files"]


def test_a_shard_cut_short(corpus: Path):
    (corpus / SFT).write_bytes((corpus / SFT).read_bytes()[:-100])
    renew(corpus, SFT)
    assert "not readable as Parquet (1)" in found(corpus)["tables"]


def test_a_missing_shard(corpus: Path):
    (corpus / HELD).unlink()
    assert "missing file (1)" in found(corpus)["files"]


def test_an_extra_file(corpus: Path):
    (corpus / "data/rl/train-more.parquet").write_bytes((corpus / RL).read_bytes())
    assert "file that the lock does not name (1)" in found(corpus)["files"]


def test_a_shard_that_is_a_link(corpus: Path, tmp_path: Path):
    shutil.move(corpus / RL, tmp_path / "elsewhere")
    (corpus / RL).symlink_to(tmp_path / "elsewhere")
    assert "a link in place of a file (1)" in found(corpus)["files"]


def test_two_shards_exchanged(corpus: Path):
    one, other = (corpus / RL).read_bytes(), (corpus / HELD).read_bytes()
    (corpus / RL).write_bytes(other)
    (corpus / HELD).write_bytes(one)
    renew(corpus, RL)
    renew(corpus, HELD)
    assert "extra_info is not of the row" in found(corpus)["forms"]


def test_a_foreign_schema(corpus: Path):
    table = pq.read_table(corpus / RL)
    pq.write_table(table.append_column("note", table["id"]), corpus / RL)
    renew(corpus, RL)
    assert "column unknown (1)" in found(corpus)["tables"]


def test_a_column_of_another_type(corpus: Path):
    table = pq.read_table(corpus / RL)
    place = table.column_names.index("n_sampled")
    pq.write_table(table.set_column(place, "n_sampled", table["n_sampled"].cast("int64")), corpus / RL)
    renew(corpus, RL)
    assert "column of another type (1)" in found(corpus)["tables"]


def test_rows_in_another_order_under_the_old_digest(corpus: Path):
    pq.write_table(pq.read_table(corpus / RL).take([1, 0]), corpus / RL)
    renew(corpus, RL)
    assert "other values than the lock names (1)" in found(corpus)["tables"]


def test_a_swapped_answer(corpus: Path):
    rewrite(corpus, SFT, alter(answer="B", grading_json='{"index":1}', reward_model={"style": "rule", "ground_truth": "B"}))
    told = found(corpus)
    assert "kept answer is not right (1)" in told["answers"]
    assert "a question is told in two ways" in told["agreement"]


def test_a_gold_swapped_in_every_config_with_its_answer(corpus: Path):
    gold = {"answer": "B", "grading_json": '{"index":1}', "reward_model": {"style": "rule", "ground_truth": "B"}}
    right = {"response": boxed("B"), "completion": [{"role": "assistant", "content": boxed("B")}]}
    rewrite(corpus, SFT, alter(**gold, **right))
    rewrite(corpus, RL, alter(**gold))
    assert "a question is told in two ways (1)" in found(corpus)["agreement"]


def test_shuffled_options(corpus: Path):
    rewrite(corpus, RL, alter(options_json=json.dumps(OPTIONS[::-1])))
    assert "options are not those of the problem (1)" in found(corpus)["forms"]


def test_an_id_twice(corpus: Path):
    rewrite(corpus, RL, lambda rows: rows.append(rows[0]))
    assert "id twice (1)" in found(corpus)["ids"]


def test_a_trace_both_kept_and_rejected(corpus: Path):
    rewrite(corpus, REJECTED, alter(id="q1-r1-0"))
    assert "kept and rejected (1)" in found(corpus)["ids"]


def test_a_flipped_verdict(corpus: Path):
    rewrite(corpus, REJECTED, alter(verdict="truncated", reason="truncated"))
    assert "another verdict (1)" in found(corpus)["answers"]


def test_an_edited_pass_rate(corpus: Path):
    rewrite(corpus, RL, alter(pass_rate=0.9))
    assert "pass_rate is not that of its counts (1)" in found(corpus)["rates"]


def test_removed_rows_with_every_digest_and_count_rewritten(corpus: Path):
    rewrite(corpus, REJECTED, lambda rows: rows.pop())
    edit_lock(corpus, lambda lock: lock["counts"]["rejected"]["train"].update(rows=0))
    told = found(corpus)
    assert "traces are not those counted (1)" in told["rates"]
    assert "lock counts other" in told["counts"]


def test_removed_questions_with_every_digest_and_count_rewritten(corpus: Path):
    rewrite(corpus, HELD, lambda rows: rows.pop())

    def edit(lock: dict[str, Any]) -> None:
        held = lock["counts"]["rl"]["heldout"]
        held["rows"] -= 1
        held |= {
            "source": {"quiz": 1},
            "license": {"CC-BY-4.0": 1},
            "modality": {"x-ray": 1},
            "answer_type": {"mcq": 1},
            "teacher": {"r1": 1},
            "no_trace": {"": 1},
        }

    edit_lock(corpus, edit)
    assert "funnel does not add up" in found(corpus)["counts"]


def test_a_changed_image(corpus: Path):
    rewrite(corpus, RL, lambda rows: rows[0]["images"][0].update(bytes=png(8)))
    assert "path does not name the bytes (1)" in found(corpus)["images"]


def test_an_image_changed_with_its_name(corpus: Path):
    rewrite(corpus, RL, alter(images=pictures([png(8), png(2)])))
    assert "an upstream image is published as two files (1)" in found(corpus)["agreement"]


def test_an_image_that_no_longer_decodes(corpus: Path):
    rewrite(corpus, RL, alter(images=pictures([png(1)[:-40], png(2)])))
    assert "images" in found(corpus)


def test_a_patients_rows_in_train_and_heldout(corpus: Path):
    for name in (RL, SFT, TEXT, REJECTED, HELD, SFT.replace("train", "heldout"), REJECTED.replace("train", "heldout")):
        rewrite(corpus, name, lambda rows: [row.update(source_group="0123456789abcdef") for row in rows])
    assert set(found(corpus)) == {"splits", "counts"}
    assert "patient, study or case in train and heldout" in found(corpus)["splits"]


def test_a_leaked_benchmark_row(tmp_path: Path):
    rows = {"rl-train": [posed(question("q3"), teacher="", n_sampled=0, n_correct=0)]}
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=BENCHMARK)
    held = {"medqa": [Item(asked("7", "What is the matter with patient q3?", "", OPTIONS))]}
    assert found(out, benchmarks=lambda: held) == {"overlaps": "question of a benchmark (1)"}


def test_a_leak_that_was_found_and_is_published_again(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK, overlaps=[overlap("q1", benchmark="medqa")])
    assert found(out) == {"evidence": "leak that is published (1)"}


def test_removed_findings_of_overlap(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK, overlaps=[overlap("q9", benchmark="medqa")])
    corpus = detach(out, tmp_path / "copy")
    pq.write_table(pq.read_table(corpus / "overlaps.parquet").slice(0, 0), corpus / "overlaps.parquet")
    renew(corpus, "overlaps.parquet")
    assert "lock tells of other findings (1)" in found(corpus)["evidence"]


def test_rows_under_another_licence(corpus: Path):
    rewrite(corpus, RL, alter(license="MIT"))
    told = found(corpus)
    assert "lock counts other rows (1)" in told["counts"]
    assert "a question is told in two ways" in told["agreement"]


def test_a_source_under_another_licence_in_the_lock(corpus: Path):
    edit_lock(corpus, lambda lock: lock["datasets"][0].update(license="MIT"))
    assert "a source under another licence than its own (1)" in found(corpus)["licences"]


def test_a_licence_that_is_none(tmp_path: Path):
    facts = {"quiz": FACTS["quiz"].__class__(**{**vars(FACTS["quiz"]), "license": "unknown"})}
    assert "no known licence" in found(write_corpus(tmp_path / "tiny", tmp_path / "store", facts=facts))["licences"]


def test_an_edited_number_in_the_card(corpus: Path):
    replace(corpus, "README.md", "4 kept completions", "4000 kept completions")
    assert found(corpus) == {"counts": "card does not say what the lock says (1)"}


def test_another_licence_in_the_croissant_file(corpus: Path):
    replace(corpus, "croissant.json", "CC-BY-4.0", "CC0-1.0")
    assert found(corpus) == {"counts": "Croissant does not say what the lock says (1)"}


def test_an_edited_report(corpus: Path):
    replace(corpus, "report.html", "<dd>4</dd>", "<dd>4000</dd>")
    assert found(corpus) == {"counts": "report does not show what the corpus holds (1)"}


def test_an_edited_manifest(corpus: Path):
    replace(corpus, "manifest.toml", "samples = 2", "samples = 3")
    assert "manifest is not the one of the lock (1)" in found(corpus)["counts"]


def test_edited_counts_in_the_lock(corpus: Path):
    edit_lock(corpus, lambda lock: lock["counts"]["sft"]["train"].update(rows=2000))
    assert "lock counts other rows (1)" in found(corpus)["counts"]


def test_a_config_without_a_split_in_the_lock(corpus: Path):
    edit_lock(corpus, lambda lock: lock["counts"].update(sft={}))
    assert "lock counts other rows (2)" in found(corpus)["counts"]


def test_an_edited_funnel_in_the_lock(corpus: Path):
    edit_lock(corpus, lambda lock: next(row for row in lock["tallies"] if row[0] == "choose").__setitem__(3, 900))
    assert "funnel does not add up (2)" in found(corpus)["counts"]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda lock: lock.update(license="MIT"), "counts: lock says another thing than the manifest (1)"),
        (lambda lock: lock.update(policy="eval"), "counts: lock says another thing than the manifest (1)"),
        (lambda lock: lock["datasets"][0].update(access="gated"), "licences: a source under another access than its own (1)"),
        (lambda lock: lock["datasets"].append(lock["datasets"][0]), "counts: datasets are not those of the manifest (1)"),
        (
            lambda lock: lock["datasets"].append(lock["datasets"][0] | {"name": "more"}),
            "counts: datasets are not those of the manifest (1)",
        ),
        (lambda lock: lock.update(filled=["quiz"]), "counts: filled pictures of a source that passes them on (1)"),
        (lambda lock: lock.update(partial={"finished": 4, "unfinished": 3}), "counts: funnel tells of another part (1)"),
        (lambda lock: lock["shards"][0].update(size=7), "files: other size than the lock names (1)"),
        (lambda lock: lock["shards"][0].update(label="more"), "counts: a shard where no reader looks for it (1)"),
    ],
)
def test_a_lock_that_says_more_than_was_asked_for_and_made(corpus: Path, edit: Callable[[dict[str, Any]], None], told: str):
    edit_lock(corpus, edit)
    lock, manifest = (held := read_corpus(corpus)).lock, held.manifest
    for name, text in (
        ("README.md", render_card(lock, manifest)),
        (CROISSANT, render_croissant(lock, manifest)),
        (REPORT, render_report(held)),
    ):
        (corpus / name).write_text(text, encoding="utf-8")
        renew(corpus, name)
    check, _, said = told.partition(": ")
    assert found(corpus) == {check: said}


def test_words_in_the_footer_of_a_shard(corpus: Path):
    table = pq.read_table(corpus / RL)
    pq.write_table(table.replace_schema_metadata((table.schema.metadata or {}) | {b"note": b"mine"}), corpus / RL, write_page_index=True)
    renew(corpus, RL)
    assert found(corpus)["tables"] == "metadata unknown (1)"


def test_another_answer_read_than_stands_in_the_span(corpus: Path):
    rewrite(corpus, REJECTED, lambda rows: rows[0].update(extracted="A"))
    assert found(corpus)["answers"] == "answer read is not the one in the span (1)"


def test_what_another_version_made_is_not_compared_and_said_so(corpus: Path):
    edit_lock(corpus, lambda lock: lock["libraries"].update(pyarrow="1"))
    (counts,) = [check for check in audit(corpus).checks if check.name == "counts"]
    assert "report.html of another version of medtrace or its libraries, not compared (1)" in counts.detail


def test_another_verifier_in_the_lock(corpus: Path):
    edit_lock(corpus, lambda lock: lock.update(verifier="medtrace/999"))
    assert "judged by another verifier than the lock names (7)" in found(corpus)["agreement"]


def test_costs_made_smaller(corpus: Path):
    edit_lock(corpus, lambda lock: lock["costs"]["r1"].update(cost_nanousd=1))
    assert "lock tells other costs (1)" in found(corpus)["counts"]


def test_a_key_in_a_trace(corpus: Path):
    rewrite(corpus, REJECTED, alter(response="sk-abcDEF0123456789abcd \\boxed{C}"))
    assert "looks like a key (1)" in found(corpus)["texts"]


def tagged() -> bytes:
    """A JPEG that names who took it."""
    made, exif = BytesIO(), Image.Exif()
    exif[0x013B] = "Dr A. Nyman"
    Image.open(BytesIO(png(5))).save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_tags_in_a_picture(corpus: Path):
    rewrite(corpus, RL, alter(images=pictures([tagged(), png(2)])))
    audited = audit(corpus)
    (check,) = [check for check in audited.checks if check.name == "picture privacy"]
    assert check.counts["picture with a tag"] == 1
    assert "EXIF Artist" in check.examples[0]
    assert "Nyman" not in str(audited.to_json())
