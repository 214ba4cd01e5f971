"""Groups of shards: subtrees of the trie, whose bounds only their own shards move."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.execute import subtrees


@st.composite
def tries(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    """Leaves of a binary trie in order, some missing, with their sizes."""
    leaves = [""]
    for _ in range(draw(st.integers(0, 12))):
        leaf = leaves.pop(draw(st.integers(0, len(leaves) - 1)))
        leaves += [leaf + bit for bit in draw(st.sampled_from(["01", "0", "1"]))]
    leaves.sort()
    return leaves, [draw(st.integers(0, 100)) for _ in leaves]


@given(tries(), st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_subtrees_hold_every_shard_once_within_the_limit(trie: tuple[list[str], list[int]], limit: int) -> None:
    prefixes, sizes = trie
    groups = subtrees(prefixes, sizes, limit)
    members = [[place for place, prefix in enumerate(prefixes) if group == "all" or prefix.startswith(group)] for group in groups]
    assert [place for places in members for place in places] == list(range(len(prefixes)))
    for places in members:
        assert len(places) == 1 or sum(sizes[place] for place in places) <= limit


@given(tries(), st.integers(0, 400), st.data())
@settings(max_examples=200, deadline=None)
def test_a_shard_that_grows_moves_only_groups_above_it(trie: tuple[list[str], list[int]], limit: int, data: st.DataObject) -> None:
    prefixes, sizes = trie
    place = data.draw(st.integers(0, len(prefixes) - 1))
    grown = [*sizes[:place], sizes[place] + data.draw(st.integers(0, 200)), *sizes[place + 1 :]]
    before, after = subtrees(prefixes, sizes, limit), subtrees(prefixes, grown, limit)
    mine = next(group for group in before if group == "all" or prefixes[place].startswith(group))
    kept = [group for group in before if group != mine]
    assert [group for group in after if group in kept] == kept
