"""What an engine in this process is started with and asked for, apart from the engine itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.models.generate import Request
from schemas.errors import TeacherError

VARIABLE = "MEDTRACE_VLLM_ARGS"
_IMAGES_IN_PROMPT = 16
# What vLLM needs on a machine without GPU, where its own choices leave a core idle and pin threads (measured: 28 tokens/s, with these 102),
# and compute in a process below the engine's, which takes as long again to start (28 CPU seconds, without it 18).
CPU_ENVIRONMENT = {
    "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
# A seeded sample of a prompt that is computed in pieces kills the engine there (vLLM 0.32: CPU generators have no offset).
_CPU_ARGS = {"dtype": "float32", "enforce_eager": True, "max_num_seqs": 16, "enable_chunked_prefill": False}


@dataclass(frozen=True)
class Weights:
    """Where a model's weights are (a folder, or a name on the Hub with its revision), and how many GPUs hold them."""

    place: str
    revision: str = ""
    gpus: int = 0


def runs(samples: Sequence[tuple[Request, int]]) -> Iterator[tuple[Request, range]]:
    """The samples of each question in runs of consecutive indexes: the engine draws sample i of a run with seed + i."""
    start = 0
    while start < len(samples):
        request, first = samples[start]
        stop = start + 1
        while stop < len(samples) and samples[stop][0] is request and samples[stop][1] == first + stop - start:
            stop += 1
        yield request, range(first, first + stop - start)
        start = stop


def pixels_of(told: str) -> dict[str, int]:
    """The least and most pixels at which a processor shows an image to its model, from `65536..262144`; none where nothing is told."""
    least, _, most = told.partition("..")
    return {"min_pixels": int(least), "max_pixels": int(most)} if told else {}


def engine_args(weights: Weights, environ: Mapping[str, str], *, gpu: bool) -> dict[str, Any]:
    """What the engine is started with: our choices, then those of the environment as JSON; nothing of it is part of an identity.

    Raises: TeacherError where the variable is no JSON object.
    """
    args: dict[str, Any] = {
        "model": weights.place,
        "revision": weights.revision or None,
        "tensor_parallel_size": max(1, weights.gpus),
        "max_num_seqs": 256,
        "enable_prefix_caching": True,
        "limit_mm_per_prompt": {"image": _IMAGES_IN_PROMPT, "video": 0},
        "enable_log_requests": False,
        "disable_log_stats": True,
        "seed": 0,
    }
    try:
        told = json.loads(environ.get(VARIABLE) or "{}")
        if not isinstance(told, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise TeacherError(f'{VARIABLE} is not read: {error}. Write a JSON object like {{"max_model_len": 8192}}.') from None
    return args | ({} if gpu else _CPU_ARGS) | told
