"""Supervised fine-tuning of a model of a few thousand weights, whole."""

import json
from pathlib import Path

import pytest

from jobs import train
from tests.fixtures.tiny_model import save_language_model
from tests.fixtures.training import corpus_to_learn, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and a model."""
    folder = tmp_path_factory.mktemp("sft")
    corpus_to_learn(folder)
    save_language_model(folder / "model")
    return folder


def test_a_model_learns_the_traces_and_loads_again(place: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked = train.open_training(write_config(place, template="chatml", train="epochs = 4\nsave_every = 100"))
    found = train.sft(asked, place / "whole")
    losses = [one["loss"] for one in found.metrics if "loss" in one]
    heldout = [one["eval_loss"] for one in found.metrics if "eval_loss" in one]
    assert (found.steps, len(losses)) == (12, 12)
    assert losses[-1] < losses[0] - 0.5
    assert len(heldout) == 2
    assert heldout[1] < heldout[0] - 0.5
    assert found.metrics == [json.loads(line) for line in (place / "whole" / "metrics.jsonl").read_text().splitlines()]
    model = AutoModelForCausalLM.from_pretrained(found.model)
    tokenizer = AutoTokenizer.from_pretrained(found.model)
    assert model.num_parameters() > 0
    assert "endgeneration" not in tokenizer.chat_template


def test_the_assistant_alone_is_learnt_to_its_end_sign(place: Path) -> None:
    from pipeline.publish.corpus import read_corpus
    from pipeline.training.collate import Texts
    from pipeline.training.load import load_processor
    from pipeline.training.rows import open_rows

    asked = train.open_training(write_config(place))
    _, tokenizer, sees, _ = load_processor(asked)
    assert not sees
    rows = open_rows(read_corpus(place / "corpus"), asked.data, "sft_text", seed=0, epochs=1, batch=1)
    shown = [rows[0], rows[1]]
    batch = Texts(tokenizer, asked.data)(shown)
    for row, ids, labels, mask in zip(shown, batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        learnt = labels != -100
        assert tokenizer.decode(ids[learnt]) == row["completion"][0]["content"] + "<|im_end|>"
        assert (labels[learnt] == ids[learnt]).all()
        before = tokenizer.decode(ids[~learnt & (mask == 1)])
        assert before == f"<|im_start|>user\n{row['prompt'][0]['content']}<|im_end|>\n<|im_start|>assistant\n"
        assert (ids[mask == 0] == tokenizer.pad_token_id).all()
