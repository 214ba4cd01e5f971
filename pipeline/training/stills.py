"""Processors of models that see images and films, where no torchvision is: they show images, which need Pillow alone."""

# pyright: reportMissingImports=false
from typing import Any

import transformers
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES
from transformers.models.auto.video_processing_auto import get_video_processor_config
from transformers.utils import PushToHubMixin


class Films(PushToHubMixin):
    """Stands where a processor has its part for films, and is saved as what it stands for: engines with torchvision show films by it."""

    _auto_class = None

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def to_dict(self) -> dict[str, Any]:
        """What the model's folder says of films."""
        return dict(self._told)


def stills_processor(path: str, config: Any, place: dict[str, Any]) -> Any:
    """The processor of a model, for images alone; it is saved as the whole one.

    Raises: ImportError where its images need torchvision too, KeyError where the family is not known.
    """
    kind: Any = getattr(transformers, PROCESSOR_MAPPING_NAMES[config.model_type])

    class Stills(kind):
        """Takes no films."""

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            """As transformers, but for what stands for films."""
            return Films if isinstance(argument, Films) else super().check_argument_for_proper_class(argument_name, argument)

    Stills.__name__ = kind.__name__
    revision = {name: value for name, value in place.items() if name == "revision"}
    tokenizer = transformers.AutoTokenizer.from_pretrained(path, **place)
    return Stills(
        image_processor=transformers.AutoImageProcessor.from_pretrained(path, **place),
        tokenizer=tokenizer,
        video_processor=Films(get_video_processor_config(path, **revision)),
        chat_template=tokenizer.chat_template,
    )
