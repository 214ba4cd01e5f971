"""The prompts by name: how a question is put to a model, and what trainers see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.markers import unmarked
from pipeline.normalise import normalise
from schemas.errors import ManifestError
from schemas.example import AnswerType, Example
from schemas.manifest_parts import Shot

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Prompt:
    """A named way of asking; recipes hold it whole, so that other words are another recipe.

    What is published never changes its words: better ones get a name of their own, `boxed.2`.
    """

    name: str
    about: str
    endings: Mapping[str, str]
    ending: str
    asks_box: bool
    system: str = ""

    def instruction(self, answer_type: str) -> str:
        """What it says of the form of an answer of that type."""
        return self.endings.get(answer_type, self.ending)


class Unanswered(NamedTuple):
    """All of an example that a question is made of: there is no gold here that could slip into it."""

    question: str
    context: str
    options: Sequence[str]
    answer_type: str


class Shown(NamedTuple):
    """A solved question before the real one: the question alone, normalised; what is asked; what is answered; its id where it has one."""

    question: str
    asked: str
    answered: str
    id: str = ""


# "Please reason step-by-step, …" is OctoMed's published suffix for reasoned answers (model card of OctoMed-7B).
BOXED = Prompt(
    name="boxed",
    about="a thought, then a box",
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
    about="an option's letter, yes or no, or a few words, without a thought",
    endings={
        AnswerType.MCQ: "Answer with the option's letter from the given choices directly.",
        AnswerType.MULTI: "Answer with the letters of all right options directly.",
        AnswerType.YESNO: "Answer yes or no.",
        AnswerType.YESNOMAYBE: "Answer yes, no or maybe.",
    },
    ending="Answer the question using a single word or phrase.",
    asks_box=False,
)
_STEPS = "Please reason step-by-step, and put your final answer"
BOXED_2 = Prompt(
    name="boxed.2",
    about="boxed, with an instruction for every type; boxes as <box>[[x1, y1, x2, y2]]</box> in pixels",
    endings={
        **BOXED.endings,
        AnswerType.LABEL_SET: f"{_STEPS}, all labels that apply separated by commas, within \\boxed{{}}.",
        AnswerType.NUMERIC: f"{_STEPS}, one number with its unit if it has one, within \\boxed{{}}.",
        AnswerType.DATE: f"{_STEPS}, a date as year-month-day or a time with its unit, within \\boxed{{}}.",
        AnswerType.OPEN: f"{_STEPS}, a word or short phrase, within \\boxed{{}}.",
        AnswerType.BBOX: "Please reason step-by-step, and end with every box in pixels of the image, "
        "left, top, right and bottom, in the form <box>[[x1, y1, x2, y2]]</box>.",
    },
    ending=BOXED.ending,
    asks_box=True,
)
DIRECT_2 = Prompt(
    name="direct.2",
    about="direct, with an instruction for every type; boxes as <box>[[x1, y1, x2, y2]]</box> in pixels",
    endings={
        **DIRECT.endings,
        AnswerType.LABEL_SET: "Answer with all labels that apply, separated by commas.",
        AnswerType.NUMERIC: "Answer with one number, with its unit if it has one.",
        AnswerType.DATE: "Answer with a date as year-month-day or a time with its unit.",
        AnswerType.BBOX: "Answer with every box in pixels of the image, left, top, right and bottom, in the form <box>[[x1, y1, x2, y2]]</box>.",
    },
    ending=DIRECT.ending,
    asks_box=False,
)
# The form that Qwen2.5-VL writes boxes in, and QoQ-Med asks for.
BOXED_QWEN = Prompt(
    name="boxed-qwen",
    about="boxed.2, with boxes as JSON with bbox_2d in pixels",
    endings={
        **BOXED_2.endings,
        AnswerType.BBOX: "Please reason step-by-step, and end with a JSON list of every box in pixels of the image, "
        'each in the form {"bbox_2d": [x1, y1, x2, y2], "label": "name"}.',
    },
    ending=BOXED.ending,
    asks_box=True,
)
# The literal words of OctoMed-7B's model card: for questions of choice and of classes, and for short answers.
OCTOMED = Prompt(
    name="octomed",
    about="the words of OctoMed's model card for every type: a thought, then a box",
    endings={},
    ending="Please reason step-by-step, and put your final answer within \\boxed{}.",
    asks_box=True,
)
OCTOMED_DIRECT = Prompt(
    name="octomed-direct",
    about="the words of OctoMed's model card for short answers",
    endings={},
    ending="Answer in a short word or phrase.",
    asks_box=False,
)
REPORT = Prompt(
    name="report",
    about="a report with findings and impression, for open questions; other types as direct.2",
    endings={**DIRECT_2.endings, AnswerType.OPEN: "Write a report in two parts, headed Findings: and Impression:, and nothing else."},
    ending=DIRECT.ending,
    asks_box=False,
)
PROMPTS = (BOXED, BOXED_2, BOXED_QWEN, OCTOMED, DIRECT, DIRECT_2, OCTOMED_DIRECT, REPORT)

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


def unanswered(example: Mapping[str, Any]) -> Unanswered:
    """What of an example a question is made of."""
    told = (Example.question, Example.context, Example.options, Example.answer_type)
    return Unanswered(*(example[name] for name in told))


def problem(prompt: Prompt, asked: Unanswered) -> str:
    """A question as it is put to a model, without image markers: those of upstream go, as they would be counted with ours."""
    pieces = [asked.context] if asked.context else []
    pieces.append(asked.question)
    if asked.options:
        pieces.append("\n".join(f"{LETTERS[place]}. {option}" for place, option in enumerate(asked.options)))
    pieces.append(prompt.instruction(asked.answer_type))
    return "\n\n".join(unmarked(piece) for piece in pieces)


def shown(prompt: Prompt, shots: Sequence[Shot]) -> tuple[Shown, ...]:
    """Solved questions as turns before the real one, in the prompt's form."""
    return tuple(Shown(normalise(shot.question), problem(prompt, _bare(shot)), _answered(prompt, shot)) for shot in shots)


def shown_rows(prompt: Prompt, rows: Iterable[Mapping[str, Any]]) -> tuple[Shown, ...]:
    """Solved questions of a source as turns before the real one, each answered with its gold."""
    return tuple(
        Shown(normalise(row[Example.question]), problem(prompt, unanswered(row)), _boxed(prompt, row[Example.answer]), row[Example.id])
        for row in rows
    )


def _boxed(prompt: Prompt, answer: str) -> str:
    return f"\\boxed{{{answer}}}" if prompt.asks_box else answer


def _bare(shot: Shot) -> Unanswered:
    said = shot.answer.strip().casefold()
    spoken = {"yes": AnswerType.YESNO, "no": AnswerType.YESNO, "maybe": AnswerType.YESNOMAYBE}.get(said, AnswerType.OPEN)
    return Unanswered(shot.question, shot.context, shot.options, AnswerType.MCQ if shot.options else spoken)


def _answered(prompt: Prompt, shot: Shot) -> str:
    thought = f"<think>\n{shot.thought}\n</think>\n\n" if shot.thought else ""
    return thought + _boxed(prompt, shot.answer)


def worked_examples(prompt: Prompt) -> dict[str, tuple[str, str]]:
    """For each type of answer a solved question in the form `think_boxed`: what is asked, and what is answered."""
    solved: dict[str, tuple[str, str]] = {}
    for answer_type in AnswerType:
        question, think, answer = WORKED.get(answer_type, WORKED_MCQ)
        solved[answer_type.value] = question + prompt.instruction(answer_type), f"<think>\n{think}\n</think>\n\n\\boxed{{{answer}}}"
    return solved
