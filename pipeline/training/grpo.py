"""Learning from rewards: TRL's GRPO on the questions of a corpus, with advantages scaled by domain where asked for."""

# pyright: reportMissingImports=false
import importlib.metadata
import importlib.util
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl import GRPOConfig

from pipeline.publish.corpus import read_corpus
from pipeline.training.arguments import accumulation, arguments, world_size
from pipeline.training.checkpoints import last_checkpoint
from pipeline.training.drpo import Drpo, DrpoRecipe, Variant
from pipeline.training.encode import prompt_tokens
from pipeline.training.load import Loaded
from pipeline.training.pictures import set_budget
from pipeline.training.questions import Fitting, open_heldout_questions, open_questions
from pipeline.training.rewards import Reward, RewardRecipe, best
from pipeline.training.rollouts import STATE, RolloutTrainer
from pipeline.training.watch import Watch
from pipeline.verify.gold import Policy
from schemas.errors import TrainingError
from schemas.training import Training

# The versions of vLLM that TRL 1.16 drives.
_OLDEST, _NEWEST = (0, 22), (0, 31)


def grpo_trainer(asked: Training, loaded: Loaded, folder: Path, watch: Watch, *, resuming: bool, scaling: Drpo | None = None) -> Any:
    """TRL's trainer of a stage, ready to run."""
    told = asked.grpo
    corpus = read_corpus(Path(asked.data.corpus))
    drawn = questions_drawn(asked, world_size())
    questions = open_questions(corpus, asked, sees=loaded.sees, batch=drawn)
    heldout = open_heldout_questions(corpus, asked, sees=loaded.sees) if asked.train.eval_every else None
    loaded.tokenizer.padding_side = "left"
    if loaded.sees:
        set_budget(loaded.processor, asked.data)
    tokens = partial(prompt_tokens, loaded.processor, sees=loaded.sees)
    if heldout is not None:
        heldout = heldout.up_to(tokens, asked.data.max_length - 1) or None
    steps = min(len(questions) // drawn * told.reuse * told.iterations, asked.train.max_steps or 2**31)
    weights = asked.rewards.weights()
    recipe = reward_recipe(asked, loaded)
    trainer = RolloutTrainer(
        loaded.model,
        reward_funcs=[Reward(name, recipe) for name in weights],
        args=GRPOConfig(
            **arguments(asked, folder, steps, resuming=resuming, heldout=heldout is not None),
            **_policy(asked),
            **_engine(asked),
            reward_weights=list(weights.values()),
        ),
        # It takes tables of its own kind only; the questions are put in its place behind it.
        train_dataset=Dataset.from_list([{"prompt": [{"role": "user", "content": ""}]}] * drawn),
        eval_dataset=Dataset.from_list([{"prompt": [{"role": "user", "content": ""}]}]) if heldout else None,
        processing_class=loaded.processor,
        callbacks=[watch],
        scaling=scaling,
        by=asked.drpo.by,
        redraw=told.redraw,
        damping=asked.drpo.damping,
    )
    trainer.train_dataset, trainer.eval_dataset = Fitting(questions, tokens, asked.data.max_length - 1), heldout
    _ = trainer.train_dataset[0]
    if resuming and (last := last_checkpoint(folder)):
        trainer.go_on(int(last.name.rpartition("-")[2]))
        if scaling is not None:
            scaling.restore(json.loads((last / STATE).read_text(encoding="utf-8")))
    return trainer


def drpo_trainer(asked: Training, loaded: Loaded, folder: Path, watch: Watch, *, resuming: bool) -> Any:
    """The same with DRPO's advantages."""
    told = asked.drpo
    if told.damping and not asked.grpo.kl:
        raise TrainingError("[drpo] damping needs a reference model: set [grpo] kl above 0, or leave damping out.")
    recipe = DrpoRecipe(
        variant=Variant(told.variant),
        window=told.window,
        best=best(asked.rewards.weights()),
        bound=told.bound,
        clusters=told.clusters,
        elbow=told.elbow,
        kl_quantile=told.kl_quantile,
    )
    return grpo_trainer(asked, loaded, folder, watch, resuming=resuming, scaling=Drpo(recipe))


def questions_drawn(asked: Training, world: int) -> int:
    """Questions whose rollouts are written at once, by all processes together.

    Raises: TrainingError where rollouts do not divide among steps and processes.
    """
    rollouts = asked.train.micro_batch * accumulation(asked, world) * asked.grpo.reuse
    whole = rollouts if asked.grpo.redraw else rollouts * world
    if whole % asked.grpo.rollouts:
        raise TrainingError(
            f"[grpo] rollouts ({asked.grpo.rollouts}) do not divide the {whole} that {'a process writes' if asked.grpo.redraw else 'are written'} at once. "
            "Take a [train] batch (which counts rollouts here) that is a multiple of them for every worker."
        )
    return rollouts * world // asked.grpo.rollouts


def reward_recipe(asked: Training, loaded: Loaded) -> RewardRecipe:
    """What rewards go by; a rollout that ends in none of the model's ends was cut off."""
    told = loaded.model.generation_config.eos_token_id
    ends = {loaded.tokenizer.eos_token_id, loaded.tokenizer.pad_token_id, *(told if isinstance(told, list) else [told])} - {None}
    rewards = asked.rewards
    if rewards.overlong_tokens > asked.grpo.max_tokens:
        raise TrainingError(
            f"[rewards] overlong_tokens ({rewards.overlong_tokens}) are more than [grpo] max_tokens ({asked.grpo.max_tokens}). Lower them."
        )
    return RewardRecipe(
        policy=Policy(rewards.policy),
        max_tokens=asked.grpo.max_tokens,
        ends=frozenset(ends),
        overlong_tokens=rewards.overlong_tokens,
        missed=rewards.missed,
        spare=rewards.spare,
    )


def _policy(asked: Training) -> dict[str, Any]:
    """What GRPOConfig is told of rollouts and loss."""
    told = asked.grpo
    return {
        "num_generations": told.rollouts,
        "num_generations_eval": 1,
        "steps_per_generation": accumulation(asked, world_size()) * told.reuse,
        "num_iterations": told.iterations,
        "max_completion_length": told.max_tokens,
        "temperature": told.temperature,
        "top_p": told.top_p,
        "top_k": told.top_k,
        "epsilon": told.clip_low,
        "epsilon_high": told.clip_high,
        "beta": told.kl,
        "loss_type": told.loss,
        "scale_rewards": told.scale,
        "mask_truncated_completions": told.mask_truncated,
        "shuffle_dataset": False,
    }


def _engine(asked: Training) -> dict[str, Any]:
    """What writes rollouts. Raises: TrainingError where it is asked for and cannot be had."""
    told = asked.grpo
    if told.engine == "transformers" or (told.engine == "auto" and not (torch.cuda.is_available() and not vllm_fault())):
        return {}
    if fault := vllm_fault():
        raise TrainingError(
            f'[grpo] engine = "{told.engine}": {fault}. Install the extra rl-gpu in an environment of its own, or say "transformers".'
        )
    if told.engine == "vllm_server":
        return {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": told.server}
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",
        "vllm_gpu_memory_utilization": told.gpu_memory,
        "vllm_tensor_parallel_size": told.tensor_parallel,
        "vllm_max_model_length": asked.data.max_length,
    }


def vllm_fault() -> str:
    """Why TRL cannot drive the vLLM that is installed; '' where it can."""
    try:
        version = importlib.metadata.version("vllm")
    except importlib.metadata.PackageNotFoundError:
        return "vLLM is not installed"
    known = tuple(int(part) if part.isdigit() else math.inf for part in version.split(".")[:2])
    return "" if _OLDEST <= known <= _NEWEST else f"vLLM {version} is installed, and this TRL drives 0.22 to 0.31"
