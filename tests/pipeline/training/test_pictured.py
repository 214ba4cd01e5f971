"""Fine-tuning of models that see: what is masked, token by token, and steps that move them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import train
from tests.fixtures.corpora import boxed, png, posed, question, traced, write_corpus
from tests.fixtures.tiny_vision_model import save_scaling_vision_model, save_vision_model
from tests.fixtures.training import one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("torch", reason="torch is not installed here")


@pytest.fixture(scope="module", params=[save_vision_model, save_scaling_vision_model], ids=["llava", "scaling"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and a corpus of rows with two images, one and none."""
    save: Callable[[Path], Path] = request.param
    one_thread()
    folder = tmp_path_factory.mktemp("seen")
    save(folder / "model")
    asked = [question(f"q{n}", images=[png(n + place) for place in range(2 - n % 3)], gold=n % 3) for n in range(12)]
    held = [question("h0", images=[png(90)], split="heldout"), question("h1", split="heldout")]
    rows = {"sft-train": [traced(one, boxed(one["answer"])) for one in asked], "sft-heldout": [traced(one, boxed("A")) for one in held]}
    write_corpus(folder / "corpus", folder / "store", rows | {"rl-train": [posed(one) for one in asked]})
    return folder


def opened(place: Path, data: str = "") -> tuple[Any, Any, list[dict[str, Any]]]:
    """The collator of a run on these rows, the processor, and a row with two images, one with one, one without any."""
    from pipeline.publish.corpus import read_corpus
    from pipeline.training.collate import Pictured
    from pipeline.training.load import load_processor
    from pipeline.training.rows import open_rows

    asked = train.open_training(write_config(place, template="model", data=data))
    processor, _, sees, _ = load_processor(asked)
    assert sees
    rows = open_rows(read_corpus(place / "corpus"), asked.data, "sft", seed=0, epochs=1, batch=1)
    by_images = {len(row["images"]): row for row in (rows[place] for place in range(len(rows)))}
    return Pictured(processor, asked.data), processor, [by_images[2], by_images[1], by_images[0]]


def test_images_and_prompt_are_masked_and_the_answer_alone_is_learnt(place: Path) -> None:
    collate, processor, rows = opened(place)
    batch = collate(rows)
    words = processor.tokenizer
    image = words.convert_tokens_to_ids("<image>")
    tokens = []
    for row, ids, labels, mask in zip(rows, batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        learnt = labels != -100
        assert words.decode(ids[learnt]) == row["completion"][0]["content"] + "<|im_end|>"
        assert (labels[learnt] == ids[learnt]).all()
        seen = ids == image
        assert not (seen & learnt).any()
        tokens.append(int(seen.sum()))
        asked = words.decode(ids[(mask == 1) & ~learnt & ~seen], skip_special_tokens=True)
        assert row["prompt"][0]["content"] in asked
        answer = int(learnt.nonzero()[0])
        assert not learnt[:answer].any()
        assert (mask[:answer] == 1).all(), "padding stands behind the answer"
    assert tokens[0] > tokens[1] > tokens[2] == 0
    assert tokens[0] == 2 * tokens[1]


def test_a_batch_without_images_is_one_of_text(place: Path) -> None:
    collate, _, rows = opened(place)
    batch = collate([rows[2], rows[2]])
    assert "pixel_values" not in batch
    assert (batch["labels"] != -100).any()


def test_a_row_that_is_too_long_stands_without_loss_or_loses_its_end(place: Path) -> None:
    collate, processor, rows = opened(place)
    lengths = collate(rows)["attention_mask"].sum(1).tolist()
    short, _, _ = opened(place, data="")
    short._data = short._data.model_copy(update={"max_length": int(lengths[0]) - 1})
    batch = short(rows)
    assert (batch["labels"][0] == -100).all()
    assert (batch["labels"][1] != -100).any()
    assert (batch["input_ids"] == processor.tokenizer.convert_tokens_to_ids("<image>")).sum() * 3 == (
        collate(rows)["input_ids"] == processor.tokenizer.convert_tokens_to_ids("<image>")
    ).sum()
    short._data = short._data.model_copy(update={"too_long": "cut"})
    batch = short(rows)
    learnt = batch["input_ids"][0][batch["labels"][0] != -100]
    assert processor.tokenizer.decode(learnt) == rows[0]["completion"][0]["content"]


def test_steps_on_images_move_the_model_and_what_is_frozen_stays(place: Path) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModelForImageTextToText, AutoProcessor

    config = write_config(place, template="model", train="epochs = 2")
    config.write_text(config.read_text().replace('template = "model"', 'template = "model"\nfreeze = ["vision"]'))
    found = train.sft(train.open_training(config), place / "run")
    losses = [one["loss"] for one in found.metrics if "loss" in one]
    assert losses[-1] < losses[0]
    assert [one["step"] for one in found.metrics if "eval_loss" in one] == [0, found.steps]
    before, after = load_file(place / "model" / "model.safetensors"), load_file(found.model / "model.safetensors")
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved
    assert not [name for name in moved if ("vision_tower." in name or "visual." in name)]
    AutoModelForImageTextToText.from_pretrained(found.model)
    AutoProcessor.from_pretrained(found.model)


@pytest.mark.parametrize("name", ["octomed", "medmo", "infimed", "openmedq"])
def test_the_systems_that_are_fine_tuned_run_dry_on_a_small_model(place: Path, name: str) -> None:
    config = Path(train.__file__).parent / "configs" / f"{name}.toml"
    asked = train.open_training(config, place / "corpus", str(place / "model"))
    # A small tokenizer has no template of Qwen's; the sides of its images are for models a thousand times its size.
    small = asked.model.model_copy(update={"template": "model"})
    told = train.dry_run(asked.model_copy(update={"model": small}))
    assert [one.name for one in told] == [stage for stage, _ in asked.stages()]
    assert all(one.steps > 0 and one.learnt > 0 and one.passes > 0 for one in told)
