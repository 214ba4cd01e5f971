"""DRPO behind the hooks of verl and EasyR1: registries and callers written here as those projects publish theirs."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.training.drpo import Drpo, DrpoRecipe
from pipeline.training.estimators import drpo_estimator, with_domains
from schemas.errors import UsageError

pytestmark = pytest.mark.gpu

REWARDS = [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def batch(**columns: Any) -> Any:
    """Six rollouts of two questions, in turns, three tokens long; the reward stands on the last."""
    import torch

    rewards = torch.zeros(6, 3)
    rewards[:, 2] = torch.tensor([REWARDS[place % 2][place // 2] for place in range(6)])
    mask = torch.ones(6, 3)
    mask[0, 2] = 0
    told = {"uid": np.array(["p", "q"] * 3, object), "data_source": np.array(["ct", "ecg"] * 3, object)} | columns
    return SimpleNamespace(batch={"token_level_rewards": rewards, "response_mask": mask}, non_tensor_batch=told)


def verl_computes(estimate: Any) -> Any:
    """verl's way: estimators in a registry by name; what is neither GAE nor GRPO gets these keywords."""

    def compute_advantage(data: Any, adv_estimator: str, gamma: float = 1.0, lam: float = 1.0, config: Any = None) -> Any:
        told = {"token_level_rewards": data.batch["token_level_rewards"], "response_mask": data.batch["response_mask"], "config": config}
        if "uid" in data.non_tensor_batch:
            told["index"] = data.non_tensor_batch["uid"]
        data.batch["advantages"], data.batch["returns"] = estimate(**told)
        return data

    return compute_advantage


def easyr1_computes(estimate: Any) -> Any:
    """EasyR1's way: the function is wrapped in no_grad, and called by keywords too."""
    import torch

    wrapped = torch.no_grad()(estimate)

    def compute_advantage(data: Any, adv_estimator: str, gamma: float = 1.0, lam: float = 1.0) -> Any:
        told = {"response_mask": data.batch["response_mask"], "index": data.non_tensor_batch["uid"], "gamma": gamma, "lam": lam}
        told["token_level_rewards"] = data.batch["token_level_rewards"]
        data.batch["advantages"], data.batch["returns"] = wrapped(**told)
        return data

    return compute_advantage


@pytest.mark.parametrize("computes", [verl_computes, easyr1_computes])
def test_both_trainers_get_the_same_advantages_as_ours(computes: Any) -> None:
    compute = with_domains(computes(drpo_estimator()))
    data = compute(batch(), "drpo")
    expected = Drpo(DrpoRecipe()).advantages(np.array(REWARDS), ["ct", "ecg"])
    advantages = data.batch["advantages"]
    assert advantages[:, 0].tolist() == pytest.approx([expected[place % 2][place // 2] for place in range(6)], abs=1e-6)
    assert (advantages[:, 0] == advantages[:, 1]).all()
    assert advantages[0, 2] == 0
    assert advantages is data.batch["returns"]


def test_what_it_remembers_lasts_from_call_to_call() -> None:
    compute = with_domains(verl_computes(drpo_estimator()))
    first, second = (compute(batch(uid=np.array(names * 3, object)), "drpo").batch["advantages"] for names in (["p", "q"], ["r", "s"]))
    ours = Drpo(DrpoRecipe())
    for advantages in (first, second):
        expected = ours.advantages(np.array(REWARDS), ["ct", "ecg"])
        assert advantages[0, 0].item() == pytest.approx(expected[0, 0], abs=1e-6)


def test_says_how_domains_come_to_it() -> None:
    with pytest.raises(UsageError, match=r"without domains; wrap the trainer's compute_advantage"):
        verl_computes(drpo_estimator())(batch(), "drpo")
    with pytest.raises(UsageError, match="no column domain; they have data_source, uid"):
        with_domains(verl_computes(drpo_estimator()), "domain")(batch(), "drpo")


def test_questions_of_unequal_numbers_of_rollouts_are_refused() -> None:
    with pytest.raises(UsageError, match=r"questions have 1, 5 rollouts"):
        with_domains(verl_computes(drpo_estimator()))(batch(uid=np.array(["p"] * 5 + ["q"], object)), "drpo")
