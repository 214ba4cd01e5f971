"""Fine-tuning of Qwen's models that see, where no torchvision is: what is masked, token by token, a step, and what is left to load."""

import json
from pathlib import Path

import pytest

from jobs import train
from tests.fixtures.corpora import boxed, png, posed, question, traced, write_corpus
from tests.fixtures.tiny_vision_model import save_qwen_model
from tests.fixtures.training import one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("torch", reason="torch is not installed here")


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
def test_a_step_on_images_learns_the_answer_alone(tmp_path: Path, family: str) -> None:
    from safetensors.torch import load_file

    from pipeline.publish.corpus import read_corpus
    from pipeline.training.collate import Pictured
    from pipeline.training.load import load_processor
    from pipeline.training.rows import open_rows

    one_thread()
    save_qwen_model(tmp_path / "model", family)
    asked = [question(f"q{n}", images=[png(n + place) for place in range(2 - n % 3)], gold=n % 3) for n in range(8)]
    write_corpus(
        tmp_path / "corpus",
        tmp_path / "store",
        {"sft-train": [traced(one, boxed(one["answer"])) for one in asked], "rl-train": [posed(asked[0])]},
    )
    settings = train.open_training(
        write_config(tmp_path, data="min_pixels = 3136\nmax_pixels = 12544", train="max_steps = 1\nwarmup = 0.0")
    )

    processor, words, sees, _ = load_processor(settings)
    assert sees
    rows = open_rows(read_corpus(tmp_path / "corpus"), settings.data, "sft", seed=0, epochs=1, batch=1)
    shown = list({len(row["images"]): row for row in (rows[place] for place in range(len(rows)))}.values())
    batch = Pictured(processor, settings.data)(shown)
    image, counted = words.convert_tokens_to_ids("<|image_pad|>"), []
    for row, ids, labels in zip(shown, batch["input_ids"], batch["labels"], strict=True):
        learnt = labels != -100
        assert words.decode(ids[learnt]) == row["completion"][0]["content"] + "<|im_end|>"
        assert (labels[learnt] == ids[learnt]).all()
        assert row["prompt"][0]["content"] in words.decode(ids[~learnt & (ids != image)])
        counted.append((len(row["images"]), int((ids == image).sum())))
    each = dict(counted)
    assert each[2] == 2 * each[1] > each[0] == 0
    assert each[1] == int(batch["image_grid_thw"][0].prod()) // 4

    found = train.sft(settings, tmp_path / "out")
    before, after = load_file(tmp_path / "model" / "model.safetensors"), load_file(found.model / "model.safetensors")
    moved = {"visual." in name for name in before if not before[name].equal(after[name])}
    assert moved == {True, False}, "what sees and what writes"
    kept = json.loads((found.model / "processor_config.json").read_text())
    assert kept["processor_class"] == json.loads((tmp_path / "model" / "preprocessor_config.json").read_text())["processor_class"]
    assert kept["video_processor"] == json.loads((tmp_path / "model" / "video_preprocessor_config.json").read_text())
    again, *_ = load_processor(train.open_training(tmp_path / "tiny.toml", model=str(found.model)))
    assert again.image_processor.size["longest_edge"] == 12544


def test_a_package_that_a_models_code_asks_for_is_named() -> None:
    from pipeline.training.load import unloadable

    error = ImportError("\nIts processor requires the Torchvision library but it was not found. Check out the instructions\nhere")
    told = "cannot be loaded: Its processor requires the Torchvision library but it was not found. Install what it asks for."
    assert str(unloadable("owner/name", error)).endswith(told)
