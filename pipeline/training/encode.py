"""A row as a model reads it: rendered by the chat template, cut into tokens, its labels only where the assistant speaks."""

from typing import Any, NamedTuple

from pipeline.training.templates import END
from schemas.errors import TrainingError

IGNORED = -100


class Rendered(NamedTuple):
    """A row as text: all that stands before the last turn's words, and these with the sign that ends them."""

    prompt: str
    completion: str


class Encoded(NamedTuple):
    """A row as tokens, with the token itself as its label where it is learnt and -100 elsewhere; `whole` is false where it is too long."""

    ids: list[int]
    labels: list[int]
    whole: bool = True


def messages_of(row: dict[str, Any], images: int, *, parts: bool) -> list[dict[str, Any]]:
    """The prompt as messages; for a model with eyes in parts, the images before the first words of the user."""
    told = [{"role": message["role"], "content": message["content"]} for message in row["prompt"]]
    if not parts:
        return told
    made = [{"role": message["role"], "content": [{"type": "text", "text": message["content"]}]} for message in told]
    first = next((message for message in made if message["role"] == "user"), made[0])
    first["content"] = [{"type": "image"}] * images + first["content"]
    return made


def render(template_holder: Any, row: dict[str, Any], images: int = 0, *, parts: bool = False) -> Rendered:
    """A row in the words of the model's template.

    Raises: TrainingError where the template changes the completion or renders the prompt otherwise before an answer.
    """
    asked = messages_of(row, images, parts=parts)
    answer = row["completion"][0]["content"]
    told = {"role": "assistant", "content": [{"type": "text", "text": answer}] if parts else answer}
    prompt = template_holder.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    whole = template_holder.apply_chat_template([*asked, told], tokenize=False)
    tokenizer = getattr(template_holder, "tokenizer", template_holder)
    if not whole.startswith(prompt) or not whole[len(prompt) :].startswith(answer.strip()):
        raise TrainingError(
            f"The chat template changes the answer or what stands before it (row {row.get('id', '?')}: {whole[-80:]!r}). "
            'Say [model] template = "chatml", or the family\'s name.'
        )
    end = END if END in whole else tokenizer.eos_token
    completion = whole[len(prompt) :]
    at = completion.rfind(end)
    return Rendered(prompt, completion[: at + len(end)] if at >= 0 else completion.rstrip("\n") + end)


def encode(tokenizer: Any, rendered: Rendered, max_length: int, too_long: str) -> Encoded:
    """A rendered row as tokens; prompt and completion are cut apart from each other, as at inference."""
    prompt = tokenizer(rendered.prompt, add_special_tokens=False)["input_ids"]
    completion = tokenizer(rendered.completion, add_special_tokens=False)["input_ids"]
    ids = prompt + completion
    if len(ids) <= max_length:
        return Encoded(ids, [IGNORED] * len(prompt) + completion)
    if too_long == "skip" or len(prompt) >= max_length:
        return unlearnt(tokenizer)
    return Encoded(ids[:max_length], ([IGNORED] * len(prompt) + completion)[:max_length], whole=False)


def unlearnt(tokenizer: Any) -> Encoded:
    """What stands in the place of a row that is too long: one token, no loss."""
    return Encoded([tokenizer.eos_token_id], [IGNORED], whole=False)


def rendered_prompt(processor: Any, row: dict[str, Any], *, sees: bool) -> str:
    """The prompt as the model reads it."""
    messages = messages_of(row, len(row.get("images") or ()), parts=sees)
    return processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def prompt_tokens(processor: Any, row: dict[str, Any], *, sees: bool) -> int:
    """How many tokens a prompt has, its images' included."""
    text = rendered_prompt(processor, row, sees=sees)
    if not sees:
        return len(processor(text, add_special_tokens=False)["input_ids"])
    return len(processor(text=[text], images=row["images"] or None)["input_ids"][0])
