import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.benchmark import Item, asked
from pipeline.publish.audit import Audit, Status, audit
from pipeline.publish.findings import Check
from pipeline.sampling import order_of
from schemas.corpus import Rl
from schemas.errors import CorpusError
from tests.fixtures.corpora import (
    FACTS,
    JUDGED,
    MANIFEST,
    OPTIONS,
    boxed,
    detach,
    edit_lock,
    pictures,
    png,
    posed,
    question,
    rewrite,
    rows_judged_by_a_model,
    rows_of_a_corpus,
    traced,
    write_corpus,
)
from tests.fixtures.stage_rows import overlap

SFT, HELD, RL, REJECTED = (
    "data/sft/train-all.parquet",
    "data/sft/heldout-all.parquet",
    "data/rl/train-all.parquet",
    "data/rejected/train-all.parquet",
)
BENCHMARK = MANIFEST + '\n[[benchmark]]\nname = "medqa"\n'
Benchmarks = Callable[[], dict[str, list[Item]]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    return write_corpus(folder / "tiny", folder / "store")


@pytest.fixture
def corpus(built: Path, tmp_path: Path) -> Path:
    return detach(built, tmp_path / "tiny")


def failures(audited: Audit) -> dict[str, str]:
    return {check.name: check.detail for check in audited.checks if check.status is Status.FAILED}


def change(place: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[place].update(values)


def test_a_corpus_as_it_was_built_passes_every_check(corpus: Path):
    told: list[tuple[str, int, int]] = []
    audited = audit(corpus, strict=True, progress=lambda *step: told.append(step))
    assert failures(audited) == {}
    assert not audited.failed
    assert {check.name for check in audited.checks} == {
        *("files", "tables", "counts", "ids", "splits", "answers", "forms", "rates", "texts", "identifiers"),
        *("agreement", "takedown", "picture privacy", "images", "pictures", "overlaps", "evidence", "licences", "withheld pictures"),
    }
    assert {phase for phase, _, _ in told} == {"files", "tables", "rows", "images"}


def test_an_empty_corpus_passes(tmp_path: Path):
    assert not audit(write_corpus(tmp_path / "tiny", tmp_path / "store", {}), strict=True).failed


def test_a_tampered_byte_is_found_in_any_file(corpus: Path):
    for name in (SFT, "README.md"):
        data = bytearray((corpus / name).read_bytes())
        data[len(data) // 2] ^= 1
        (corpus / name).write_bytes(data)
    found = audit(corpus)
    assert "other bytes than the lock names (2)" in failures(found)["files"]


def test_a_missing_and_an_extra_shard_are_found(corpus: Path):
    (corpus / RL).rename(corpus / "data/rl/train-0110.parquet")
    found = failures(audit(corpus))["files"]
    assert "missing file (1)" in found
    assert "file that the lock does not name (1)" in found


def test_an_extra_shard_in_a_folder_of_its_own_is_found(corpus: Path):
    (corpus / "data/more").mkdir()
    (corpus / "data/more/x.parquet").write_bytes(b"")
    assert list(failures(audit(corpus))) == ["files"]


def test_other_values_under_the_old_logical_digest_are_found(corpus: Path):
    digest = next(shard["digest"] for shard in json.loads((corpus / "lock.json").read_text())["shards"] if shard["path"] == RL)
    rewrite(corpus, RL, change(0, domain="cardiology"))
    edit_lock(corpus, lambda lock: next(shard for shard in lock["shards"] if shard["path"] == RL).update(digest=digest))
    assert "other values than the lock names (1)" in failures(audit(corpus))["tables"]


def test_another_size_of_the_values_is_found(corpus: Path):
    edit_lock(corpus, lambda lock: next(shard for shard in lock["shards"] if shard["path"] == RL).update(nbytes=7))
    assert "other size of values than the lock names (1)" in failures(audit(corpus))["tables"]


@pytest.mark.parametrize(
    ("name", "edit", "check", "told"),
    [
        (SFT, change(0, answer="B", grading_json='{"index":1}'), "answers", "kept answer is not right"),
        (
            SFT,
            change(0, response=boxed("C"), completion=[{"role": "assistant", "content": boxed("C")}]),
            "answers",
            "kept answer is not right",
        ),
        (SFT, change(0, finish_reason="length"), "answers", "kept answer is not right"),
        (SFT, change(0, verdict="incorrect"), "answers", "kept with a verdict other than correct"),
        (SFT, change(0, teacher=""), "answers", "completion is not the gold"),
        (SFT, change(0, answer_start=3), "answers", "span is not where the answer stands"),
        (SFT, change(0, answer_start=None, answer_stop=None), "answers", "span is not where the answer stands"),
        (REJECTED, change(0, answer_stop=99), "answers", "span is not where the answer stands"),
        (SFT, change(0, grading_json="{}"), "answers", "gold unreadable"),
        (REJECTED, change(0, response=boxed("A")), "answers", "another verdict"),
        (RL, change(0, answer="C"), "forms", "answer is not the gold"),
        (RL, change(0, problem="<image>What?"), "forms", "image markers in problem differ"),
        (RL, change(0, images=pictures([png(1)])), "forms", "image markers in problem differ"),
        (RL, change(0, image_digests=[]), "forms", "image_digests differ in number"),
        (RL, change(1, prompt=[{"role": "user", "content": "<image>What?"}]), "forms", "image marker in prompt"),
        (RL, change(1, verl_prompt=[{"role": "user", "content": "What?"}]), "forms", "verl_prompt is not problem"),
        (SFT, change(0, response=boxed("A") + " "), "forms", "completion is not response"),
        (RL, change(0, id=""), "forms", "no id"),
        (SFT, change(0, sampling_json="{"), "forms", "sampling_json is no JSON object"),
        (REJECTED, change(0, sampling_json="[]"), "forms", "sampling_json is no JSON object"),
        (RL, change(0, reward_model={"style": "rule", "ground_truth": "C"}), "forms", "reward_model is not the answer"),
        (RL, change(0, options_json=json.dumps(OPTIONS[::-1])), "forms", "options are not those of the problem"),
        (SFT, change(0, options_json=json.dumps(OPTIONS[::-1])), "forms", "options are not those of the problem"),
        (SFT, lambda rows: rows[0]["extra_info"].update(question_id="q3"), "forms", "extra_info is not of the row"),
        (SFT, lambda rows: rows[0]["extra_info"].update(split="heldout"), "forms", "extra_info is not of the row"),
        (RL, lambda rows: rows.append(rows[0]), "ids", "id twice"),
        (REJECTED, change(0, id="q1-r1-0"), "ids", "kept and rejected"),
        (HELD, change(0, question_id="q1"), "splits", "question in train and heldout"),
        (REJECTED, change(0, question_id="q2"), "splits", "question in train and heldout"),
        (REJECTED, lambda rows: rows[0].update(question("q2", images=[png(3)])), "splits", "image in train and heldout"),
        (
            HELD,
            lambda rows: rows[0].update(image_digests=[hashlib.sha256(b"upstream" + png(2)).hexdigest()]),
            "splits",
            "image in train and heldout",
        ),
        (HELD, change(0, images=pictures([png(2)])), "splits", "image in train and heldout"),
        (HELD, lambda rows: rows[0].update(question("q3") | {"question_id": "q8"}), "splits", "same text and images in train and heldout"),
        (RL, change(0, pass_rate=0.75), "rates", "pass_rate is not"),
        (RL, change(0, pass_rate=None), "rates", "pass_rate is not"),
        (SFT, change(0, pass_rate=0.75), "rates", "pass_rate is not"),
        (RL, change(0, pass_rate_low=0.4), "rates", "pass_rate is not"),
        (RL, change(0, pass_rate_method="rounds 1+1 until 1"), "rates", "pass_rate is not"),
        (RL, change(0, pass_rate_method="by eye"), "rates", "pass_rate is not"),
        (RL, change(0, pass_at=[0.5, 0.9]), "rates", "pass_rate is not"),
        (SFT, change(0, pass_at=[0.5]), "rates", "pass_rate is not"),
        (RL, change(0, order=1), "rates", "order is not that of the pass rate"),
        (RL, change(0, n_correct=3, pass_rate=1.5), "rates", "n_correct over n_sampled"),
        (RL, change(0, n_correct=2, pass_rate=1.0), "rates", "configs count samples differently"),
        (SFT, change(0, n_correct=0), "rates", "more kept than correct"),
        (SFT, change(0, sample=7), "rates", "sample out of range"),
        (REJECTED, lambda rows: rows.append(rows[0] | {"id": "again"}), "rates", "one sample under two ids"),
        (REJECTED, lambda rows: rows.pop(), "rates", "traces are not those counted"),
        (RL, change(0, images=[{"bytes": b"no image", "path": "x.png"}, *pictures([png(2)])]), "images", "not an image"),
        (RL, change(0, images=[{"bytes": png(1)[:-30], "path": "x.png"}, *pictures([png(2)])]), "images", "path does not name the bytes"),
        (RL, change(0, license="unknown"), "licences", "no known licence"),
        (RL, change(0, source="other"), "licences", "rows of a source that the lock does not name"),
        (REJECTED, change(0, response="<think>key sk-abcDEF0123456789abcd</think>"), "texts", "looks like a key"),
        (REJECTED, change(0, response="hf_ABCDEFghijkl0123456789abcdefgh"), "texts", "looks like a key"),
        (REJECTED, change(0, response="Authorization: Bearer abcdef0123456789ABCD"), "texts", "looks like a key"),
        (REJECTED, change(0, source_row="/home/me/notes.csv:7"), "texts", "path of a machine"),
        (RL, lambda rows: rows.pop(), "counts", "lock counts other rows"),
        (REJECTED, change(0, model="another"), "counts", "lock counts other"),
        (REJECTED, change(0, flags=[]), "counts", "lock counts other traces"),
        (SFT, change(0, rule="another"), "counts", "lock counts other traces"),
    ],
)
def test_a_forged_row_is_found_although_its_digests_were_renewed(corpus: Path, name: str, edit: Callable[..., Any], check: str, told: str):
    rewrite(corpus, name, edit)
    audited = audit(corpus)
    assert audited.failed
    assert "files" not in failures(audited)
    assert "tables" not in failures(audited)
    assert told in failures(audited)[check]


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        (RL, change(1, images=None)),
        (RL, change(0, images=[{"bytes": None, "path": "x.png"}])),
        (RL, change(0, prompt=[{"role": "user", "content": None}])),
        (SFT, change(0, response=None)),
    ],
)
def test_a_null_where_the_contract_has_none_is_found(corpus: Path, name: str, edit: Callable[..., Any]):
    rewrite(corpus, name, edit)
    assert "column with nulls (1)" in failures(audit(corpus))["tables"]


def test_medical_prose_is_not_taken_for_keys_or_paths(corpus: Path):
    prose = (
        "risk-stratification-2024-score and task-sk-level; 5 mg/kg/day, and/or, http://x.org/home/a, ratio 1/tmp; see /home/me/notes.txt"
    )
    rewrite(corpus, REJECTED, change(0, response=prose, verdict="malformed"))
    assert "texts" not in failures(audit(corpus))


def test_a_card_that_says_other_numbers_is_found(corpus: Path):
    card = (corpus / "README.md").read_text().replace("4 kept completions", "4000 kept completions")
    (corpus / "README.md").write_text(card)
    data = card.encode()
    edit_lock(corpus, lambda lock: lock["files"][0].update(sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
    assert failures(audit(corpus)) == {"counts": "card does not say what the lock says (1)"}


def test_a_funnel_that_does_not_add_up_is_found(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", tallies=[("ingest", "quiz", "rows", 9), ("choose", "quiz", "chosen", 4)])
    assert "funnel does not add up" in failures(audit(out))["counts"]


def test_another_manifest_is_found(corpus: Path):
    text = (corpus / "manifest.toml").read_text().replace("samples = 2", "samples = 4")
    (corpus / "manifest.toml").write_text(text)
    edit_lock(corpus, lambda lock: lock["files"][1].update(sha256=hashlib.sha256(text.encode()).hexdigest()))
    assert "manifest is not the one of the lock" in failures(audit(corpus))["counts"]


def test_a_shard_without_the_metadata_for_images_is_found(corpus: Path):
    table = pq.read_table(corpus / RL)
    pq.write_table(table.cast(Rl.schema).replace_schema_metadata(None), corpus / RL)
    data = (corpus / RL).read_bytes()
    edit_lock(corpus, lambda lock: next(one for one in lock["shards"] if one["path"] == RL).update(sha256=hashlib.sha256(data).hexdigest()))
    assert "huggingface metadata (1)" in failures(audit(corpus))["tables"]


def test_a_shard_of_other_columns_is_named_and_read_no_further(corpus: Path):
    pq.write_table(pq.read_table(corpus / RL).drop_columns(["answer"]), corpus / RL, write_page_index=True)
    data = (corpus / RL).read_bytes()
    renewed = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    edit_lock(corpus, lambda lock: next(one for one in lock["shards"] if one["path"] == RL).update(renewed))
    assert failures(audit(corpus)) == {"tables": "column missing (1)", "counts": "Croissant does not say what the lock says (1)"}


@pytest.mark.parametrize("answer", ["A", "A <image> of it"])
def test_a_gold_that_is_its_own_completion_passes_unverified(tmp_path: Path, answer: str):
    gold = {"answer_type": "open", "options_json": "[]", "grading_json": json.dumps({"values": [answer]}), "answer": answer}
    asked = question("q1") | gold | {"reward_model": {"style": "rule", "ground_truth": answer}}
    rows = {
        "sft_text-train": [traced(asked, answer.replace("<image>", ""), teacher="", n_sampled=1)],
        "rl-train": [posed(asked, teacher="", n_sampled=0, n_correct=0)],
    }
    assert failures(audit(write_corpus(tmp_path / "tiny", tmp_path / "store", rows), strict=True)) == {}


SFT_TEXT = "data/sft_text/train-all.parquet"


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A corpus of an open question that a model judged."""
    return write_corpus(tmp_path / "tiny", tmp_path / "store", rows_judged_by_a_model(), manifest_text=JUDGED)


def test_rows_that_a_named_model_called_right_pass_and_are_told_as_not_verified_again(judged: Path):
    audited = audit(judged, strict=True)
    assert failures(audited) == {}
    answers = next(check for check in audited.checks if check.name == "answers")
    assert answers.detail == "2 traces; right by the word of qwen3-judge, not verified again by rule (2)"
    assert answers.counts["right by the word of qwen3-judge, not verified again by rule"] == 2


def test_the_same_rows_fail_where_no_model_is_named(tmp_path: Path):
    found = failures(audit(write_corpus(tmp_path / "tiny", tmp_path / "store", rows_judged_by_a_model())))
    assert found == {"answers": "judged by a model that the lock does not name (2)"}


@pytest.mark.parametrize(
    ("name", "edit", "told"),
    [
        (SFT_TEXT, change(0, rule="box_exact"), "kept answer is not right"),
        (SFT_TEXT, change(0, verdict="incorrect"), "a model's word for another verdict than correct"),
        (
            SFT_TEXT,
            lambda rows: rows[0].update({**question("q5", stem="Which lobe?"), "response": boxed("C")}),
            "judged by a model that is not asked about it",
        ),
        (SFT_TEXT, change(0, response="<think>why</think> LLL"), "judged by a model that is not asked about it"),
        (SFT_TEXT, change(0, response=boxed("")), "judged by a model that is not asked about it"),
        (REJECTED, change(0, rule="box_differs"), "another verdict"),
        (REJECTED, change(0, finish_reason="length"), "judged by a model that is not asked about it"),
    ],
)
def test_a_models_word_counts_only_where_it_may_have_been_asked(
    judged: Path, tmp_path: Path, name: str, edit: Callable[..., Any], told: str
):
    corpus = detach(judged, tmp_path / "copy")
    rewrite(corpus, name, edit)
    assert told in failures(audit(corpus))["answers"]


def test_a_lock_that_names_another_judge_than_the_manifest_is_found(corpus: Path):
    edit_lock(corpus, lambda lock: lock.update(judge={"name": "j", "model": "qwen3-judge", "prompt": "p"}))
    assert "judge is not the one of the manifest (1)" in failures(audit(corpus))["counts"]


def test_restricted_access_and_licence_terms_are_named(tmp_path: Path):
    facts = {"quiz": FACTS["quiz"].__class__(**{**vars(FACTS["quiz"]), "access": "credentialed", "license": "CC-BY-NC-4.0"})}
    rows = {"rl-train": [posed(question("q1")) | {"license": "CC-BY-NC-4.0"}]}
    text = MANIFEST.replace('"CC-BY-4.0"', '"CC-BY-NC-4.0"\naccess = "credentialed"')
    found = audit(write_corpus(tmp_path / "tiny", tmp_path / "store", rows, facts=facts, manifest_text=text)).checks[-1]
    assert found.status is Status.OK
    assert "restricted access: quiz (credentialed)" in found.detail
    assert "no commercial use or no derivatives: CC-BY-NC-4.0" in found.detail


def benchmark(stem: str, context: str = "", options: list[str] = OPTIONS) -> Benchmarks:
    """A benchmark of one question."""
    return lambda: {"medqa": [Item(asked("7", stem, context, options))]}


def test_without_the_benchmarks_rows_overlaps_are_not_checked_which_strict_takes_for_a_failure(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK)
    assert not audit(out).failed
    assert audit(out, strict=True).failed
    assert [check.detail for check in audit(out).checks if check.status is Status.NOT_CHECKED] == ["the files of medqa are not here"]
    assert audit(out, strict=True, benchmarks=dict).failed


def test_rows_that_share_nothing_with_the_benchmark_pass(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK)
    assert not audit(out, strict=True, benchmarks=benchmark("Something else?")).failed


@pytest.mark.parametrize(
    ("stem", "held"),
    [
        ("What is the matter with patient q3?", benchmark("What is the  MATTER with patient q3?", options=OPTIONS[::-1])),
        ("A man of 50.\n\nHe coughs.\n\nWhat is it?", benchmark("What is it?", "A man of 50.\n\nHe coughs.")),
        ("A man of 50.\n\nWhat\n\nis it?", benchmark("What is it?", "A man of 50.")),
    ],
)
def test_a_benchmarks_question_is_found_in_the_published_prompt(tmp_path: Path, stem: str, held: Benchmarks):
    rows = {"rl-train": [posed(question("q3", stem=stem))]}
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=BENCHMARK)
    assert "question of a benchmark (1)" in failures(audit(out, benchmarks=held))["overlaps"]


def test_a_benchmarks_image_is_found_under_another_question(tmp_path: Path):
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK)
    held = [Item(asked("7", "Another question?"), (hashlib.sha256(b"upstream" + png(3)).hexdigest(),))]
    assert failures(audit(out, benchmarks=lambda: {"medqa": held}))["overlaps"] == "image of a benchmark (1)"


VIGNETTE = (
    "A 63-year-old farmer comes to the clinic because of coughing blood at night and weight loss of 8 kg in three months. "
    "His chest radiograph shows a cavity in the right upper lobe. Which of the following is the most appropriate next test?"
)
REWORDED = (
    "For three months a farmer, aged 63, has been coughing blood at night and lost 8 kg of weight. The radiograph of his chest "
    "reveals a cavity in the right upper lobe. What test is most appropriate next?"
)
METHOTREXATE = "A 45-year-old woman with rheumatoid arthritis takes methotrexate. Which of the following vitamins should she take to lower its toxicity?"
KEEPS = '\n[[overlap]]\nbenchmark = "medqa"\nrule = "{rule}"\ndecision = "{decision}"\nwhy = "another farmer"\n'


def overlaps_check(audited: Audit, name: str = "overlaps") -> Check:
    return next(check for check in audited.checks if check.name == name)


def test_a_reworded_question_of_a_benchmark_is_found_unless_the_manifest_keeps_it(tmp_path: Path):
    rows = {"rl-train": [posed(question("q3", stem=REWORDED)), posed(question("q4"))]}
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=BENCHMARK)
    found = overlaps_check(audit(out, benchmarks=benchmark(VIGNETTE)))
    assert found.detail == "question of a benchmark (1)"
    (told,) = found.examples
    rule = re.search(r"q3 in data/rl/train-all\.parquet meets medqa 7 \((\w+), score 0\.\d\d\)", told)
    assert rule
    kept = BENCHMARK + KEEPS.format(rule=rule[1], decision="keep")
    found = overlaps_check(
        audit(write_corpus(tmp_path / "kept", tmp_path / "s2", rows, manifest_text=kept), benchmarks=benchmark(VIGNETTE))
    )
    assert (found.status, found.detail) == (Status.OK, "2 questions; kept by the manifest (1)")


def test_a_finding_that_only_a_person_can_decide_is_counted_and_no_violation(tmp_path: Path):
    rows = {
        "rl-train": [posed(question("q3", stem="Which vitamin should a woman with rheumatoid arthritis who takes methotrexate avoid?"))]
    }
    out = write_corpus(tmp_path / "tiny", tmp_path / "store", rows, manifest_text=BENCHMARK)
    found = overlaps_check(audit(out, benchmarks=benchmark(METHOTREXATE, options=[])))
    assert (found.status, found.detail) == (Status.OK, "1 questions; reported, for a person to look at (1)")


def test_findings_beside_the_shards_are_those_decided_and_acted_on(tmp_path: Path):
    ruled = BENCHMARK + KEEPS.format(rule="near", decision="keep")
    near = overlap("q1", rule="near", score=0.95, benchmark="medqa", decision="report", why="another farmer")
    gone = overlap("q9", benchmark="medqa")
    whole = write_corpus(tmp_path / "whole", tmp_path / "store", manifest_text=ruled, overlaps=[near, gone])
    assert (overlaps_check(audit(whole), "evidence").status, overlaps_check(audit(whole), "evidence").detail) == (Status.OK, "2 findings")
    bad = [near | {"decision": "leak", "why": ""}, overlap("q2", benchmark="medqa")]
    found = overlaps_check(audit(write_corpus(tmp_path / "bad", tmp_path / "s2", manifest_text=ruled, overlaps=bad)), "evidence")
    assert found.detail == "decision is not the manifest's (1); leak that is published (2)"


def test_changed_or_missing_findings_are_told(tmp_path: Path):
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store", manifest_text=BENCHMARK, overlaps=[overlap("q9", benchmark="medqa")])
    copy = detach(corpus, tmp_path / "copy")
    pq.write_table(pq.read_table(copy / "overlaps.parquet").slice(0, 0), copy / "overlaps.parquet")
    assert failures(audit(copy)) == {"files": "other bytes than the lock names (1)", "evidence": "lock tells of other findings (1)"}
    (copy / "overlaps.parquet").write_bytes(b"PAR1")
    assert "findings cannot be read (1)" in failures(audit(copy))["evidence"]
    edit_lock(copy, lambda lock: lock.update(overlaps=None))
    assert "no findings beside the shards (1)" in failures(audit(copy))["evidence"]


def test_findings_are_named_and_only_the_first_are_told(tmp_path: Path):
    rows = {
        "rl-train": [
            posed(question(f"q{place}"), teacher="", n_sampled=0, n_correct=0)
            | {"pass_rate": 0.1, "order": order_of(0.1, f"q{place}", "easy")}
            for place in range(30)
        ]
    }
    found = next(check for check in audit(write_corpus(tmp_path / "tiny", tmp_path / "store", rows)).checks if check.name == "rates")
    assert found.counts == {"rows": 30, "pass_rate is not that of its counts": 30}
    assert len(found.examples) == 5
    assert re.search(r"q0 in data/rl/train-all\.parquet: 0\.1 for 0 of 0", found.examples[0])


def test_the_audit_is_told_in_json(corpus: Path):
    told = json.loads(json.dumps(audit(corpus).to_json()))
    assert told["corpus"] == "tiny"
    assert told["failed"] is False
    assert told["checks"][0] == {"name": "files", "status": "ok", "detail": "11 files", "counts": {"files": 11}, "examples": []}


def test_what_is_no_corpus_cannot_be_audited(tmp_path: Path):
    with pytest.raises(CorpusError, match="no medtrace corpus"):
        audit(tmp_path)


def test_an_unreadable_parquet_under_a_renewed_digest_is_a_finding(corpus: Path):
    (corpus / RL).write_bytes(b"PAR1 nothing")
    digest = hashlib.sha256(b"PAR1 nothing").hexdigest()
    edit_lock(corpus, lambda lock: next(one for one in lock["shards"] if one["path"] == RL).update(sha256=digest))
    assert "not readable as Parquet (1)" in failures(audit(corpus))["tables"]


def test_rows_of_a_corpus_hold_every_config():
    assert all(rows_of_a_corpus()[f"{config}-train"] for config in ("sft", "sft_text", "rl", "rejected"))
