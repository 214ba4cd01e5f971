"""What training leaves is what engines load: transformers and vLLM write the same tokens by it, whole, merged and with the adapter on its base."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs import train
from pipeline.models.engine_args import CPU_ENVIRONMENT, Weights, engine_args
from tests.fixtures.training import corpus_to_learn, one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(900)]
pytest.importorskip("vllm", reason="vLLM is not installed here")

TOKENS = 16
ASKED = ("Which finding fits best?", "Is the liver an organ?\n\nAnswer yes or no.", "yes no maybe")


def prompts_of(folder: Path) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = [
        tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True) for text in ASKED
    ]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in asked]


def by_transformers(model: Any, prompts: list[list[int]]) -> list[list[int]]:
    import torch

    made = [model.generate(torch.tensor([prompt]), max_new_tokens=TOKENS, do_sample=False)[0, len(prompt) :] for prompt in prompts]
    return [one.tolist() for one in made]


def test_a_trained_model_and_an_adapter_write_the_same_tokens_by_both(tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from pipeline.training.made import make_model

    one_thread()
    corpus_to_learn(tmp_path)
    make_model(tmp_path / "model", ASKED)
    config = write_config(tmp_path, data="heldout_rows = 0", train="max_steps = 1\nwarmup = 0.0")
    config.write_text(config.read_text().replace("lr = 1e-3", "lr = 2e-2"))
    whole = train.sft(train.open_training(config), tmp_path / "whole").model
    config.write_text(config.read_text() + "[lora]\nr = 8\n")
    merged = train.sft(train.open_training(config, model=str(whole)), tmp_path / "adapted").model
    adapter = tmp_path / "adapted" / "adapter"

    prompts = prompts_of(whole)
    assert prompts == prompts_of(merged)
    base = AutoModelForCausalLM.from_pretrained(whole)
    expected = by_transformers(base, prompts)
    before = by_transformers(AutoModelForCausalLM.from_pretrained(tmp_path / "model"), prompts)
    after = by_transformers(AutoModelForCausalLM.from_pretrained(merged), prompts)
    assert by_transformers(PeftModel.from_pretrained(base, str(adapter)), prompts) == after
    assert before != expected != after

    said = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.training.test_engines", json.dumps([str(whole), str(adapter), prompts])],
        cwd=Path(__file__).parents[3],
        env=os.environ | CPU_ENVIRONMENT | {"VLLM_LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout.splitlines()[-1]) == [expected, after]


def by_vllm(whole: str, adapter: str, prompts: list[list[int]]) -> list[list[list[int]]]:
    """What one engine writes by a model, and by it with an adapter; in a process of its own, for vLLM looks at every module that is loaded."""
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    told = engine_args(Weights(whole), {}, gpu=False) | {"max_model_len": 256, "distributed_executor_backend": "uni"}
    engine = LLM(**{name: value for name, value in told.items() if name != "enable_log_requests"}, enable_lora=True, max_lora_rank=8)
    greedy = SamplingParams(temperature=0.0, max_tokens=TOKENS)
    asked: Any = [{"prompt_token_ids": prompt} for prompt in prompts]
    made = (engine.generate(asked, greedy, lora_request=one, use_tqdm=False) for one in (None, LoRARequest("adapter", 1, adapter)))
    return [[list(one.outputs[0].token_ids) for one in answers] for answers in made]


if __name__ == "__main__":
    print(json.dumps(by_vllm(*json.loads(sys.argv[1]))))
