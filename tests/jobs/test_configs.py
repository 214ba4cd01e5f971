from pathlib import Path

import pytest

from jobs import train

CONFIGS = sorted((Path(train.__file__).parent / "configs").glob("*.toml"))
SYSTEMS = ("octomed", "medmo", "infimed", "openmedq", "qoqmed")


def test_there_is_a_configuration_for_every_system() -> None:
    assert {path.stem for path in CONFIGS} == {*SYSTEMS, "smollm2"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_configuration_is_read_and_names_a_corpus_that_a_manifest_makes(path: Path) -> None:
    asked = train.open_training(path)
    assert asked.name == path.stem
    named = Path(asked.data.corpus).name
    assert (path.parents[1] / "manifests" / f"{named}.toml").is_file()


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_setting_of_a_system_says_where_it_is_from(name: str) -> None:
    (path,) = (path for path in CONFIGS if path.stem == name)
    settings = [line for line in path.read_text().splitlines() if " = " in line and not line.startswith(("#", "name", "corpus"))]
    bare = [line for line in settings if "#" not in line]
    assert not bare
    assert all(any(word in line for word in ("our choice", "[", "as above", "x ", "default", "likewise")) for line in settings)


def test_published_numbers_are_taken_over() -> None:
    octomed, medmo, qoqmed = (train.open_training(path) for name in ("octomed", "medmo", "qoqmed") for path in CONFIGS if path.stem == name)
    assert (octomed.train.lr, octomed.train.batch, octomed.train.epochs, octomed.train.warmup) == (5e-5, 512, 3, 0.1)
    stages = [(stage.train.lr, stage.data.max_pixels, stage.train.micro_batch) for _, stage in medmo.stages()]
    assert stages == [(1e-5, 768**2, 10), (8e-6, 1280**2, 2), (5e-6, 1280**2, 10)]
    assert (qoqmed.seed, qoqmed.grpo.rollouts, qoqmed.grpo.kl) == (42, 5, 1e-4)
