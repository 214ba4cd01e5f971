"""Pictures within the pixels of a request, for a processor that takes no such bounds."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.models.engine_pictures import conversation
from pipeline.models.generate import Message, Picture, Request, Sampling, Text


def asked(width: int, height: int, pixels: str, image: Image.Image | None = None) -> Request:
    file = io.BytesIO()
    (image or Image.new("RGB", (width, height), "red")).save(file, "PNG")
    turns = (Message("system", (Text("Be brief."),)), Message("user", (Picture("d", "png"), Text("What is shown?"))))
    return Request("m", turns, Sampling(pixels=pixels), 0, (0,), pictures={"d": file.getvalue()})


@pytest.mark.parametrize(
    ("size", "pixels", "shown"),
    [
        ((400, 100), "784..10000", (200, 50)),
        ((20, 10), "800..10000", (40, 20)),
        ((60, 40), "784..10000", (60, 40)),
        ((400, 100), "", (400, 100)),
    ],
)
def test_a_picture_is_brought_within_the_pixels_in_its_proportions(size: tuple[int, int], pixels: str, shown: tuple[int, int]) -> None:
    system, user = conversation(asked(*size, pixels), scaled=True)
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"][0]["image_pil"].size == shown
    assert user["content"][1] == {"type": "text", "text": "What is shown?"}


def test_a_processor_that_counts_pixels_is_given_the_picture_as_it_is() -> None:
    _, user = conversation(asked(400, 100, "784..10000"), scaled=False)
    assert user["content"][0]["image_pil"].size == (400, 100)
    assert user["content"][0]["uuid"] == "d"


def test_a_picture_at_other_pixels_is_another_one_to_the_engine_s_caches() -> None:
    known = {conversation(asked(400, 100, pixels), scaled=True)[1]["content"][0]["uuid"] for pixels in ("784..10000", "784..20000", "")}
    assert len(known) == 3


def test_sixteen_bits_are_stretched_over_eight_and_not_clipped() -> None:
    deep = Image.fromarray(np.array([[0, 20_000], [40_000, 51_000]], np.uint16))
    [picture, _] = conversation(asked(2, 2, "", deep), scaled=True)[1]["content"]
    assert np.asarray(picture["image_pil"])[..., 0].tolist() == [[0, 100], [200, 255]]
