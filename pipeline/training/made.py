"""A model made on the spot: two layers of random weights that learn a form in seconds, where no real model is at hand."""

# pyright: reportMissingImports=false
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.training.templates import END, chatml, for_engines

_PAD, _START = "<|pad|>", "<|im_start|>"
_VOCABULARY = 1024
_LENGTH = 1024


def make_model(folder: Path, texts: Iterable[str], seed: int = 0) -> Path:
    """A Llama with a tokenizer of the words of some texts that can write any text; the folder is whole once it is there."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = _tokenizer(texts)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=64,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=_LENGTH,
            pad_token_id=words.pad_token_id,
            eos_token_id=words.eos_token_id,
            bos_token_id=None,
        )
    )
    partial = folder.with_name(f".{folder.name}")
    model.save_pretrained(partial)
    words.save_pretrained(partial)
    return partial.replace(folder)


def _tokenizer(texts: Iterable[str]) -> Any:
    """Bytes, and pairs of them that are frequent in the texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=_VOCABULARY,
            special_tokens=[_PAD, _START, END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=made, pad_token=_PAD, eos_token=END, additional_special_tokens=[_START])
    fast.chat_template = for_engines(chatml("chatml"))
    return fast
