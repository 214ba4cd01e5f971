import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.drpo import Drpo, DrpoRecipe, Variant, grouped
from schemas.errors import UsageError

SAFE, PAPER, CODE = (DrpoRecipe(variant=variant) for variant in (Variant.SAFE, Variant.PAPER, Variant.CODE))
REWARD = st.one_of(st.sampled_from([0.0, 1.0, 0.1, -1.0]), st.floats(-2, 2))


@st.composite
def batches(draw, rewards=REWARD):
    rollouts = draw(st.integers(2, 6))
    rows = draw(st.lists(st.lists(rewards, min_size=rollouts, max_size=rollouts), min_size=1, max_size=8))
    return np.array(rows, float), draw(st.lists(st.sampled_from("abc"), min_size=len(rows), max_size=len(rows)))


@pytest.mark.parametrize("recipe", [SAFE, PAPER])
@given(batch=batches(st.one_of(REWARD, st.just(float("nan")))), rounds=st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_advantages_are_finite(recipe, batch, rounds):
    drpo = Drpo(recipe)
    for _ in range(rounds):
        assert np.isfinite(drpo.advantages(*batch)).all()


@pytest.mark.parametrize("recipe", [SAFE, PAPER])
def test_batches_without_any_reward_or_without_any_fault_teach_nothing(recipe):
    for value in (0.0, 1.0, -1.0):
        assert not Drpo(recipe).advantages(np.full((3, 4), value), ["a", "a", "b"]).any()


def test_as_released_a_group_without_reward_poisons_the_batch():
    rewards = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert np.isnan(Drpo(CODE).advantages(rewards, ["a", "b"])).all()
    assert np.isfinite(Drpo(CODE).advantages(rewards + 0.1, ["a", "b"])).all()


@given(batches())
@settings(max_examples=80, deadline=None)
def test_groups_of_equal_rewards_get_no_advantage(batch):
    rewards, domains = batch
    rewards[0] = rewards[0, 0]
    for recipe in (SAFE, PAPER):
        assert not Drpo(recipe).advantages(rewards, domains)[0].any()


@given(batches(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_order_of_rollouts_changes_nothing_but_their_places(batch, draw):
    rewards, domains = batch
    order = list(range(rewards.shape[1]))
    draw.shuffle(order)
    shuffled = rewards.copy()
    shuffled[0] = rewards[0][order]
    plain, moved = Drpo(SAFE).advantages(rewards, domains), Drpo(SAFE).advantages(shuffled, domains)
    assert np.allclose(moved[1:], plain[1:])
    assert np.allclose(moved[0], plain[0][order])


@given(batches())
@settings(max_examples=80, deadline=None)
def test_scale_is_bounded_and_the_batch_pulls_as_hard_as_under_grpo(batch):
    rewards, domains = batch
    plain, scaled = grouped(rewards), Drpo(SAFE).advantages(rewards, domains)
    assert np.sqrt((scaled**2).mean()) == pytest.approx(np.sqrt((plain**2).mean()), abs=1e-6)
    pulled = np.abs(plain) > 1e-6
    ratio = scaled[pulled] / plain[pulled]
    assert (ratio > 0).all()
    assert not pulled.any() or ratio.max() / ratio.min() <= SAFE.bound**2 * (1 + 1e-9)


def test_one_domain_of_one_cluster_is_grpo():
    rewards = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    assert np.allclose(Drpo(SAFE).advantages(rewards, ["a", "a"]), grouped(rewards))


@pytest.mark.parametrize("recipe", [SAFE, PAPER, CODE])
def test_a_rare_domain_gets_larger_advantages(recipe):
    half = [1.0, 1.0, 0.0, 0.0]
    scaled = Drpo(recipe).advantages(np.array([half] * 9), ["often"] * 8 + ["rare"])
    assert np.abs(scaled[8]).max() > 1.5 * np.abs(scaled[0]).max()


@pytest.mark.parametrize("recipe", [SAFE, PAPER, CODE])
def test_a_hard_domain_gets_larger_advantages(recipe):
    rewards = np.array([[1.0, 1.0, 1.0, 0.0]] * 4 + [[1.0, 0.0, 0.0, 0.0]] * 4)
    scaled = Drpo(recipe).advantages(rewards, ["easy"] * 4 + ["hard"] * 4)
    assert np.abs(scaled[4]).max() > 1.5 * np.abs(scaled[0]).max()


def test_a_hard_cluster_gets_larger_advantages_within_its_domain():
    rewards = np.array([[1.0, 1.0, 1.0, 0.0]] * 4 + [[1.0, 0.0, 0.0, 0.0]] * 4)
    scaled = Drpo(SAFE).advantages(rewards, ["one"] * 8)
    assert np.abs(scaled[4]).max() > 1.5 * np.abs(scaled[0]).max()


def test_rewards_of_any_size_count_by_what_they_can_come_to():
    rewards = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    small, large = Drpo(SAFE), Drpo(DrpoRecipe(best=5.0))
    assert np.allclose(small.advantages(rewards, ["a", "b"]), large.advantages(rewards * 5, ["a", "b"]), atol=1e-5)


def test_what_lies_before_the_window_is_forgotten():
    rewards, domains = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), ["a", "a", "b"]
    drpo, fresh = Drpo(DrpoRecipe(window=3)), Drpo(DrpoRecipe(window=3))
    for _ in range(5):
        drpo.advantages(np.ones((3, 2)), ["b", "b", "b"])
    assert np.array_equal(drpo.advantages(rewards, domains), fresh.advantages(rewards, domains))


def test_a_batch_longer_than_the_window_is_weighed_whole():
    rewards = np.array([[1.0, 0.0]] * 6)
    scaled = Drpo(DrpoRecipe(window=2)).advantages(rewards, ["a"] * 5 + ["b"])
    assert np.abs(scaled[5]).max() > np.abs(scaled[0]).max()


@pytest.mark.parametrize("recipe", [SAFE, CODE])
@given(batches(), batches())
@settings(max_examples=40, deadline=None)
def test_goes_on_from_its_state_as_if_it_had_not_stopped(recipe, before, after):
    width = min(before[0].shape[1], after[0].shape[1])
    first, second = (before[0][:, :width] + 2.5, before[1]), (after[0][:, :width] + 2.5, after[1])
    running = Drpo(recipe)
    running.advantages(*first)
    resumed = Drpo(recipe)
    resumed.restore(json.loads(json.dumps(running.state())))
    assert np.array_equal(resumed.advantages(*second), running.advantages(*second))


def test_another_variants_state_is_refused():
    with pytest.raises(UsageError, match="checkpoint's variant is code, the config's safe"):
        Drpo(SAFE).restore(Drpo(CODE).state())


@pytest.mark.parametrize("recipe", [SAFE, PAPER])
def test_a_rollout_far_from_the_reference_is_damped(recipe):
    rewards, near = np.array([[1.0, 1.0, 0.0, 0.0]] * 2), np.full((2, 4), 0.1)
    far = near.copy()
    far[0, 0] = 50.0
    scaled = Drpo(recipe).advantages(rewards, ["a", "a"], far)
    assert 0 < scaled[0, 0] < 0.25 * scaled[0, 1]
    assert np.allclose(Drpo(recipe).advantages(rewards, ["a", "a"], near * 0), Drpo(recipe).advantages(rewards, ["a", "a"]))


def test_rewards_and_domains_must_fit():
    with pytest.raises(UsageError, match=r"shape \(2, 2\) for 1 domains"):
        Drpo(SAFE).advantages(np.ones((2, 2)), ["a"])


def test_as_released_is_the_formula_of_its_repository():
    """By hand: one cluster a domain, so T_d = sqrt(N_d) m, factor = T_d sqrt(N_c) m."""
    rewards = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0]])
    domains = ["a", "a", "b", "c"]
    plain = grouped(rewards)
    factor = np.array([np.sqrt(2) * 0.5 * np.sqrt(2) * 0.5] * 2 + [1.0, 0.25 * 0.25])[:, None]
    expected = plain / factor
    assert np.allclose(Drpo(CODE).advantages(rewards, domains), expected / np.std(expected, ddof=1), atol=1e-5)
