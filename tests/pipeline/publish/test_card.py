import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.publish.card import common_license, front_matter, render_card
from pipeline.publish.corpus import read_corpus
from pipeline.verify.ask_judge import JUDGE_PROMPT
from tests.fixtures.corpora import FACTS, JUDGED, MANIFEST, posed, question, rows_judged_by_a_model, rows_of_a_corpus, traced, write_corpus


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("built")
    return (write_corpus(folder / "tiny", folder / "store") / "README.md").read_text()


def test_the_front_matter_is_yaml_that_names_every_config_and_split(card: str):
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load(card.split("---\n")[1])
    assert told["license"] == "cc-by-4.0"
    assert told["size_categories"] == ["n<1K"]
    assert told["tags"] == ["medical", "reasoning"]
    assert "visual-question-answering" in told["task_categories"]
    assert told["configs"][0] == {
        "config_name": "sft",
        "default": True,
        "data_files": [{"split": "train", "path": "data/sft/train-*.parquet"}, {"split": "heldout", "path": "data/sft/heldout-*.parquet"}],
    }
    assert [config["config_name"] for config in told["configs"]] == ["sft", "sft_text", "rl", "rejected"]


def test_every_reason_of_the_funnel_is_counted(card: str):
    assert "| `ingest` | rows | 6 | 6 |" in card
    assert "| `ingest` | no gold | 1 | 1 |" in card
    assert "| `choose` | row cap | 1 | 1 |" in card


def test_a_trace_that_two_configs_hold_is_counted_once(card: str):
    assert "Medical questions with 4 kept completions and 2 rejected traces on 4 questions" in card
    assert "| `r1` | 4 | 2 |" in card


def test_teachers_stand_with_prompt_and_sampling(card: str):
    assert "| `r1` | `deepseek-r1` | text | `boxed` | 2 × temperature 1, top\\_p 1, max\\_tokens 8192 |" in card


def test_flags_are_counted_among_kept_and_rejected_traces(card: str):
    assert "## Flags" in card
    assert "| `identity` | 0 | 2 |" in card
    assert "| `looping` | 0 | 2 |" in card


def test_costs_are_summed_and_what_has_no_price_is_counted(tmp_path: Path, card: str):
    assert "| `r1` | 6 | 180 | 72 | $0.000009000 |" in card
    rows = rows_of_a_corpus()
    for name, row in [(name, row) for name, held in rows.items() if name.startswith(("sft", "rejected")) for row in held]:
        row["cost_nanousd"] = None if name.startswith("rejected") else 10**9
    told = (write_corpus(tmp_path / "tiny", tmp_path / "store", rows) / "README.md").read_text()
    assert "| `r1` | 6 | 180 | 72 | $4.00, and 2 answers without a known price |" in told


def test_a_judge_stands_with_its_model_prompt_and_what_it_called_right(tmp_path: Path, card: str):
    rows = rows_judged_by_a_model()
    corpus = read_corpus(write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=JUDGED))
    assert corpus.lock["judge"] == {"name": "j", "model": "qwen3-judge", "revision": "", "max_tokens": 512, "prompt": JUDGE_PROMPT}
    told = (corpus.path / "README.md").read_text()
    assert f"put to the model `qwen3-judge` (prompt `{JUDGE_PROMPT}`), which called 1 kept trace and 1 rejected one right" in told
    assert "Rows of the rule `model_judge` rest on a model's word" in told
    assert "model_judge" not in card


def test_titles_and_citations_cannot_mark_up_the_card(tmp_path: Path):
    evil = FACTS["quiz"].__class__(
        **{**vars(FACTS["quiz"]), "title": "a | <script>\n# b", "citation": "```\n# c", "homepage": "javascript:x"}
    )
    card = (write_corpus(tmp_path / "tiny", tmp_path / "store", facts={"quiz": evil}) / "README.md").read_text()
    assert "a \\| \\<script\\> \\# b" in card
    assert "javascript" not in card
    assert "````bibtex\n```\n# c\n````" in card


def test_without_one_licence_for_all_rows_the_card_says_other(tmp_path: Path):
    rows = rows_of_a_corpus()
    rows["rl-train"].append(posed(question("q7")) | {"license": "CC-BY-NC-4.0"})
    corpus = read_corpus(write_corpus(tmp_path / "tiny", tmp_path / "store", rows))
    assert common_license(corpus.lock) == "other"
    assert 'license: "other"' in front_matter(corpus.lock)
    assert "| `CC-BY-NC-4.0` | 0 | 0 | 1 | 0 |" in (corpus.path / "README.md").read_text()


@pytest.mark.parametrize(
    ("licence", "shown"), [("Apache-2.0", "apache-2.0"), ("LicenseRef-PhysioNet", "other"), ("MIT OR Apache-2.0", "other"), ("", "other")]
)
def test_only_one_spdx_licence_becomes_the_cards(licence: str, shown: str):
    lock: dict[str, Any] = {"datasets": [{"role": "source", "license": licence}], "counts": {"rl": {"train": {"license": {licence: 3}}}}}
    assert common_license(lock) == shown


def test_a_restricted_source_is_named(tmp_path: Path):
    facts = {"quiz": FACTS["quiz"].__class__(**{**vars(FACTS["quiz"]), "access": "credentialed"})}
    card = (write_corpus(tmp_path / "tiny", tmp_path / "store", facts=facts) / "README.md").read_text()
    assert "Access to `quiz` is restricted upstream" in card


def test_without_a_teacher_the_gold_is_the_completion(tmp_path: Path):
    asked = question("q1")
    gold = traced(asked, "A", teacher="", n_sampled=1, n_correct=1)
    rows = {"sft_text-train": [gold], "rl-train": [posed(asked, teacher="", n_sampled=0, n_correct=0)]}
    text = MANIFEST.split("[[teacher]]", maxsplit=1)[0].replace("heldout = 0.2", "")
    corpus = read_corpus(write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=text))
    card = (corpus.path / "README.md").read_text()
    assert "| none: the gold is the completion | 1 | 0 |" in card
    assert "Nothing is held out." in card
    assert "visual-question-answering" not in card
    assert card == render_card(corpus.lock, corpus.manifest)


def test_the_card_of_a_corpus_without_rows_is_whole(tmp_path: Path):
    card = (write_corpus(tmp_path / "tiny", tmp_path / "store", {}, tallies=()) / "README.md").read_text()
    assert "configs:" not in card
    assert "Nothing was counted." in card


@pytest.mark.parametrize(("rows", "size"), [(999, "n<1K"), (1_000, "1K<n<10K"), (2_500_000, "1M<n<10M"), (20_000_000, "10M<n<100M")])
def test_the_size_category_holds_the_rows(rows: int, size: str):
    lock: dict[str, Any] = {"name": "x", "datasets": [], "counts": {"rl": {"train": {"rows": rows}}}}
    assert f"size_categories:\n- {size}\n" in front_matter(json.loads(json.dumps(lock)))
