"""A training run as a person asks for it: frozen models of one TOML file, which refuse unknown keys; needs no torch."""

import json
import tomllib
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from schemas.errors import ConfigError
from schemas.manifest_parts import Name, Section
from schemas.training_rl import Drpo, Grpo, Rewards

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Times = Annotated[float, Field(ge=0.0, le=1000.0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
Part = Literal["vision", "projector", "language"]


class Model(Section):
    """The model to train: a folder or a name on the Hub, how it is loaded, and which of its parts stay as they are.

    `template`: `auto` takes the template that medtrace ships for the family and else the model's own; `model` always its own.
    """

    path: str = Field(min_length=1)
    revision: str = ""
    template: Literal["auto", "model", "chatml", "smollm2", "qwen2.5-vl", "qwen3"] = "auto"
    freeze: tuple[Part, ...] = ()
    weights: Literal["float32", "bfloat16"] = "float32"
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2", "kernels-community/flash-attn2"] = "auto"
    trust_remote_code: bool = False


class Mix(Section):
    """How often an epoch shows rows, by source, domain, modality or task: 2 is twice, 0.5 every second row, anew for each epoch."""

    by: Literal["source", "domain", "modality", "task"] = "source"
    times: dict[str, Times]
    other: Times = 1.0


class Data(Section):
    """What is shown, in which form: a corpus, its mixture, the longest row, and the pixels of an image.

    `too_long`: `skip` shows a longer row without loss, `cut` leaves out its end.
    `shuffle_mb`: rows are shuffled within row groups of so many MB that are held at once, the groups before.
    """

    corpus: str = Field(min_length=1)
    config: Literal["auto", "sft", "sft_text", "rl"] = "auto"
    weights: bool = True
    mix: Mix | None = None
    max_length: int = Field(default=4096, ge=8)
    too_long: Literal["skip", "cut"] = "skip"
    packing: bool = False
    max_pixels: int = Field(default=262_144, ge=784)
    min_pixels: int = Field(default=3_136, ge=1)
    max_images: int = Field(default=10, ge=1)
    heldout_rows: int = Field(default=256, ge=0)
    shuffle_mb: int = Field(default=512, ge=1)
    workers: int = Field(default=0, ge=0)


class Train(Section):
    """How the weights move; `batch` counts the rows of one step on all devices together, `micro_batch` those of one pass on one."""

    lr: Rate = 1e-5
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    min_lr: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    warmup: Share = 0.03
    epochs: Annotated[float, Field(gt=0.0, le=1000.0)] = 1.0
    max_steps: int | None = Field(default=None, ge=1)
    batch: int = Field(default=16, ge=1)
    micro_batch: int = Field(default=1, ge=1)
    weight_decay: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    betas: tuple[Share, Share] = (0.9, 0.999)
    clip: Annotated[float, Field(ge=0.0)] = 1.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    gradient_checkpointing: bool = True
    log_every: int = Field(default=1, ge=1)
    eval_every: int = Field(default=0, ge=0)
    save_every: int = Field(default=200, ge=1)
    keep: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        if self.batch % self.micro_batch:
            raise ValueError(f"batch ({self.batch}) is no multiple of micro_batch ({self.micro_batch})")
        return self


class Lora(Section):
    """Low-rank adapters instead of all weights; `merge` writes a whole model at the end, beside the adapter."""

    r: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: Share = 0.0
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    merge: bool = True


class Stage(Section):
    """One part of a run, one after the other: what differs from `[data]`, `[train]` and `[model]`."""

    name: Name
    corpus: str | None = None
    mix: Mix | None = None
    max_length: int | None = Field(default=None, ge=8)
    max_pixels: int | None = Field(default=None, ge=784)
    min_pixels: int | None = Field(default=None, ge=1)
    packing: bool | None = None
    lr: Rate | None = None
    schedule: Literal["cosine", "linear", "constant"] | None = None
    warmup: Share | None = None
    epochs: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    max_steps: int | None = Field(default=None, ge=1)
    batch: int | None = Field(default=None, ge=1)
    micro_batch: int | None = Field(default=None, ge=1)
    freeze: tuple[Part, ...] | None = None


class Report(Section):
    """Where numbers go besides `metrics.jsonl`."""

    to: tuple[Literal["wandb", "mlflow", "tensorboard"], ...] = ()
    project: str = "medtrace"


class Ray(Section):
    """Workers of a run on Ray (`--runner ray`): as many processes, each with so many GPUs (0: a CPU) and CPUs; `shard` spreads the weights."""

    workers: int = Field(default=1, ge=1)
    gpus: Annotated[float, Field(ge=0.0)] | None = None
    cpus: Annotated[float, Field(gt=0.0)] = 1.0
    shard: bool = False
    retries: int = Field(default=1, ge=0)


class Training(Section):
    """A whole run."""

    name: Name
    seed: int = Field(default=0, ge=0, lt=2**31)
    model: Model
    data: Data
    train: Train = Train()
    lora: Lora | None = None
    stage: tuple[Stage, ...] = ()
    report: Report = Report()
    ray: Ray = Ray()
    rewards: Rewards = Rewards()
    grpo: Grpo = Grpo()
    drpo: Drpo = Drpo()

    @model_validator(mode="after")
    def _stages_differ_in_name(self) -> Self:
        names = [stage.name for stage in self.stage]
        if len(set(names)) < len(names):
            raise ValueError(f"two stages have one name: {', '.join(names)}")
        for _ in self.stages():
            pass
        return self

    def stages(self) -> Iterator[tuple[str, "Training"]]:
        """The stages by name, each as a run of its own: what a stage says stands in place of the common settings."""
        if not self.stage:
            yield "all", self
        for stage in self.stage:
            said = {name: value for name, value in stage if value is not None and name != "name"}
            parts: dict[str, Any] = {"stage": ()}
            for field, part in (("model", self.model), ("data", self.data), ("train", self.train)):
                told = {name: value for name, value in said.items() if name in type(part).model_fields}
                parts[field] = type(part).model_validate(part.model_dump() | _plain(told))
            yield stage.name, self.model_copy(update=parts)


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value.model_dump() if isinstance(value, Section) else value for name, value in said.items()}


def read_training(text: str, where: str) -> Training:
    """The run in a TOML text.

    Raises: ConfigError naming every offending key, its value and what is allowed.
    """
    try:
        asked = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{where} is not TOML: {error}. Mend the line it names.") from error
    try:
        return Training.model_validate_json(json.dumps(asked, default=str))
    except ValidationError as error:
        faults = "; ".join(_fault(item) for item in error.errors())
        raise ConfigError(f"{where}: {faults}. Mend the file and run again.") from error


def _fault(item: Any) -> str:
    place = [part for part in item["loc"] if isinstance(part, int) or not part.startswith(("tuple[", "literal["))]
    named = ".".join(str(part) for part in place) or "the file"
    if item["type"] == "extra_forbidden":
        return f"unknown key {named}, known here are {', '.join(_keys_beside(place))}"
    if item["type"] == "missing":
        return f"{named} is missing"
    value = item.get("input")
    shown = "" if isinstance(value, dict) else f" (got {value!r:.80})"
    return f"{named}: {item['msg'].removeprefix('Value error, ')}{shown}"


def _keys_beside(place: list[Any]) -> list[str]:
    model: type[Section] = Training
    inner: dict[str, type[Section]] = {"model": Model, "data": Data, "mix": Mix, "train": Train, "lora": Lora, "stage": Stage}
    inner |= {"report": Report, "ray": Ray, "rewards": Rewards, "grpo": Grpo, "drpo": Drpo}
    for part in place[:-1]:
        model = inner.get(part, model) if isinstance(part, str) else model
    return list(model.model_fields)
