"""Manifests: unknown keys and wrong types are told with the key and what is allowed."""

import pytest

from schemas.errors import ManifestError
from schemas.manifest import read_manifest

PLAIN = 'name = "x"\n[[source]]\nname = "medmcqa"\n'
TEACHER = '[[teacher]]\nname = "r1"\nmodel = "m"\n'
SECOND = TEACHER.replace("r1", "r2")
SECOND_SOURCE = '[[source]]\nname = "medqa"\n'
STAGE = '[[stage]]\nname = "a"\nsources = { medmcqa = 2 }\n'
JUDGE = '[judge.model]\nname = "j"\nmodel = "m"\n'


def fault(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text, "x.toml")
    said = str(caught.value)
    assert said.startswith("x.toml")
    assert "\n" not in said
    return said


def test_a_plain_manifest_reads_with_its_defaults() -> None:
    manifest = read_manifest(PLAIN, "x.toml")
    assert manifest.teachers == ()
    assert manifest.judge.policy == "train"
    assert manifest.split.heldout == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLAIN + '[[stage]]\nname = "a"\nsources = { medqa = 1 }\n', ("stage a: no source is called medqa, there are medmcqa",)),
        (PLAIN + SECOND_SOURCE + '[[stage]]\nname = "a"\nsources = { medqa = 1 }\n', ("no stage shows the source medmcqa",)),
        (
            PLAIN + STAGE + "max_pixels = 4096\n[images]\nmax_pixels = 2048\n",
            ("stage a shows 4096 pixels, and images.max_pixels publishes 2048",),
        ),
        (PLAIN + STAGE + STAGE, ("two stages are called a",)),
        (PLAIN + STAGE + "rows = 3\n", ("unknown key stage.0.rows, known here are name, sources, max_pixels",)),
        ("colour = 1\n" + PLAIN, ("unknown key colour", "name, version, seed")),
        (PLAIN + "max_row = 3\n", ("unknown key source.0.max_row", "max_rows")),
        (PLAIN + 'max_rows = "3"\n', ("source.0.max_rows", "'3'")),
        (PLAIN + "max_rows = 0\n", ("source.0.max_rows", "0")),
        (PLAIN + '[judge]\npolicy = "lax"\n', ("judge.policy", "'train'", "'eval'", "'lax'")),
        (PLAIN + TEACHER + JUDGE + "tokens = 5\n", ("unknown key judge.model.tokens", "name, model, max_tokens")),
        (PLAIN + TEACHER + '[judge.model]\nname = "j"\n', ("judge.model.model is missing",)),
        (PLAIN + TEACHER + '[judge]\nmodel = "m"\n', ("judge.model", "'m'")),
        (PLAIN + JUDGE, ("judge.model has nothing to judge where no teacher is asked",)),
        (PLAIN + "[split]\nheldout = 1.0\n", ("split.heldout", "1.0")),
        (PLAIN + TEACHER + "temp = 0.5\n", ("unknown key teacher.0.temp", "temperature")),
        (PLAIN + TEACHER + "sees = []\n", ("teacher.0.sees",)),
        (PLAIN + TEACHER + 'sees = ["smell"]\n', ("teacher.0.sees", "'text'", "'smell'")),
        (PLAIN + TEACHER + "samples = 2000\n", ("teacher.0.samples", "1024")),
        (PLAIN + TEACHER + "until_correct = 2\n", ("until_correct and caps decide between rounds", "rounds = [4, 4, 8]")),
        (PLAIN + TEACHER + "rounds = [4, 4]\nuntil_correct = 2\nsamples = 8\n", ("samples and rounds exclude each other",)),
        (PLAIN + TEACHER + "rounds = [4, 4]\n", ("rounds need until_correct or caps",)),
        (PLAIN + TEACHER + "rounds = [1000, 100]\nuntil_correct = 2\n", ("add up to between 1 and 1024",)),
        (PLAIN + TEACHER + "rounds = [4, 0]\nuntil_correct = 2\n", ("teacher.0.rounds.1", "0")),
        (PLAIN + TEACHER + "rounds = [4, 4]\ncaps = [{ rate = [0, 1] }]\n", ("unknown key teacher.0.caps.0.rate", "pass_rate, samples")),
        (PLAIN + TEACHER + 'after = { teacher = "r2" }\n', ("teacher r1 comes after r2, which is not above it",)),
        (PLAIN + TEACHER + 'after = { teacher = "r1" }\n', ("teacher r1 comes after r1, which is not above it",)),
        (PLAIN + TEACHER + SECOND + 'after = { teacher = "r1" }\n', ("teacher r2 asks just what r1 asks", "give r1 more samples")),
        (
            PLAIN + TEACHER + 'after = { teacher = "r0", correct_below = 1, pass_rate_below = 0.5 }\n',
            ("correct_below and pass_rate_below exclude each other",),
        ),
        (PLAIN + TEACHER + TEACHER, ("two teachers are called r1",)),
        (PLAIN + '[[source]]\nname = "medmcqa"\n', ("two sources are called medmcqa",)),
        ('name = "x"\n', ("source is missing",)),
        ('name = "../up"\n[[source]]\nname = "medmcqa"\n', ("name", "'../up'")),
        (PLAIN + 'question = "q"\n', ("question", "table")),
        ('name = "x"\n[[source]]\nname = "mine"\nkind = "table"\n', ("path, question, gold, license",)),
        ("name = ", ("not TOML",)),
        (PLAIN + "[images]\nnear = { radius = 40 }\n", ("images.near.radius", "24", "40")),
        (PLAIN + "[images]\nnear = { bits = 3 }\n", ("unknown key images.near.bits", "hash, radius, confirm")),
        (PLAIN + '[images]\nnear = "never"\n', ("images.near", "never")),
        (PLAIN + "[images]\nfar = 1\n", ("unknown key images.far", "near")),
    ],
)
def test_a_faulty_manifest_is_told_with_key_and_value(text: str, words: tuple[str, ...]) -> None:
    said = fault(text)
    for word in words:
        assert word in said


def test_two_faults_are_told_at_once() -> None:
    said = fault("colour = 1\n" + PLAIN + "max_row = 3\n")
    assert "colour" in said
    assert "max_row" in said


def test_a_teacher_sees_in_one_order_and_each_once() -> None:
    first = read_manifest(PLAIN + TEACHER + 'sees = ["image", "text", "text"]\n', "x")
    second = read_manifest(PLAIN + TEACHER + 'sees = ["text", "image"]\n', "x")
    assert first.teachers == second.teachers


def test_a_judge_is_a_receiver_of_rows_beside_the_teachers() -> None:
    assert [one.name for one in read_manifest(PLAIN + TEACHER, "x").receivers] == ["r1"]
    manifest = read_manifest(PLAIN + TEACHER + JUDGE, "x")
    assert [one.name for one in manifest.receivers] == ["r1", "j"]
    assert manifest.judge.model
    assert manifest.judge.model.max_tokens == 512


def test_no_teacher_may_be_said_in_a_word() -> None:
    assert read_manifest('teacher = "none"\n' + PLAIN, "x").teachers == ()


def test_a_whole_number_is_read_as_a_real_one_where_a_real_one_is_asked() -> None:
    whole = read_manifest(PLAIN + TEACHER + "temperature = 1\n", "x").teachers[0]
    real = read_manifest(PLAIN + TEACHER + "temperature = 1.0\n", "x").teachers[0]
    assert repr(whole.temperature) == repr(real.temperature)


def test_near_images_are_looked_for_unless_the_manifest_says_none() -> None:
    assert read_manifest(PLAIN, "x").images == read_manifest(PLAIN + "[images]\nnear = { radius = 18 }\n", "x").images
    assert read_manifest(PLAIN + '[images]\nnear = "none"\n', "x").images.near == "none"
