"""Supervised fine-tuning of a model of a few thousand weights, whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jobs import train
from jobs.__main__ import main
from pipeline.training.checkpoints import metrics_of
from schemas.errors import TrainingError
from tests.fixtures.tiny_model import save_language_model
from tests.fixtures.training import corpus_to_learn, one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]


def without_time(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers but for the clock's."""
    return [{name: value for name, value in one.items() if name != "seconds"} for one in metrics]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and a model."""
    one_thread()
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


def test_a_killed_run_goes_on_as_if_it_had_not_been(place: Path) -> None:
    config = write_config(place, train="epochs = 4\nsave_every = 4", more="[lora]\nr = 4\ndropout = 0.1\nmerge = false")
    whole = train.sft(train.open_training(config), place / "undisturbed")
    running = subprocess.Popen(
        [sys.executable, "-m", "jobs", "train", "sft", str(config), "--out", str(place / "killed"), "--quiet"],
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    numbers = place / "killed" / "metrics.jsonl"
    while running.poll() is None and not (numbers.is_file() and numbers.read_text().count("\n") > 6):
        time.sleep(0.01)
    running.kill()
    assert running.wait() == -signal.SIGKILL, running.communicate()[1].decode()
    begun = metrics_of(place / "killed")
    assert 4 < begun[-1]["step"] < 12
    resumed = train.sft(train.open_training(config), place / "killed")
    assert without_time(resumed.metrics) == without_time(whole.metrics)
    assert (resumed.model / "adapter_model.safetensors").read_bytes() == (whole.model / "adapter_model.safetensors").read_bytes()
    assert train.sft(train.open_training(config), place / "killed").metrics == resumed.metrics, "a finished run is not done again"


def test_a_stage_that_was_killed_behind_its_last_step_takes_no_further_one(place: Path) -> None:
    config = write_config(place, train='max_steps = 2\neval_every = 2\nschedule = "constant"')
    whole = train.sft(train.open_training(config), place / "last")
    assert [(one["step"], "eval_loss" in one) for one in whole.metrics] == [(0, True), (1, False), (2, False), (2, True)]
    weights = (whole.model / "model.safetensors").read_bytes()
    (place / "last" / "stages" / "0-all" / "done.json").unlink()
    shutil.rmtree(whole.model)
    again = train.sft(train.open_training(config), place / "last")
    assert (again.steps, again.metrics) == (2, whole.metrics)
    assert (again.model / "model.safetensors").read_bytes() == weights


def test_what_fails_before_its_first_step_leaves_no_run(place: Path) -> None:
    short = write_config(place)
    short.write_text(short.read_text().replace("max_length = 512", "max_length = 16"))
    with pytest.raises(TrainingError, match=r"first 24 rows have more than \[data\] max_length \(16\)"):
        train.sft(train.open_training(short), place / "unbegun")
    with pytest.raises(TrainingError, match=r"there is no such folder\. Name a folder"):
        train.sft(train.open_training(write_config(place), model=str(place / "gone")), place / "unbegun")
    damaged = shutil.copytree(place / "model", place / "damaged") / "model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="damaged cannot be loaded: "):
        train.sft(train.open_training(write_config(place), model=str(place / "damaged")), place / "unbegun")
    assert not (place / "unbegun").exists()


def test_other_settings_do_not_go_on_with_a_run(place: Path) -> None:
    train.begin(train.open_training(write_config(place)), "sft", place / "begun", fresh=False)
    changed = train.open_training(write_config(place, train="weight_decay = 0.1"))
    with pytest.raises(TrainingError, match=r"other settings \(train.weight_decay was 0.0, is 0.1\)"):
        train.begin(changed, "sft", place / "begun", fresh=False)
    train.begin(changed, "sft", place / "begun", fresh=True)


def test_packs_have_the_loss_of_their_rows(place: Path) -> None:
    import torch

    from pipeline.publish.corpus import read_corpus
    from pipeline.training.collate import Packs
    from pipeline.training.load import load
    from pipeline.training.rows import open_rows

    asked = train.open_training(write_config(place))
    loaded = load(asked)
    rows = open_rows(read_corpus(place / "corpus"), asked.data, "sft_text", seed=0, epochs=1, batch=1)
    collate = Packs(loaded.tokenizer, asked.data)
    shown = [rows[number] for number in range(4)]

    def total(batch: dict[str, torch.Tensor]) -> float:
        shown = {name: value for name, value in batch.items() if name != "labels"}
        logits = loaded.model(**shown, use_cache=False).logits  # as the trainer calls it: with a cache, packs are not told apart
        return float(torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten(), reduction="sum"))

    with torch.no_grad():
        assert total(collate([shown[:3], shown[3:]])) == pytest.approx(total(collate(shown)), rel=1e-5)


def test_packed_rows_are_learnt_in_fewer_steps(place: Path) -> None:
    asked = train.open_training(write_config(place, data="packing = true", train="epochs = 4"))
    found = train.sft(asked, place / "packed")
    losses = [one["loss"] for one in found.metrics if "loss" in one]
    assert found.steps < 12
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("packing", ["false", "true"])
def test_rows_that_are_too_long_are_counted(place: Path, packing: str, capsys: pytest.CaptureFixture[str]) -> None:
    from jobs.show import training as show

    path = write_config(place, data=f"packing = {packing}\nheldout_rows = 0")
    whole = path.read_text()
    path.write_text(whole.replace("max_length = 512", "max_length = 135"))
    (told,) = train.dry_run(train.open_training(path))
    assert 0 < told.skipped < told.rows == 24
    found = train.sft(train.open_training(path), place / f"long-{packing}")
    assert sum(one.get("rows/too_long", 0.0) for one in found.metrics) == told.skipped
    show.trained(found, place, as_json=False)
    assert f"Of the rows shown, {told.skipped} were longer than [data] max_length" in capsys.readouterr().out


def test_stages_follow_each_other_at_their_own_rates(place: Path) -> None:
    more = '[[stage]]\nname = "low"\nmax_steps = 2\n[[stage]]\nname = "high"\nmax_steps = 1\nlr = 5e-4\nschedule = "constant"\nwarmup = 0.0'
    found = train.sft(train.open_training(write_config(place, more=more)), place / "staged")
    told = [(one["name"], one["step"], one["lr"]) for one in found.metrics if "loss" in one]
    assert [one[:2] for one in told] == [("low", 1), ("low", 2), ("high", 1)]
    assert told[2][2] == 5e-4
    held = [one["eval_loss"] for one in found.metrics if "eval_loss" in one]
    assert held[1] == held[2], "the second stage begins with what the first left"


def test_a_run_that_diverges_is_stopped_with_advice(place: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from pipeline.training.watch import diverged

    model = AutoModelForCausalLM.from_pretrained(place / "model")
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    model.save_pretrained(place / "broken")
    AutoTokenizer.from_pretrained(place / "model").save_pretrained(place / "broken")
    with pytest.raises(TrainingError, match=r"loss is nan before the first step: the model's weights hold no numbers"):
        train.sft(train.open_training(write_config(place, model="broken")), place / "diverged")
    assert not list((place / "diverged").glob("stages/*/checkpoint-*"))
    assert "Lower [train] lr" in diverged("loss", float("nan"), 7, 1e-3)


def test_a_machine_without_memory_is_told_what_to_change(place: Path) -> None:
    import torch

    from pipeline.training.run import advised

    asked = train.open_training(write_config(place))
    told = r"ran out of memory: halve \[train\] micro_batch \(4\).*or train \[lora\] adapters"
    with pytest.raises(TrainingError, match=told), advised(asked, place):
        torch.empty(1 << 48)


def test_a_full_disk_is_told(place: Path) -> None:
    import torch

    from pipeline.training.run import advised

    asked, weights = train.open_training(write_config(place)), torch.zeros(1 << 20)
    told = r"its disk is full.*goes on from the last whole checkpoint"
    for write in (lambda full: full.write(b"numbers"), lambda full: torch.save(weights, full)):
        with pytest.raises(TrainingError, match=told), advised(asked, place), open("/dev/full", "wb", buffering=0) as full:
            write(full)


def test_a_dry_run_tells_tokens_steps_memory_and_the_mask(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(place, template="smollm2", train="epochs = 2")
    with pytest.raises(SystemExit, match="0"):
        main(["train", "sft", str(config), "--dry-run", "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["steps"], told["rows"], told["looked_at"]) == (6, 48, 48)
    assert 0 < told["learnt"] < told["tokens"] < 48 * told["longest"] + 1
    assert told["parameters"] == told["trained"] == told["memory"]["weights"] // 4
    assert told["memory"]["optimizer"] == 8 * told["trained"]
    masked, learnt = told["first"]
    assert masked[0].startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
    assert masked[0].endswith("<|im_start|>assistant\n")
    assert learnt[0].startswith("<think>")
    assert learnt[0].endswith("}<|im_end|>")
    assert (masked[1], learnt[1]) == (False, True)
    with pytest.raises(SystemExit, match="0"):
        main(["train", "sft", str(write_config(place, more="[lora]\nr = 2")), "--dry-run"])
    shown = capsys.readouterr().out
    assert "Stage all: 3 steps of 2 passes" in shown
    assert "⟦<think>" in shown
    assert "Memory of each device, about" in shown
