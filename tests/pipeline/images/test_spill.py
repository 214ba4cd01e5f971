from io import BytesIO

import numpy as np

from pipeline.images.cluster import Drawn
from pipeline.images.confirm import sketch
from pipeline.images.spill import Spill
from tests.fixtures.pictures import drawn, encoded


def test_drawings_come_back_as_they_were_put_in_any_order() -> None:
    held = Spill(BytesIO())
    put = {str(seed): Drawn(f"pixels {seed}", sketch(encoded(drawn(seed, (200 + 10 * seed, 160))))) for seed in range(4)}
    put["none"] = Drawn("", None)
    for digest, one in put.items():
        held.put(digest, one)
    for digest in ("3", "none", "0", "3", "2", "1"):
        pixels, found = held.draw(digest)
        known = put[digest].sketch
        assert pixels == put[digest].pixels
        if known is None:
            assert found is None
        else:
            assert found is not None
            assert np.array_equal(found.grey, known.grey)
            assert found[1:] == known[1:]
    assert held.pixels == {digest: one.pixels for digest, one in put.items()}
