"""Solved questions that teachers are shown."""

from schemas.contract import Contract
from schemas.example import Example


class SolvedQuestion(Contract):
    """A question with its gold, as it is shown before another one."""

    id = Example.id
    question = Example.question
    context = Example.context
    options = Example.options
    answer_type = Example.answer_type
    answer = Example.answer
