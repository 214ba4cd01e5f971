"""Products cut into rows: the same numbers as in one go."""

import numpy as np
import pytest

from pipeline.images.product import product


@pytest.mark.parametrize(("rows", "inner", "columns"), [(1, 1, 1), (5, 300, 33), (192, 192, 192), (257, 511, 40), (3, 1 << 17, 8)])
def test_a_product_in_pieces_is_the_product(rows, inner, columns):
    rng = np.random.default_rng(rows)
    left, right = rng.random((rows, inner), np.float32), rng.random((columns, inner), np.float32).T
    np.testing.assert_allclose(product(left, right), left @ right, rtol=1e-4)
