"""The prompts by name: how a question is put to a model, and what trainers see of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import ManifestError
from schemas.example import AnswerType, Example

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MARKER = "<image>"


@dataclass(frozen=True)
class Prompt:
    """A named way of asking; `version` moves when its words do."""

    name: str
    version: int
    endings: Mapping[str, str]
    ending: str
    asks_box: bool


# "Please reason step-by-step, …" is OctoMed's published suffix for reasoned answers (model card of OctoMed-7B).
BOXED = Prompt(
    name="boxed",
    version=1,
    endings={
        AnswerType.MCQ: "Please reason step-by-step, and put your final answer, the letter of the one right option, within \\boxed{}.",
        AnswerType.MULTI: "Please reason step-by-step, and put your final answer, the letters of all right options, within \\boxed{}.",
        AnswerType.YESNO: "Please reason step-by-step, and put your final answer, yes or no, within \\boxed{}.",
        AnswerType.YESNOMAYBE: "Please reason step-by-step, and put your final answer, yes, no or maybe, within \\boxed{}.",
    },
    ending="Please reason step-by-step, and put your final answer within \\boxed{}.",
    asks_box=True,
)
# "Answer with the option's letter …" and "Answer the question using a single word or phrase." are MedEvalKit's direct forms.
DIRECT = Prompt(
    name="direct",
    version=1,
    endings={
        AnswerType.MCQ: "Answer with the option's letter from the given choices directly.",
        AnswerType.MULTI: "Answer with the letters of all right options directly.",
        AnswerType.YESNO: "Answer yes or no.",
        AnswerType.YESNOMAYBE: "Answer yes, no or maybe.",
    },
    ending="Answer the question using a single word or phrase.",
    asks_box=False,
)
PROMPTS = (BOXED, DIRECT)

# One solved question before the real one: a small model that is held to a form by a grammar then fills it sensibly
# (measured on MedMCQA: 10 of 48 right with it, 6 of 48 without).
WORKED = {
    AnswerType.YESNO: ("Is insulin made in the pancreas?\n\n", "Insulin is released by the beta cells of the pancreatic islets.", "yes"),
    AnswerType.YESNOMAYBE: (
        "Is insulin made in the pancreas?\n\n",
        "Insulin is released by the beta cells of the pancreatic islets.",
        "yes",
    ),
}
WORKED_MCQ = (
    "Which organ makes insulin?\n\nA. Liver\nB. Pancreas\nC. Kidney\nD. Spleen\n\n",
    "Insulin is released by the beta cells of the islets, which lie in the pancreas. That is option B.",
    "B",
)


def by_name(name: str) -> Prompt:
    """The prompt of that name.

    Raises: ManifestError naming the known prompts.
    """
    for prompt in PROMPTS:
        if prompt.name == name:
            return prompt
    raise ManifestError(f"There is no prompt {name!r}. The prompts are {', '.join(prompt.name for prompt in PROMPTS)}.")


def problem(prompt: Prompt, example: Mapping[str, Any]) -> str:
    """A question as it is put to a model, without image markers: those of upstream go, as they would be counted with ours."""
    pieces = [example[Example.context]] if example[Example.context] else []
    pieces.append(example[Example.question])
    if example[Example.options]:
        pieces.append("\n".join(f"{LETTERS[place]}. {option}" for place, option in enumerate(example[Example.options])))
    pieces.append(prompt.endings.get(example[Example.answer_type], prompt.ending))
    return "\n\n".join(unmarked(piece) for piece in pieces)


def unmarked(text: str) -> str:
    """The text without `<image>`, which trainers take for a picture's place."""
    if MARKER not in text:
        return text
    while MARKER in text:
        text = text.replace(MARKER, "")
    return text.strip()


def worked_example(prompt: Prompt, answer_type: str) -> tuple[str, str]:
    """A solved question in the form `think_boxed`: what is asked, and what is answered."""
    question, think, answer = WORKED.get(AnswerType(answer_type), WORKED_MCQ)
    asked = question + prompt.endings.get(answer_type, prompt.ending)
    return asked, f"<think>\n{think}\n</think>\n\n\\boxed{{{answer}}}"
