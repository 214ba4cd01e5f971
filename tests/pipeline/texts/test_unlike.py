"""Unlike texts: the first stays, then always what is least like what stays."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.texts.unlike import farthest_first, sketch

ALIKE = "The film shows a clear consolidation in the right lower lobe, so that pneumonia is by far the likeliest of these findings."
LUNG = ALIKE.replace("clear", "plain")
OTHER = "Oedema would be seen on both sides with large hila and lines of Kerley, none of which stand anywhere on this film at all."
SHORT = "It is pneumonia."
texts = st.lists(
    st.lists(st.sampled_from(["lung", "heart", "liver", "film", "shows", "no", "sign", "of", "a", "mass"]), max_size=30).map(" ".join),
    max_size=12,
)


def taken(said: list[str], count: int) -> list[str]:
    return [said[place] for place in farthest_first(sketch(said), count)]


def test_a_reworded_text_goes_before_one_with_another_thought() -> None:
    assert taken([ALIKE, LUNG, OTHER], 2) == [ALIKE, OTHER]
    assert taken([OTHER, ALIKE, LUNG], 2) == [OTHER, ALIKE]


def test_the_first_stays_whatever_its_length() -> None:
    assert taken([ALIKE, SHORT, OTHER], 1) == [ALIKE]
    assert taken([SHORT, ALIKE, OTHER], 1) == [SHORT]


def test_of_equally_unlike_texts_the_first_goes_first() -> None:
    assert taken([ALIKE, OTHER, OTHER], 2) == [ALIKE, OTHER]
    assert farthest_first(sketch([ALIKE, OTHER, OTHER]), 2) == [0, 1]


@given(texts, st.integers(0, 14))
def test_so_many_stay_each_once_and_more_room_changes_none_of_them(said: list[str], count: int) -> None:
    places = farthest_first(sketch(said), count)
    assert len(places) == len(set(places)) == min(count, len(said))
    assert farthest_first(sketch(said), count + 1)[: len(places)] == places
    assert places[:1] == [0][: len(places)]


@given(texts.filter(lambda said: len(set(said)) > 1))
def test_a_copy_of_what_stays_is_taken_last(said: list[str]) -> None:
    distinct = list(dict.fromkeys(said))
    marks = sketch([*distinct, distinct[0]])
    different = len({bytes(row) for row in marks})
    assert len(distinct) not in farthest_first(marks, different)
