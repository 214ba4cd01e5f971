"""What an engine is shown: a request's turns with their images decoded, each within the pixels that the request asks for."""

import importlib
from typing import Any

from PIL import Image

from pipeline.images.bound import within
from pipeline.images.decode import eight_bits, upright
from pipeline.models.engine_args import pixels_of
from pipeline.models.generate import Message, Picture, Request, Text


def counts_pixels(model_config: Any) -> bool:
    """Whether a model's processor takes the least and most pixels of an image, as Qwen's do; LLaVA's has one size for all."""
    if not model_config.is_multimodal_model:
        return False
    processors = importlib.import_module("vllm.transformers_utils.processor")
    try:
        processor = processors.cached_processor_from_config(model_config)
    except Exception:  # transformers has none for this model: vLLM's own, which cut images into tiles of one size
        return False
    return hasattr(getattr(processor, "image_processor", None), "merge_size")


def conversation(request: Request, *, scaled: bool) -> list[dict[str, Any]]:
    """The messages with their images; each image is known to the engine's caches by its digest. `scaled`: brought within the pixels here.

    Raises: whatever Pillow does of bytes that are no whole image.
    """
    bounds = pixels_of(request.sampling.pixels) if scaled else {}
    return [{"role": message.role, "content": _content(message, request, bounds)} for message in request.messages]


def _content(message: Message, request: Request, bounds: dict[str, int]) -> Any:
    if not any(isinstance(part, Picture) for part in message.parts):
        return "".join(part.text for part in message.parts if isinstance(part, Text))
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "image_pil", "image_pil": _decoded(request.pictures[part.digest], bounds), "uuid": _known(part, bounds)}
        for part in message.parts
    ]


def _known(part: Picture, bounds: dict[str, int]) -> str:
    return " ".join([part.digest, *map(str, bounds.values())])


def _decoded(data: bytes, bounds: dict[str, int]) -> Image.Image:
    """As trainers show it: 16-bit grey is stretched over eight bits, where RGB would clip it to white."""
    whole = eight_bits(upright(data)).convert("RGB")
    return within(whole, bounds["min_pixels"], bounds["max_pixels"]) if bounds else whole
