"""A completion as a row of traces."""

import hashlib
from typing import Any

from pipeline.models.generate import Completion, Request
from schemas.trace import Trace


def trace_row(example: str, teacher: str, index: int, request: Request | None, completion: Completion) -> dict[str, Any]:
    """One row; its id is a hash of example, teacher and sample. Without a request nothing was paid."""
    name = hashlib.sha256(f"{example}\0{teacher}\0{index}".encode()).hexdigest()[:32]
    return {
        Trace.id: name,
        Trace.example: example,
        Trace.teacher: teacher,
        Trace.sample: index,
        Trace.request: request.key(index) if request else "",
        Trace.text: completion.text,
        Trace.finish_reason: completion.finish_reason,
        Trace.model: completion.model,
        Trace.prompt_tokens: completion.prompt_tokens,
        Trace.completion_tokens: completion.completion_tokens,
        Trace.cost_nanousd: completion.cost_nanousd if request else 0,
    }
