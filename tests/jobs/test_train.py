import importlib.util
from pathlib import Path

import pytest

from jobs import train
from jobs.__main__ import main
from pipeline.publish.corpus import read_corpus
from schemas.errors import ConfigError, CorpusError
from tests.fixtures.training import corpus_to_learn, write_config

no_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed here")


@no_torch
def test_says_in_one_sentence_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus_to_learn(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["train", "sft", str(write_config(tmp_path)), "--out", str(tmp_path / "out")])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: Training needs torch, transformers, trl, peft, accelerate, which are not installed here: pip install")
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_an_unknown_key_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "sft", str(write_config(tmp_path, train="momentum = 0.9")), "--dry-run"])
    assert ended.value.code == 2
    assert "unknown key train.momentum, known here are lr," in capsys.readouterr().err


def test_nothing_to_go_on_with_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "sft", str(write_config(tmp_path)), "--resume", "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "holds no run to go on with" in capsys.readouterr().err


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.toml cannot be read.*Name a TOML file"):
        train.open_training(tmp_path / "gone.toml")


def test_places_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    asked = train.open_training(write_config(tmp_path, more='[[stage]]\nname = "a"\ncorpus = "../other"'))
    assert asked.data.corpus == str(tmp_path / "corpus")
    assert asked.model.path == str(tmp_path / "model")
    assert asked.stage[0].corpus == str(tmp_path.parent / "other")


def test_another_corpus_and_model_stand_in_place_of_the_named(tmp_path: Path) -> None:
    config = write_config(tmp_path, model="Qwen/Qwen3-VL-8B-Instruct", more='[[stage]]\nname = "a"\ncorpus = "../other"')
    assert train.open_training(config).model.path == "Qwen/Qwen3-VL-8B-Instruct"
    asked = train.open_training(config, tmp_path / "mine", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert [stage.data.corpus for _, stage in asked.stages()] == [str(tmp_path / "mine")]
    assert asked.model.path == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_a_missing_corpus_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "LIBRARIES", ())
    with pytest.raises(CorpusError, match=r"corpus is no folder. Name the folder of a corpus"):
        train.check(train.open_training(write_config(tmp_path)))


def test_a_stage_takes_its_mixture_from_the_corpus_of_a_stage_of_that_name(tmp_path: Path) -> None:
    corpus = corpus_to_learn(tmp_path)
    manifest = corpus / "manifest.toml"
    source = read_corpus(corpus).manifest.source[0].name
    told = f'\n[[stage]]\nname = "first"\nmax_pixels = 2048\nsources = {{ {source} = 3 }}\n'
    manifest.write_text(manifest.read_text() + told + told.replace("first", "second"))
    more = (
        '[[stage]]\nname = "first"\n[[stage]]\nname = "second"\nmax_pixels = 4096\nmix = { times = { x = 1 } }\n[[stage]]\nname = "third"\n'
    )
    first, second, third = (stage.data for _, stage in train.staged(train.open_training(write_config(tmp_path, more=more))).stages())
    assert first.mix is not None
    assert (first.mix.by, first.mix.times, first.mix.other, first.max_pixels) == ("source", {source: 3.0}, 0.0, 2048)
    assert second.mix is not None
    assert (second.mix.times, second.max_pixels) == ({"x": 1.0}, 4096)
    assert (third.mix, third.max_pixels) == (None, 262_144)
