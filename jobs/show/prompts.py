"""What the commands on prompts print."""

from dataclasses import asdict

from rich.markup import escape

from jobs.show.tables import print_json, print_line, print_tables, table_of
from pipeline.prompts import PROMPTS, Prompt, Unanswered, problem
from schemas.errors import UsageError
from schemas.example import AnswerType

_EXAMPLES = {
    AnswerType.MCQ: Unanswered("Which organ makes insulin?", "", ["Liver", "Pancreas", "Kidney", "Spleen"], AnswerType.MCQ),
    AnswerType.MULTI: Unanswered("Which of these are lobes of the left lung?", "", ["Upper", "Middle", "Lower"], AnswerType.MULTI),
    AnswerType.YESNO: Unanswered("Is insulin made in the pancreas?", "", [], AnswerType.YESNO),
    AnswerType.YESNOMAYBE: Unanswered("Does the drug shorten the stay?", "An abstract of a trial.", [], AnswerType.YESNOMAYBE),
    AnswerType.LABEL_SET: Unanswered("Which findings does the film show?", "", [], AnswerType.LABEL_SET),
    AnswerType.NUMERIC: Unanswered("What is the anion gap?", "Na 140, Cl 104, HCO3 24 mmol/L.", [], AnswerType.NUMERIC),
    AnswerType.DATE: Unanswered("When is the child due?", "Last period on 2023-01-01.", [], AnswerType.DATE),
    AnswerType.OPEN: Unanswered("Which vessel is occluded?", "", [], AnswerType.OPEN),
    AnswerType.BBOX: Unanswered("Where is the fracture?", "", [], AnswerType.BBOX),
}


def prompts(*, as_json: bool) -> None:
    """The prompts."""
    if as_json:
        print_json([asdict(prompt) for prompt in PROMPTS])
        return
    table = table_of("name", "asks for")
    for prompt in PROMPTS:
        table.add_row(escape(prompt.name), escape(prompt.about))
    print_tables(table)
    print_line("See medtrace prompt show NAME.")


def prompt(found: Prompt, task: str | None, *, as_json: bool) -> None:
    """One prompt, as a teacher sees it: for all types of answers, or for one.

    Raises: UsageError where there is no such type.
    """
    if task is not None and task not in list(AnswerType):
        raise UsageError(f"There is no type of answer {task!r}. The types are {', '.join(AnswerType)}.")
    types = list(AnswerType) if task is None else [AnswerType(task)]
    shown = {answer_type.value: problem(found, _EXAMPLES[answer_type]) for answer_type in types}
    if as_json:
        print_json({"name": found.name, "about": found.about, "asks": shown})
        return
    for answer_type, text in shown.items():
        print_line(f"--- {answer_type} ---\n{text}\n")
