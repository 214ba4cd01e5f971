"""Ctrl-C: the first ends a run in good order, the second ends the process wherever it is."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
_LEFT = "Stopped. What was answered is kept, what was under way is not; run the same command to go on."


@contextmanager
def second_leaves() -> Iterator[None]:
    """Within it the first Ctrl-C raises KeyboardInterrupt, as always, and the next ends the process with exit code 130.

    An exception would not do: raised between two lines of the clean-up it would be waited out by the rest of that clean-up.
    Where Ctrl-C is ignored, or somebody else's handler hears it, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    asked = False

    def heed(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _leave()
        asked = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave() -> None:
    """Ends this process at once: threads that wait for a server would be waited for."""
    os.write(2, f"{_LEFT}\n".encode())  # a handler may interrupt a print, and must not print itself
    os._exit(INTERRUPTED)
