"""Learning from rewards by models of a few thousand weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs import train
from pipeline.training.checkpoints import forget_after
from schemas.errors import TrainingError
from schemas.training import Training
from tests.fixtures.corpora import png, posed, question, write_corpus
from tests.fixtures.tiny_model import save_language_model
from tests.fixtures.training import corpus_to_learn, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]

# A model of random weights cannot find a box; it can find longer words.
LONGER = "[rewards]\naccuracy = 0.1\nformat = 0\nlength = 1.0\n"
ROLLOUTS = '[grpo]\nrollouts = 4\nmax_tokens = 12\nengine = "transformers"\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and a model."""
    folder = tmp_path_factory.mktemp("grpo")
    corpus_to_learn(folder)
    save_language_model(folder / "model")
    return folder


def asked(place: Path, steps: int = 10, more: str = "") -> Training:
    told = f'max_steps = {steps}\nepochs = 9\nsave_every = 5\nschedule = "constant"\nwarmup = 0.0'
    path = write_config(place, template="chatml", train=told, more=LONGER + ROLLOUTS + more)
    path.write_text(
        path.read_text().replace("lr = 1e-3", "lr = 2e-2").replace("batch = 8", "batch = 16").replace("micro_batch = 4", "micro_batch = 16")
    )
    return train.open_training(path)


def test_reward_rises_and_a_run_that_was_killed_goes_on_as_if_it_had_not_been(place: Path) -> None:
    whole = train.from_rewards(asked(place), "drpo", place / "whole")
    rewards = [one["reward"] for one in whole.metrics if "reward" in one]
    assert len(rewards) == 10
    assert sum(rewards[-3:]) > 1.5 * sum(rewards[:3])
    assert whole.metrics[0]["domains/text/reward"] == pytest.approx(rewards[0])

    shutil.copytree(place / "whole", place / "killed", ignore=shutil.ignore_patterns("model", "done.json", "checkpoint-10"))
    forget_after(place / "killed", 0, 7)
    resumed = train.from_rewards(asked(place), "drpo", place / "killed")
    numbers = [[(one["step"], one.get("reward"), one.get("loss")) for one in run.metrics] for run in (whole, resumed)]
    assert numbers[0] == numbers[1]


def test_held_out_questions_tell_their_reward_and_no_loss(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobs.show import training as show
    from pipeline.training.rewards import Reward

    paid: list[float] = []
    score = Reward.__call__

    def kept(self: Reward, *asked: Any, **columns: Any) -> Any:
        told = score(self, *asked, **columns)
        paid.extend({"accuracy": 0.1, "length": 1.0}[self.name] * float(one or 0.0) for one in told)
        return told

    monkeypatch.setattr(Reward, "__call__", kept)

    settings = asked(place, steps=1)
    often = settings.train.model_copy(update={"eval_every": 1, "batch": 12, "micro_batch": 3})
    found = train.from_rewards(settings.model_copy(update={"train": often}), "grpo", place / "heldout")
    held = [one for one in found.metrics if any(name.startswith("eval_") for name in one)]
    assert [one["step"] for one in held] == [0, 1]
    assert held[0]["eval_reward"] == pytest.approx(sum(paid[:8]) / 4), "four questions in passes of three and one, two rewards each"
    for one in held:
        assert one["eval_reward"] == pytest.approx(one["eval_domains/text/reward"])
    assert not any("eval_loss" in one for one in found.metrics)
    show.trained(found, place / "heldout", as_json=False)
    told = capsys.readouterr().out
    assert f"Held-out reward: {held[0]['eval_reward']:.4f} at first, {held[1]['eval_reward']:.4f} at last." in told
    assert "Held-out loss" not in told


@pytest.fixture
def trainer(place: Path, tmp_path: Path) -> Any:
    """A trainer of eight rollouts at once whose reward tells questions of even number apart, and no others."""
    from pipeline.training.grpo import grpo_trainer
    from pipeline.training.run import load_stage
    from pipeline.training.watch import Watch

    def told(prompts: Any, completions: Any, **columns: Any) -> list[float]:
        return [float(place % 2) if int(name[1:]) % 2 == 0 else 0.5 for place, name in enumerate(columns["id"])]

    settings = asked(place, more="redraw = 20\n")
    made = grpo_trainer(settings, load_stage(settings, None), tmp_path, Watch(tmp_path, 0, "all"), resuming=False)
    made.reward_funcs, made.reward_weights = [told], made.reward_weights[:1]
    made.reward_func_names, made.reward_processing_classes = ["told"], [None]
    return made


def test_questions_that_teach_nothing_are_drawn_anew(trainer: Any) -> None:
    rows = [row for place in range(4) for row in [trainer.train_dataset[place]] * 4]
    before = [row["id"] for row in rows]
    assert any(int(name[1:]) % 2 for name in before)
    trainer.model.train()
    output = trainer._generate_and_score_completions(rows)
    assert all(int(row["id"][1:]) % 2 == 0 for row in rows)
    assert [row["id"] for row, old in zip(rows, before, strict=True) if int(old[1:]) % 2 == 0] == [
        one for one in before if int(one[1:]) % 2 == 0
    ]
    assert (output["advantages"].abs() > 0.5).all()
    assert trainer._metrics["train"]["redraw/dull"] == [0.0]
    for row, ids, mask in zip(rows, output["prompt_ids"], output["prompt_mask"], strict=True):
        assert row["prompt"][0]["content"] in trainer.processing_class.decode(ids[mask == 1])


def test_a_model_that_sees_learns_from_questions_with_images(tmp_path: Path) -> None:
    from tests.fixtures.tiny_vision_model import save_vision_model

    save_vision_model(tmp_path / "model")
    rows = [posed(question(f"q{n}", images=[png(n)] * (1 + n % 2), gold=n % 3) | {"source": f"s{n % 2}"}) for n in range(6)]
    write_corpus(tmp_path / "corpus", tmp_path / "store", {"rl-train": rows})
    found = train.from_rewards(
        asked(tmp_path, steps=2, more='kl = 0.01\nredraw = 1\n[drpo]\nby = "source"\ndamping = true\n'), "drpo", tmp_path / "out"
    )
    assert found.steps == 2
    assert {"domains/s0/reward", "domains/s1/reward", "kl", "redraw/dull"} <= set(found.metrics[0]) | set(found.metrics[1])
    assert json.loads((tmp_path / "out" / "stages" / "0-all" / "done.json").read_text()) == {"steps": 2}


def test_questions_with_and_without_images_are_learnt_from_side_by_side(tmp_path: Path) -> None:
    from tests.fixtures.tiny_vision_model import save_vision_model

    save_vision_model(tmp_path / "model")
    rows = [posed(question(f"q{n}", images=[png(n)] * (n == 0), gold=n % 3)) for n in range(4)]
    write_corpus(tmp_path / "corpus", tmp_path / "store", {"rl-train": rows})
    asked(tmp_path, steps=1, more="kl = 0.01\n")
    path = tmp_path / "tiny.toml"
    path.write_text(path.read_text().replace("micro_batch = 16", "micro_batch = 1"))
    found = train.from_rewards(train.open_training(path), "grpo", tmp_path / "out")
    assert (found.steps, "kl" in found.metrics[0]) == (1, True)


def test_settings_that_do_not_fit_are_told_before_anything_is_written(place: Path) -> None:
    for more, told in (
        ("rollouts = 3\n", "rollouts \\(3\\) do not divide the 16"),
        ('engine = "vllm"\n', "vLLM .* is installed, and this TRL drives 0.22 to 0.31|vLLM is not installed"),
    ):
        settings = asked(place)
        text = (place / "tiny.toml").read_text().replace("rollouts = 4\n" if "rollouts" in more else 'engine = "transformers"\n', more)
        (place / "tiny.toml").write_text(text)
        settings = train.open_training(place / "tiny.toml")
        with pytest.raises(TrainingError, match=told):
            train.from_rewards(settings, "grpo", place / "unfit", fresh=True)


def test_a_variant_that_divides_by_nothing_is_stopped(place: Path) -> None:
    path = write_config(
        place, template="chatml", train="max_steps = 1", more=ROLLOUTS + '[drpo]\nvariant = "code"\n[rewards]\naccuracy = 1.0\nformat = 0\n'
    )
    with pytest.raises(TrainingError, match=r"DRPO's advantages are not finite at step 0.*variant = \"safe\""):
        train.from_rewards(train.open_training(path), "drpo", place / "code")


def test_a_dry_run_tells_steps_tokens_and_the_first_prompt(place: Path) -> None:
    (told,) = train.dry_run(asked(place), "grpo")
    assert (told.steps, told.rows, told.learnt) == (10, 216, 10 * 16 * 12)
    assert told.learnt < told.tokens
    assert "<|im_start|>assistant" in told.first[0][0]
    assert told.first[1] == ("[up to 12 tokens of its own, 4 times]", True)
    (kept,) = train.dry_run(asked(place, more="kl = 0.1\n"), "grpo")
    assert kept.memory.weights == 2 * told.memory.weights


def test_questions_without_room_for_an_answer_are_passed_over_and_counted(place: Path) -> None:
    settings = asked(place, steps=1)
    data = settings.data.model_copy(update={"max_length": 101})
    (told,) = train.dry_run(settings.model_copy(update={"data": data}), "grpo")
    assert 0 < told.skipped < told.rows
    found = train.from_rewards(settings.model_copy(update={"data": data}), "grpo", place / "passed")
    assert found.metrics[0]["prompts/too_long"] > 0
    none = settings.data.model_copy(update={"max_length": 32})
    with pytest.raises(TrainingError, match=r"leaves no answer room within \[data\] max_length"):
        train.from_rewards(settings.model_copy(update={"data": none}), "grpo", place / "none")
