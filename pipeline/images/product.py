"""Matrix products that stay on the thread that asks for them."""

import numpy as np
from numpy.typing import NDArray

# OpenBLAS shares a product of more multiplications than these among all cores, where its threads spin beside the other
# workers': five times the CPU seconds for a hash.
_SHARED = 1 << 18


def product(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.floating]:
    """Left @ right, both contiguous, some rows at a time."""
    rows, inner = left.shape
    step = max(1, _SHARED // max(inner * right.shape[1], 1))
    if rows <= step:
        return left @ right
    out = np.empty((rows, right.shape[1]), np.result_type(left, right))
    whole = rows - rows % step
    np.matmul(left[:whole].reshape(-1, step, inner), right, out=out[:whole].reshape(-1, step, right.shape[1]))
    if whole < rows:
        np.matmul(left[whole:], right, out=out[whole:])
    return out
