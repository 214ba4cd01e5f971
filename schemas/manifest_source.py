"""The sources and benchmarks of a manifest: what they are, which of their rows, and who answers them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.manifest_parts import Capped, Name, Section
from schemas.vocabulary import BodyPart, Domain, Modality, Task

Licence = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*( (AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*$")]
GoldAs = Literal["letter", "index0", "index1", "text", "number", "yesno", "labels", "boxes"]


class GoldColumn(Section):
    """Which column holds the gold of a `table`, and how to read it.

    `labels`: all that there are, for a gold that is any number of them. Of boxes, `frame` says in what their edges count and `label`
    names the column of their labels, or the label of all.
    """

    column: str
    as_: GoldAs = Field(alias="as")
    labels: tuple[str, ...] = Field(default=(), max_length=200)
    frame: Literal["pixels", "thousandths", "shares"] = "pixels"
    form: Literal["corners", "corner_size", "middle_size"] = "corners"
    label: str = ""

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if (self.as_ == "labels") != bool(self.labels):
            raise ValueError('labels = ["…", "…"] names all labels of a gold as "labels", and belongs to no other')
        if self.as_ != "boxes" and self.model_fields_set & {"frame", "form", "label"}:
            raise ValueError('frame, form and label belong to a gold as "boxes"')
        return self


class Dataset(Capped):
    """A source or a benchmark: a known dataset, a `table` or an `imagefolder`.

    `publish_images`: whether its pictures, and small copies of them, go out with its rows.
    """

    name: Name
    kind: Literal["table", "imagefolder", "traces"] | None = None
    split: str | None = None
    max_rows: int | None = Field(default=None, ge=1)
    path: str | None = None
    revision: str | None = None
    may_send: bool = False
    publish_images: bool = True
    answers: Literal["teacher", "gold", "none"] = "teacher"
    prompt: Name | None = None
    weight: float = Field(default=1.0, gt=0.0, le=1e6)
    balance: Literal["up"] | None = None
    per_class: int | None = Field(default=None, ge=1)
    rows: int | None = Field(default=None, ge=0)
    license: Licence | None = None
    access: Literal["open", "gated", "registered", "credentialed", "kaggle"] | None = None
    homepage: str | None = None
    modality: Modality | None = Field(default=None, strict=False)
    domain: Domain | None = Field(default=None, strict=False)
    body_part: BodyPart | None = Field(default=None, strict=False)
    task: Task | None = Field(default=None, strict=False)
    question: str | None = None
    context: str | None = None
    options: tuple[str, ...] | str | None = Field(default=None)
    gold: GoldColumn | None = None
    images: tuple[str, ...] | str | None = Field(default=None)
    id: str | None = None
    group: str | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.prompt and self.answers == "teacher":
            raise ValueError('prompt is for answers = "gold" or "none": a teacher has its own')
        mapped = [key for key in ("question", "context", "options", "gold", "images", "id", "group") if getattr(self, key)]
        if self.kind == "table":
            missing = [key for key in ("path", "question", "gold", "license") if not getattr(self, key)]
            if missing:
                raise ValueError(f"a table needs {', '.join(missing)}")
        elif self.kind:
            kind = {"imagefolder": "an imagefolder", "traces": "a source of traces"}[self.kind]
            missing = [key for key in ("path", "license") if not getattr(self, key)]
            if missing:
                raise ValueError(f"{kind} needs {', '.join(missing)}")
            if [key for key in mapped if key != "question" or self.kind == "traces"]:
                raise ValueError(f"{kind} takes no {', '.join(mapped)}")
        elif mapped:
            raise ValueError(f'{", ".join(mapped)}: only a source of kind "table" maps columns')
        elif self.license or self.access or self.modality or self.domain or self.body_part or self.task or self.homepage:
            raise ValueError("license, access, modality, domain, body_part, task and homepage of a known dataset stand in its source file")
        return self
