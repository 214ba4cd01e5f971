"""A model with its tokenizer or processor, ready to be trained: template set, parts frozen, adapters put on."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from pipeline.publish.corpus import first_line
from pipeline.training.templates import END, template_of
from schemas.errors import TrainingError
from schemas.training import Lora, Training

# Where the parts of a model with eyes stand, in the families there are.
_PARTS = {
    "vision": ("visual.", "vision_tower.", "vision_model.", "vision_encoder."),
    "projector": ("visual.merger", "visual.deepstack_merger", "multi_modal_projector.", "connector."),
}


class Loaded(NamedTuple):
    """A model, what makes its tokens (a processor where it has eyes), and its tokenizer."""

    model: Any
    processor: Any
    tokenizer: Any
    sees: bool


def load_processor(asked: Training) -> tuple[Any, Any, bool, Any]:
    """The processor or tokenizer with the template to train with, the tokenizer in it, whether the model has eyes, and its configuration.

    Raises: TrainingError where the model cannot be loaded.
    """
    told = asked.model
    place: dict[str, Any] = {"trust_remote_code": told.trust_remote_code}
    if told.revision:
        place["revision"] = told.revision
    try:
        config = AutoConfig.from_pretrained(told.path, **place)
        sees = getattr(config, "vision_config", None) is not None
        made: Any = _processor(told.path, config, place) if sees else AutoTokenizer.from_pretrained(told.path, **place)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise unloadable(told.path, error) from error
    tokenizer = made.tokenizer if sees else made
    own = getattr(made, "chat_template", None) or tokenizer.chat_template
    template = template_of(told.template, config.model_type, own, knows_chatml=END in tokenizer.get_vocab())
    made.chat_template = tokenizer.chat_template = template
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return made, tokenizer, sees, config


def _processor(path: str, config: Any, place: dict[str, Any]) -> Any:
    """A model's processor; where no torchvision is, for which transformers asks because of films, one for images alone."""
    try:
        return AutoProcessor.from_pretrained(path, **place)
    except ImportError as error:
        if "torchvision" not in str(error).lower():
            raise
        from pipeline.training.stills import stills_processor

        return stills_processor(path, config, place)


def load(asked: Training, adapter: Path | None = None) -> Loaded:
    """The model of a run, with a new adapter or the one of an earlier stage where it is trained by adapters.

    Raises: TrainingError where it cannot be loaded.
    """
    processor, tokenizer, sees, config = load_processor(asked)
    told = asked.model
    place: dict[str, Any] = {"trust_remote_code": told.trust_remote_code, "config": config}
    if told.revision:
        place["revision"] = told.revision
    if told.attention != "auto":
        place["attn_implementation"] = told.attention
    kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    try:
        torch.manual_seed(asked.seed)
        model = kind.from_pretrained(told.path, dtype=getattr(torch, told.weights), **place)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise unloadable(told.path, error) from error
    if asked.lora is not None:
        model = adapted(model, asked.lora, asked.seed, adapter)
    freeze(model, asked)
    return Loaded(model, processor, tokenizer, sees)


def adapted(model: Any, lora: Lora, seed: int, adapter: Path | None) -> Any:
    """The model with low-rank adapters on it, which alone are trained."""
    from peft import LoraConfig, PeftModel, get_peft_model

    if adapter is not None:
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=True)
    torch.manual_seed(seed)
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    made = LoraConfig(r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets, task_type="CAUSAL_LM")
    try:
        return get_peft_model(model, made)
    except ValueError as error:
        raise TrainingError(f"[lora] targets do not fit the model: {first_line(error)}") from error


def freeze(model: Any, asked: Training) -> None:
    """Keeps the named parts as they are.

    Raises: TrainingError where the model has no such part, or nothing is left to train.
    """
    for part in asked.model.freeze:
        found = [parameter for name, parameter in model.named_parameters() if part_of(name) == part]
        if not found:
            raise TrainingError(f"[model] freeze names the {part}, and {asked.model.path} has none. Leave it out.")
        for parameter in found:
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise TrainingError("[model] freeze and [lora] leave nothing to train. Freeze fewer parts, or name other targets.")


def part_of(name: str) -> str:
    """vision, projector or language: the part of a model that a weight's name tells."""
    for part in ("projector", "vision"):
        if any(sign in name for sign in _PARTS[part]):
            return part
    return "language"


def unloadable(path: str, error: BaseException) -> TrainingError:
    """Why a model cannot be loaded, in one sentence."""
    if isinstance(error, ImportError):
        return TrainingError(
            f"The model {path} cannot be loaded: {first_line(error).split('. ')[0].rstrip('. ')}. Install what it asks for."
        )
    gone = Path(path).is_absolute() and not Path(path).is_dir()
    why = "there is no such folder" if gone else first_line(error).rstrip(". ")
    return TrainingError(f"The model {path} cannot be loaded: {why}. Name a folder that save_pretrained wrote, or owner/name on the Hub.")
