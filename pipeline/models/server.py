"""Serving the embedded teacher on a port, until interrupted."""

import threading
from collections.abc import Callable

from pipeline.models.embedded import CONTEXT_TOKENS, PARALLEL, embedded_teacher


def serve(
    port: int, *, ready: Callable[[str], None], threads: int | None = None, parallel: int = PARALLEL, context_tokens: int = CONTEXT_TOKENS
) -> None:
    """Blocks until the interrupt key; `ready` is called with the base URL once the model answers.

    Raises: TeacherError where a package is absent or the port is taken.
    """
    with embedded_teacher(threads, parallel, context_tokens, port) as base_url:
        ready(base_url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
