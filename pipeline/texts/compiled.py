"""Loops over bytes and words that are compiled when they are first called."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(function: Loop) -> Loop:
    """The function as machine code, kept beside it or in the user's cache; where neither can be written, for this process alone.

    What a function calls must stand in its own file: the cache looks at no other for changes.
    """
    made: Any
    try:
        made = njit(cache=True, nogil=True)(function)
    except RuntimeError:
        made = njit(nogil=True)(function)
    return made
