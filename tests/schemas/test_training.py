import pytest

from schemas.errors import ConfigError
from schemas.training import read_training

SMALL = """
name = "small"
[model]
path = "model"
[data]
corpus = "corpus"
"""


def read(more: str = "") -> object:
    return read_training(SMALL + more, "small.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[train]\nlearning_rate = 1e-5", "unknown key train.learning_rate, known here are lr, schedule"),
        ("[[stage]]\nname = 'a'\nresolution = 768", "unknown key stage.0.resolution, known here are name, corpus"),
        ("[train]\nlr = 'high'", "train.lr: Input should be a valid number"),
        ("[train]\nbatch = 6\nmicro_batch = 4", "batch (6) is no multiple of micro_batch (4)"),
        ("[[stage]]\nname = 'a'\n[[stage]]\nname = 'a'", "two stages have one name"),
        ("[[stage]]\nname = 'a'\nmicro_batch = 5", "batch (16) is no multiple of micro_batch (5)"),
        ("[train", "small.toml is not TOML"),
    ],
)
def test_names_the_faulty_key_and_what_is_allowed(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"^small\.toml") as raised:
        read(text)
    assert told in str(raised.value)


def test_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"model is missing; data is missing"):
        read_training('name = "small"', "small.toml")


def test_stages_take_what_they_do_not_say_from_the_run() -> None:
    asked = read_training(
        SMALL + "[train]\nlr = 1e-5\nbatch = 20\nmicro_batch = 10\n[[stage]]\nname = 'low'\nmax_pixels = 589824\n"
        "[[stage]]\nname = 'high'\nmax_pixels = 1638400\nlr = 8e-6\nbatch = 16\nmicro_batch = 2\nfreeze = ['vision']\n",
        "medmo.toml",
    )
    (first, low), (second, high) = asked.stages()
    assert (first, low.data.max_pixels, low.train.lr, low.train.batch, low.model.freeze) == ("low", 589_824, 1e-5, 20, ())
    assert (second, high.data.max_pixels, high.train.lr, high.train.batch, high.model.freeze) == ("high", 1_638_400, 8e-6, 16, ("vision",))


def test_a_run_without_stages_is_one() -> None:
    asked = read_training(SMALL, "small.toml")
    assert [(name, stage) for name, stage in asked.stages()] == [("all", asked)]
