"""Exports and corpora in TRL itself: the collator for vision, and a step of SFT and of GRPO on models of a few thousand weights."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from pipeline.publish.exports.write import export
from tests.fixtures.corpora import write_corpus

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]

TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}{% else %}{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
KNOBS: dict[str, Any] = {
    "max_steps": 2,
    "per_device_train_batch_size": 2,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "disable_tqdm": True,
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<unk>", "<pad>", "<s>", "</s>", "<image>"]
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(["The signs point there."], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE
    )


@pytest.fixture(scope="module")
def processor(tokenizer: Any) -> Any:
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    images = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    tokenizer.image_token = "<image>"
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
        image_token="<image>",
    )


def text_model(tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=2048, **shape))


@pytest.fixture(params=["trl", "trl-typed", "corpus"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An export for TRL, or the corpus as it is."""
    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    return corpus if request.param == "corpus" else export(corpus, request.param, tmp_path / request.param).out


def rows_of(folder: Path, config: str, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset(str(folder), config, split="train", cache_dir=str(cache))


def test_the_collator_for_vision_takes_rows_with_images_and_without(folder: Path, processor: Any, tmp_path: Path) -> None:
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    rows = rows_of(folder, "sft", tmp_path / "cache")
    collate = DataCollatorForVisionLanguageModeling(processor=processor, max_length=None, completion_only_loss=True)
    batch = collate(list(rows))
    assert batch["pixel_values"].shape[0] == 2
    learnt = [processor.tokenizer.decode(labels[labels != -100], skip_special_tokens=True) for labels in batch["labels"]]
    assert [text.strip().removeprefix("assistant: ") for text in learnt] == [
        "<think>\nThe signs point there.\n</think>\n\n\\boxed{A}",
        "<think>\nThe signs point there.\n</think>\n\n\\boxed{B}",
    ]


def test_sft_takes_steps_on_the_rows_of_text(folder: Path, tokenizer: Any, tmp_path: Path) -> None:
    from trl import SFTConfig, SFTTrainer

    rows = rows_of(folder, "sft_text", tmp_path / "cache")
    trainer = SFTTrainer(
        text_model(tokenizer),
        args=SFTConfig(output_dir=str(tmp_path / "o"), max_length=2048, **KNOBS),
        train_dataset=rows,
        processing_class=tokenizer,
    )
    assert trainer.train().training_loss > 0


def test_grpo_takes_a_step_with_the_reward_beside_the_export(tokenizer: Any, tmp_path: Path) -> None:
    from trl import GRPOConfig, GRPOTrainer

    corpus = write_corpus(tmp_path / "tiny", tmp_path / "store")
    out = export(corpus, "trl", tmp_path / "trl").out
    rows = rows_of(out, "grpo_text", tmp_path / "cache")
    spec = importlib.util.spec_from_file_location("rewards_for_grpo", out / "rewards.py")
    assert spec
    assert spec.loader
    rewards = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rewards)
    knobs = {**KNOBS, "max_steps": 1}
    config = GRPOConfig(output_dir=str(tmp_path / "o"), num_generations=2, max_completion_length=8, **knobs)
    trainer = GRPOTrainer(text_model(tokenizer), reward_funcs=rewards.reward, args=config, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    assert any("reward" in one for one in trainer.state.log_history)
