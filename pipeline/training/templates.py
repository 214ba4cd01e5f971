"""Chat templates to train with: ChatML as Qwen2.5-VL, Qwen3 and SmolLM2 write it, the thought of every turn kept.

Some models' own templates do not fit: Qwen3's takes `<think>` out of all turns but the last and puts an empty one into answers
without, DeepSeek's drops everything before `</think>`, SmolLM2's and Qwen2.5-VL's mark no turn as generated. The markers
`{% generation %}` stand around what the assistant says with its end, so that TRL's `assistant_only_loss` reads them too; the
copy beside a checkpoint is without them, for engines whose Jinja does not know the tag.
"""

import re

from schemas.errors import TrainingError

END = "<|im_end|>"
_MARKER = re.compile(r"{%-?\s*(end)?generation\s*-?%}")
_SYSTEM = {
    "chatml": "",
    "qwen3": "",
    "qwen2.5-vl": "You are a helpful assistant.",
    "smollm2": "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
}
_PICTURE = {"qwen2.5-vl": "<|vision_start|><|image_pad|><|vision_end|>", "qwen3": "<|vision_start|><|image_pad|><|vision_end|>"}
_FAMILIES = {
    "qwen2_vl": "qwen2.5-vl",
    "qwen2_5_vl": "qwen2.5-vl",
    "qwen2": "qwen2.5-vl",
    "qwen3": "qwen3",
    "qwen3_moe": "qwen3",
    "qwen3_vl": "qwen3",
    "qwen3_vl_moe": "qwen3",
}
_CHATML = """\
{%- macro parts(content) -%}
{%- if content is string -%}{{ content }}{%- else -%}
{%- for part in content -%}
{%- if part['type'] == 'image' -%}PICTURE{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
{%- if loop.first and message['role'] != 'system' and 'SYSTEM' -%}{{ '<|im_start|>system\\nSYSTEM<|im_end|>\\n' }}{%- endif -%}
{%- if message['role'] == 'assistant' -%}
{{ '<|im_start|>assistant\\n' }}{%- generation -%}{{ parts(message['content']) }}{{ '<|im_end|>' }}{%- endgeneration -%}{{ '\\n' }}
{%- else -%}
{{ '<|im_start|>' + message['role'] + '\\n' }}{{ parts(message['content']) }}{{ '<|im_end|>\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}
"""


def template_of(wanted: str, model_type: str, own: str | None, *, knows_chatml: bool) -> str:
    """The template to train with: the one asked for; by itself the family's, else the model's own.

    Raises: TrainingError where the model has none and speaks no ChatML.
    """
    family = wanted
    if wanted == "auto":
        family = _FAMILIES.get(model_type, "model")
        if family == "model" and knows_chatml and "named SmolLM" in (own or ""):
            family = "smollm2"
        elif family == "model" and knows_chatml and not own:
            family = "chatml"
    if family != "model":
        if not knows_chatml:
            raise TrainingError(f'The tokenizer has no {END}, which the template {family} writes. Say [model] template = "model".')
        return chatml(family)
    if not own:
        raise TrainingError('The model has no chat template. Say [model] template = "chatml", if its tokenizer knows <|im_start|>.')
    return own


def chatml(family: str) -> str:
    """The template of a family, with the markers around what is generated."""
    return _CHATML.replace("SYSTEM", _SYSTEM[family]).replace("PICTURE", _PICTURE.get(family, "<image>"))


def for_engines(template: str) -> str:
    """A template without the markers of training, which renders the same text."""
    return _MARKER.sub("", template)
