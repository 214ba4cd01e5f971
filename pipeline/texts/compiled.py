"""Loops over bytes and words that are compiled when they are first called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from numba import njit
from numba.core.caching import FunctionCache

Loop = TypeVar("Loop", bound=Callable[..., Any])


class _Kept(FunctionCache):
    """Machine code on disk; where a disk is full or a file was torn, it is made again and nobody is told."""

    @contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception:  # a torn file raises whatever its bytes come to
            with suppress(OSError):
                self.flush()


def compiled(function: Loop) -> Loop:
    """The function as machine code, kept beside it or in the user's cache; where neither can be written, for this process alone.

    What a function calls must stand in its own file: the cache looks at no other for changes.
    """
    made: Any = njit(nogil=True)(function)
    with suppress(RuntimeError):
        made._cache = _Kept(function)  # as `cache=True` would, with numba's own
    return made
