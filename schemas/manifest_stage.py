"""Stages of a training on the corpus, as a manifest tells them: which sources, how often, and how large their images are shown."""

from typing import Annotated

from pydantic import Field

from schemas.manifest_parts import Name, Section

Times = Annotated[float, Field(gt=0.0, le=1000.0, allow_inf_nan=False)]


class Stage(Section):
    """One part of a training: how often an epoch of it shows the rows of each source, and the most pixels of an image then."""

    name: Name
    sources: dict[Name, Times] = Field(min_length=1)
    max_pixels: int | None = Field(default=None, ge=1024)
