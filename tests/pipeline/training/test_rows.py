import copy
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.publish.corpus import read_corpus
from pipeline.training.rows import open_heldout, open_rows
from schemas.errors import CorpusError, TrainingError
from schemas.training import Data, Mix
from tests.fixtures.corpora import boxed, question, traced, write_corpus
from tests.fixtures.training import corpus_to_learn


def test_rows_come_whole_and_a_copy_reads_them_anew(tmp_path: Path) -> None:
    corpus = read_corpus(write_corpus(tmp_path / "c", tmp_path / "s"))
    rows = open_rows(corpus, Data(corpus="c"), "sft", seed=0, epochs=1, batch=1)
    shown = [rows[place] for place in range(len(rows))]
    assert sorted(row["id"] for row in shown) == ["q1-r1-0", "q3-r1-0"]
    assert sorted(len(row["images"]) for row in shown) == [0, 2]
    assert shown[0]["completion"][0]["content"].startswith("<think>")
    copied = copy.deepcopy(rows)
    assert [copied[place] for place in range(len(copied))] == shown


def test_a_mixture_shows_sources_as_often_as_it_says(tmp_path: Path) -> None:
    rows = {"sft_text-train": [traced(question(f"q{n}", source="quiz"), boxed("A")) for n in range(4)]}
    rows["sft_text-train"] += [traced(question(f"r{n}", source="quiz") | {"domain": "ct", "weight": 2.0}, boxed("A")) for n in range(3)]
    corpus = read_corpus(write_corpus(tmp_path / "c", tmp_path / "s", rows))

    def count(data: Data) -> int:
        return len(open_rows(corpus, data, "sft_text", seed=0, epochs=1, batch=1))

    assert count(Data(corpus="c")) == 4 + 3 * 2
    assert count(Data(corpus="c", weights=False)) == 7
    assert count(Data(corpus="c", mix=Mix(by="domain", times={"ct": 3.0}, other=0.0))) == 3 * 2 * 3
    with pytest.raises(TrainingError, match=r"\[data.mix\] names the domain mri, which no training row has; there are ct, text"):
        count(Data(corpus="c", mix=Mix(by="domain", times={"mri": 2.0})))
    with pytest.raises(TrainingError, match="every weight is 0"):
        count(Data(corpus="c", mix=Mix(by="source", times={"quiz": 0.0})))


def test_a_corpus_without_such_rows_says_which_it_has(tmp_path: Path) -> None:
    corpus = read_corpus(corpus_to_learn(tmp_path))
    with pytest.raises(TrainingError, match=r"has no train rows of sft; it has rl, sft_text"):
        open_rows(corpus, Data(corpus="c"), "sft", seed=0, epochs=1, batch=1)


def test_held_out_rows_are_the_same_ones_every_time(tmp_path: Path) -> None:
    corpus = read_corpus(corpus_to_learn(tmp_path, heldout=9))
    few = [open_heldout(corpus, Data(corpus="c", heldout_rows=3), "sft_text") for _ in range(2)]
    assert few[0] is not None
    assert few[1] is not None
    assert [row["id"] for row in few[0]] == [row["id"] for row in few[1]]
    assert len(few[0]) == 3
    assert open_heldout(corpus, Data(corpus="c", heldout_rows=0), "sft_text") is None


def test_a_shard_that_is_damaged_or_of_another_form_is_told(tmp_path: Path) -> None:
    corpus = read_corpus(corpus_to_learn(tmp_path))
    shard = corpus.of("sft_text", "train")[0].path
    table = pq.read_table(shard)
    numbers = table.set_column(table.schema.get_field_index("completion"), "completion", pa.array([1] * len(table)))
    for changed, told in ((table.drop(["completion"]), "no column completion"), (numbers, "the column completion of type int64, not list")):
        pq.write_table(changed, shard)
        with pytest.raises(TrainingError, match=told):
            open_rows(corpus, Data(corpus="c"), "sft_text", seed=0, epochs=1, batch=1)
    shard.write_bytes(shard.read_bytes()[:500])
    with pytest.raises(CorpusError, match="cannot be read"):
        open_rows(corpus, Data(corpus="c"), "sft_text", seed=0, epochs=1, batch=1)
