import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.clusters import cluster

POINTS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 3), min_size=1, max_size=30)


def inertia(points, labels):
    return sum(((points[labels == one] - points[labels == one].mean(axis=0)) ** 2).sum() for one in set(labels))


def test_finds_the_groups_that_there_are():
    points = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.0, 5.1], [0.0, 0.1], [9.0, 0.0]])
    found = cluster(points)
    assert found.of.tolist() == [0, 0, 2, 2, 0, 1]
    assert found.sizes.tolist() == [3, 1, 2]


def test_equal_points_are_one_cluster():
    found = cluster(np.full((7, 4), 0.5))
    assert (found.of.tolist(), found.sizes.tolist(), found.centres.tolist()) == ([0] * 7, [7], [[0.5] * 4])


def test_clusters_as_well_as_the_best_of_all_divisions():
    points = np.array([[0.0], [0.2], [1.0], [1.1], [3.0], [3.3]])
    found = cluster(points, most=2, elbow=0.0)
    best = min(inertia(points, np.array(labels)) for labels in itertools.product([0, 1], repeat=6))
    assert inertia(points, found.of) == pytest.approx(best)


@given(POINTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_points_changes_nothing(points, draw):
    order = list(range(len(points)))
    draw.shuffle(order)
    one, other = cluster(np.array(points)), cluster(np.array(points)[order])
    assert other.of.tolist() == one.of[order].tolist()
    assert np.allclose(one.centres, other.centres)


@given(POINTS)
@settings(max_examples=60, deadline=None)
def test_every_point_lies_with_its_nearest_centre(points):
    found = cluster(np.array(points), most=4)
    apart = ((np.array(points)[:, None] - found.centres[None]) ** 2).sum(axis=2)
    assert np.allclose(apart[np.arange(len(points)), found.of], apart.min(axis=1))
    assert len(found.sizes) <= 4
    assert found.sizes.min() > 0
