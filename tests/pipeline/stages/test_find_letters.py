"""Which pictures of a shard show letters, and what is left out for them."""

import pyarrow as pa

from pipeline.images.burned import BURNED_VERSION
from pipeline.stages.choose import ChooseRecipe, choose
from pipeline.stages.find_letters import LettersRecipe, find_letters
from schemas.example import Dropped, Example
from schemas.graph import Rank
from schemas.image import Image, Lettered
from tests.fixtures.pictures import lettered_png
from tests.fixtures.stage_rows import digest_of, example, examples, image, images

HELD = images(image("p") | {Image.bytes: lettered_png()}, image("q") | {Image.bytes: b"no image"})
ROWS = [example("1", images=[digest_of("p")]), example("2", images=[digest_of("q")]), example("3")]


def chosen(recipe: ChooseRecipe, rows: list[dict[str, object]] = ROWS) -> tuple[list[str], list[str]]:
    """The ids that stay, and the reasons of those that go."""
    told = {Rank.id: [row[Example.id] for row in rows], Rank.reason: [""] * len(rows), Rank.evidence: [""] * len(rows)}
    told |= {Rank.published_split: ["train"] * len(rows)}
    ranks = pa.table(told).append_column(Rank.weight, pa.array([1.0] * len(rows), pa.float32()))
    made = choose(examples(rows), ranks, recipe, lettered=find_letters(HELD, LettersRecipe(BURNED_VERSION))["lettered"])
    return made["chosen"][Example.id].to_pylist(), made["dropped"][Dropped.reason].to_pylist()


def test_pictures_with_letters_are_told_and_what_does_not_decode_has_none():
    found = find_letters(HELD, LettersRecipe(BURNED_VERSION))["lettered"]
    assert found.to_pylist() == [{Lettered.digest: digest_of("p"), Lettered.lines: 1}]


def test_rows_that_show_one_are_left_out_where_the_manifest_asks():
    assert chosen(ChooseRecipe(pictures="drop")) == (["2", "3"], ["letters in a picture"])
    assert chosen(ChooseRecipe()) == (["1", "2", "3"], [])


def test_a_source_whose_rows_may_be_sent_keeps_them():
    assert chosen(ChooseRecipe("off", (str(ROWS[0][Example.source]),), pictures="drop")) == (["1", "2", "3"], [])
