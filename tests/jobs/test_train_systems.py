"""Minis of the systems train: a step on the corpus that each builds, by a model that sees with random weights."""

from pathlib import Path

import pytest

from jobs import train
from tests.fixtures.systems import built
from tests.fixtures.tiny_vision_model import save_vision_model
from tests.fixtures.training import one_thread, write_config

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("torch", reason="torch is not installed here")

ROWS = 4
STEP = "max_steps = 1"
ROLLOUTS = '[grpo]\nrollouts = 2\nmax_tokens = 8\nengine = "transformers"\n'
DATA = "max_pixels = 4096\nheldout_rows = 0"


def config(corpus: Path, tmp_path: Path, more: str = "", train: str = STEP) -> Path:
    one_thread()
    save_vision_model(tmp_path / "model")
    path = write_config(tmp_path, template="model", corpus=str(corpus), data=DATA, train=train, more=more)
    path.write_text(path.read_text().replace("max_length = 512", "max_length = 4096"))
    return path


LEARNT = {"octomed": ("sft",), "openmedq": ("sft",), "infimed": ("sft", "grpo"), "qoqmed": ("drpo",)}


@pytest.mark.parametrize("name", LEARNT)
def test_a_system_s_corpus_is_learnt_from(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = train.open_training(config(built(name, tmp_path, monkeypatch, rows=ROWS), tmp_path, ROLLOUTS))
    for kind in LEARNT[name]:
        out = tmp_path / kind
        trained = train.sft(asked, out) if kind == "sft" else train.from_rewards(asked, kind, out)
        assert trained.steps == 1
        assert any("reward" in one or one.get("loss", 0) > 0 for one in trained.metrics)


def test_medmo_s_stages_show_what_its_manifest_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = "".join(f'[[stage]]\nname = "{name}"\nmax_steps = 1\n' for name in ("general", "grounding", "instruction"))
    asked = train.staged(train.open_training(config(built("medmo", tmp_path, monkeypatch, rows=ROWS), tmp_path, stages)))
    mixed = {stage.name: stage.mix.times if stage.mix else {} for stage in asked.stage}
    assert (mixed["grounding"]["nih_boxes"], mixed["instruction"]["iu_xray"], "nih_boxes" in mixed["general"]) == (4.0, 4.0, False)
    assert [stage.max_pixels for stage in asked.stage] == [589_824, None, 589_824]
    assert train.sft(asked, tmp_path / "run").steps == 3
