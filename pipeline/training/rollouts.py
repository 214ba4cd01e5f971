"""TRL's GRPO trainer with what it lacks: advantages by domain, questions drawn anew that taught nothing, and rewards told by domain."""

# pyright: reportMissingImports=false
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from trl import GRPOTrainer
from trl.data_utils import prepare_multimodal_messages

from pipeline.training.drpo import Drpo
from schemas.errors import TrainingError

STATE = "drpo.json"
_SHOWN = ("pixel_values", "image_grid_thw", "pixel_attention_mask", "spatial_shapes", "image_sizes", "image_position_ids")
_SEEN = (*_SHOWN, "token_type_ids", "mm_token_type_ids", "num_images", "num_tiles")
_IMAGES = 6  # their place in what TRL's rollouts are


class RolloutTrainer(GRPOTrainer):
    """`scaling`: DRPO with its memory, the same in every process; `by`: the column that names a domain; `redraw`: how often at most."""

    def __init__(
        self, *args: Any, scaling: Drpo | None = None, by: str = "domain", redraw: int = 0, damping: bool = False, **told: Any
    ) -> None:
        super().__init__(*args, **told)
        self._scaling, self._by, self._redraw, self._damping = scaling, by, redraw, damping
        self._drawn: list[dict[str, Any]] = []
        self._told: tuple[Any, list[str]] | None = None
        self._held: dict[str, list[float]] = {}
        for model in (self.model, self.ref_model):
            if model is not None:
                model.register_forward_pre_hook(_without_nothing, with_kwargs=True)

    def go_on(self, step: int) -> None:
        """Goes on at a step as if the ones before had been done here: rollouts are divided among steps by their number."""
        self._step = step * self.args.gradient_accumulation_steps

    def _generate(self, prompts: list[Any]) -> Any:
        """Rollouts; of a prompt without images beside others with some TRL says None, which no processor takes."""
        made = self._rollouts(prompts)
        if made[_IMAGES] is not None:
            made[_IMAGES] = [images or [] for images in made[_IMAGES]]
        return tuple(made)

    def _rollouts(self, prompts: list[Any]) -> list[Any]:
        """TRL's; those of questions that teach nothing are replaced, in place, by those of others."""
        made = list(super()._generate(prompts))
        if not self._drawn or not self.model.training:
            return made
        size = self.num_generations
        for again in range(self._redraw):
            dull = self._dull(made)
            missing = max(gather_object([len(dull)]))
            if not missing:
                break
            rows = [row for row in self._others(missing, again) for _ in range(size)]
            asked = [self._messages(row) for row in rows]
            more = list(super()._generate(asked))
            self._put(made, prompts, dull, rows, asked, more)
        left = len(self._dull(made)) * size / max(len(self._drawn), 1)
        self._metrics["train"]["redraw/dull"].append(float(np.mean(gather_object([left]))))
        return made

    def _put(
        self,
        made: list[Any],
        prompts: list[Any],
        dull: Sequence[int],
        rows: Sequence[dict[str, Any]],
        asked: Sequence[Any],
        more: list[Any],
    ) -> None:
        """Puts groups that teach in the place of those that do not, as far as there are any."""
        size = self.num_generations
        taught = [group for group in range(len(rows) // size) if not self._equal(rows, more, group)]
        if made[_IMAGES] is None and more[_IMAGES] is not None:
            made[_IMAGES] = [None] * len(prompts)
        for old, new in zip(dull, taught, strict=False):
            for within in range(size):
                at, other = old * size + within, new * size + within
                self._drawn[at], prompts[at] = rows[other], asked[other]
                for part in (0, 1, 3, 4):
                    if made[part] is not None:
                        made[part][at] = more[part][other]
                if made[_IMAGES] is not None:
                    made[_IMAGES][at] = more[_IMAGES][other] if more[_IMAGES] is not None else None

    def _dull(self, made: list[Any]) -> list[int]:
        return [group for group in range(len(self._drawn) // self.num_generations) if self._equal(self._drawn, made, group)]

    def _equal(self, rows: Sequence[dict[str, Any]], made: list[Any], group: int) -> bool:
        """Whether all rollouts of a question get one reward."""
        part = slice(group * self.num_generations, (group + 1) * self.num_generations)
        columns = {name: [row[name] for row in rows[part]] for name in rows[part][0] if name != "prompt"}
        total = np.zeros(self.num_generations)
        for weight, reward in zip(self.reward_weights.tolist(), self.reward_funcs, strict=True):
            told = reward(prompts=None, completions=made[3][part], completion_ids=made[1][part], **columns)
            total += weight * np.array([0.0 if value is None else value for value in told])
        return bool(np.ptp(total) < 1e-6)

    def _others(self, count: int, again: int) -> list[dict[str, Any]]:
        """Questions of this process in place of others, drawn by step and try, so that a run that goes on draws the same."""
        draw = np.random.default_rng([self.args.seed, self.state.global_step, again])
        places = draw.integers(len(self.train_dataset), size=count * self.accelerator.num_processes)
        mine = places[self.accelerator.process_index :: self.accelerator.num_processes]
        return [self.train_dataset[int(place)] for place in mine]

    def _messages(self, row: dict[str, Any]) -> Any:
        return prepare_multimodal_messages(row["prompt"], images=row["images"]) if self._is_vlm else row["prompt"]

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        """As TRL; what was told is kept, of all processes."""
        told = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        self._told = told, gather_object([str(row[self._by]) for row in inputs])
        return told

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        training = self.model.training
        passed = [sum(row.get("too_long", 0) for row in inputs) / (self.num_generations if training else self.num_generations_eval)]
        self._metrics["train" if training else "eval"]["prompts/too_long"].append(float(np.mean(gather_object(passed))))
        self._drawn = inputs if training and self._redraw else []
        output = super()._generate_and_score_completions(inputs)
        self._drawn = []
        if self._told is None:
            return output
        told, domains = self._told
        known = ~torch.isnan(told).all(dim=1)
        rewards = torch.where(known, (told * self.reward_weights.to(told.device)).nansum(dim=1), torch.nan).double().cpu().numpy()
        parts = {f"domains/{domain}/reward": [at for at, name in enumerate(domains) if name == domain] for domain in sorted(set(domains))}
        for name, mine in ({} if training else {"reward": [*range(len(rewards))]} | parts).items():
            self._held.setdefault(name, []).extend(float(one) for one in rewards[mine] if np.isfinite(one))
        for name, mine in parts.items():
            if training and np.isfinite(rewards[mine]).any():
                self._metrics["train"][name].append(float(np.nanmean(rewards[mine])))
        if self._scaling is not None and training:
            output["advantages"] = self._scaled(output, rewards, domains)
        return output

    def _scaled(self, output: dict[str, Any], rewards: Any, domains: list[str]) -> torch.Tensor:
        """The advantages of this process, by what all wrote. Raises: TrainingError where they are not finite."""
        size = self.num_generations
        kl = np.array(gather_object(self._divergence(output))).reshape(-1, size) if self._damping else None
        assert self._scaling is not None
        advantages = self._scaling.advantages(rewards.reshape(-1, size), domains[::size], kl).reshape(-1)
        if not np.isfinite(advantages).all():
            raise TrainingError(
                f"DRPO's advantages are not finite at step {self.state.global_step}: variant {self._scaling.recipe.variant} divides by the mean "
                'reward of a group, which is 0 where all its rollouts are wrong. Set [drpo] variant = "safe", or give every rollout some reward.'
            )
        own = output["advantages"]
        start = self.accelerator.process_index * len(own)
        return torch.tensor(advantages[start : start + len(own)], dtype=own.dtype, device=own.device)

    def _divergence(self, output: dict[str, Any]) -> list[float]:
        """Each rollout's divergence from the reference model, summed over its tokens (Schulman's k3)."""
        ids = torch.cat([output["prompt_ids"], output["completion_ids"]], dim=1)
        mask = torch.cat([output["prompt_mask"], output["completion_mask"]], dim=1)
        policy = output.get("old_per_token_logps")
        if policy is None:
            seen = {name: output[name] for name in _SEEN if name in output}
            with torch.no_grad():
                policy = self._get_per_token_logps_and_entropies(
                    self.model, ids, mask, output["completion_ids"].size(1), batch_size=self.args.per_device_train_batch_size, **seen
                )[0]
        apart = output["ref_per_token_logps"] - policy
        return (((torch.exp(apart) - apart - 1) * output["completion_mask"]).sum(dim=1)).tolist()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As TRL, without the loss of held-out questions: one rollout of each has no advantage, and it is 0 whatever was learnt.

        Their reward is the mean of all, where TRL's is that of its batches, the last of which may be small.
        """
        if logs.pop("eval_loss", None) is not None and self._held:
            self._metrics["eval"] |= {name: [float(np.mean(rewards))] for name, rewards in self._held.items() if rewards}
            self._held = {}
        super().log(logs, start_time)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self._scaling is not None and self.args.should_save:
            folder = Path(self._get_output_dir(trial=trial)) / f"checkpoint-{self.state.global_step}"
            (folder / STATE).write_text(json.dumps(self._scaling.state()), encoding="utf-8")


def _without_nothing(_: Any, args: Any, told: dict[str, Any]) -> Any:
    """What a model is shown; a part of a batch without images shows none, instead of an empty tensor that models trip over."""
    pixels = told.get("pixel_values")
    if pixels is None or len(pixels):
        return args, told
    return args, {name: value for name, value in told.items() if name not in _SHOWN}
