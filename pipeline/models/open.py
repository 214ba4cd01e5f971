"""Opening a teacher where it is used: its endpoint from that machine's environment, its answers in the shared ledger."""

import os
from typing import Protocol

from pipeline.models.generate import Generate
from pipeline.step import Context


class Taught(Protocol):
    """A recipe that names a teacher, its model and the form it is held to."""

    @property
    def teacher(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def structure(self) -> str: ...


def open_teacher(recipe: Taught, context: Context) -> Generate:
    """A teacher that is ready to be asked.

    Raises: TeacherError where it has no endpoint, or the endpoint is dead, refuses the key or does not serve the model.
    """
    from pipeline.models.endpoints import endpoint_for
    from pipeline.models.http import HttpTeacher, check
    from pipeline.models.ledger import Ledger

    endpoint = endpoint_for(recipe.teacher, os.environ)
    flavour = check(endpoint, recipe.model, structured=bool(recipe.structure))
    return HttpTeacher(endpoint, Ledger(context.ledger), flavour=flavour)
