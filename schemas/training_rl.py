"""How a run learns from rewards: their weights, what rollouts are drawn and how the policy moves, and DRPO's scaling."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.manifest_parts import Section

Weight = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
# The keys of [rewards] that are weights.
REWARDS = ("accuracy", "format", "format_parts", "label_f1", "iou", "box", "length", "overlong", "repeats")


class Rewards(Section):
    """The weight of each reward, 0 for those that do not count, and what some of them take.

    `overlong_tokens`: DAPO's punishment grows over so many tokens before the limit. `missed`, `spare`: what a box too few or
    too many takes off in `box`.
    """

    accuracy: Weight = 0.9
    format: Weight = 0.1
    format_parts: Weight = 0.0
    label_f1: Weight = 0.0
    iou: Weight = 0.0
    box: Weight = 0.0
    length: Weight = 0.0
    overlong: Weight = 0.0
    repeats: Weight = 0.0
    policy: Literal["train", "eval"] = "train"
    overlong_tokens: int = Field(default=0, ge=0)
    missed: Share = 0.5
    spare: Share = 0.5

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(self.weights().values()):
            raise ValueError(f"every reward has the weight 0; give one of {', '.join(REWARDS)} another")
        return self

    def weights(self) -> dict[str, float]:
        """The rewards that count, by name."""
        return {name: weight for name in REWARDS if (weight := getattr(self, name))}


class Grpo(Section):
    """What is drawn and how the policy moves. `[train] batch` and `micro_batch` count rollouts here: those of a step, and of one pass.

    `reuse`: steps that the rollouts of one drawing are divided among; `iterations`: how often each is learnt from. `redraw`: how many
    times questions whose rollouts all got the same reward are replaced by others (DAPO's dynamic sampling). `pass_rate`: the
    published pass rates to train on, both ends taken. `order`: `easy_first` and `hard_first` go by that rate.
    `engine`: what writes rollouts; `auto` takes vLLM in this process where there are a GPU and a vLLM that TRL knows.
    """

    rollouts: int = Field(default=8, ge=2)
    temperature: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    top_k: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=1024, ge=1)
    reuse: int = Field(default=1, ge=1)
    iterations: int = Field(default=1, ge=1)
    clip_low: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    clip_high: Annotated[float, Field(gt=0.0, le=10.0)] = 0.28
    kl: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    loss: Literal["dapo", "grpo", "bnpo", "dr_grpo"] = "dapo"
    scale: Literal["group", "batch", "none"] = "group"
    mask_truncated: bool = False
    redraw: int = Field(default=0, ge=0, le=100)
    pass_rate: tuple[Share, Share] | None = None
    order: Literal["shuffled", "easy_first", "hard_first"] = "shuffled"
    engine: Literal["auto", "transformers", "vllm", "vllm_server"] = "auto"
    server: str = "http://127.0.0.1:8000"
    gpu_memory: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.3
    tensor_parallel: int = Field(default=1, ge=1)


class Drpo(Section):
    """How advantages are scaled by domain and cluster. `by`: what a domain is; QoQ-Med's code takes the dataset, its paper the domain."""

    variant: Literal["code", "paper", "safe"] = "safe"
    by: Literal["domain", "source"] = "domain"
    window: int = Field(default=1024, ge=1)
    bound: Annotated[float, Field(ge=1.0, le=1000.0)] = 4.0
    clusters: int = Field(default=10, ge=1)
    elbow: Share = 0.1
    kl_quantile: Share = 0.75
    damping: bool = False
