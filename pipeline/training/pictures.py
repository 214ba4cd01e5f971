"""Images of a row as a model is shown them: decoded, eight bits a channel, within the pixel budget."""

from typing import Any

from PIL import Image

from pipeline.images.bound import within
from pipeline.images.decode import eight_bits, fault_of, pillow_warnings_as_errors, upright
from schemas.errors import CorpusError
from schemas.training import Data


def pictures_of(row: dict[str, Any], data: Data, *, scaled: bool) -> list[Image.Image]:
    """The images of a row as RGB; with `scaled` within the budget, else at their own size, for a processor that keeps it.

    Raises: CorpusError naming the row where one cannot be decoded.
    """
    found = []
    for image in row.get("images") or ():
        try:
            with pillow_warnings_as_errors():
                read = eight_bits(upright(image["bytes"])).convert("RGB")
        except Exception as error:
            raise CorpusError(
                f"Row {row.get('id', '?')} has an image that cannot be shown ({image.get('path')}: {fault_of(error)}). Prove the corpus with medtrace audit."
            ) from error
        found.append(within(read, data.min_pixels, data.max_pixels) if scaled else read)
    return found


def set_budget(processor: Any, data: Data) -> bool:
    """Tells a processor that counts pixels (Qwen's, PaddleOCR-VL's) its budget; whether it does: others have one size for all."""
    images = processor.image_processor
    if not hasattr(images, "merge_size"):
        return False
    images.size = type(images.size)(shortest_edge=data.min_pixels, longest_edge=data.max_pixels)
    return True
