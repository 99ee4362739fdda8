import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.diarize.clustering import ClusterConfig, Embedding, Voices

CONFIG = ClusterConfig(same=0.8, ward_height=1.0, most=4)
VECTORS = st.lists(st.tuples(*[st.integers(-5, 5)] * 3), min_size=1, max_size=20)


def vector(*values: float) -> Embedding:
    return np.array(values, np.float32)


def test_the_same_voice_is_the_same_number() -> None:
    """Alike embeddings are one voice, unlike ones another; loudness does not matter."""
    voices = Voices(CONFIG)
    heard = [voices.hear(v)[0] for v in (vector(1, 0), vector(0, 1), vector(9, 1), vector(0.1, 3))]
    assert heard == [0, 1, 0, 1]


@given(VECTORS, st.integers(1, 5))
def test_never_more_voices_than_allowed(vectors: list[tuple[int, int, int]], most: int) -> None:
    """Whoever comes when all places are taken is the nearest of those who are there; numbers have no gaps."""
    voices, seen = Voices(ClusterConfig(0.99, 1.0, most)), 0
    for each in vectors:
        number, likeness = voices.hear(vector(*each))
        assert 0 <= number <= min(seen, most - 1)
        assert -1.01 <= likeness <= 1.01
        seen = max(seen, number + 1)


@given(VECTORS)
def test_a_voice_is_most_like_itself(vectors: list[tuple[int, int, int]]) -> None:
    """A lone voice hears its own embedding as its own."""
    voices = Voices(CONFIG)
    number, _ = voices.hear(vector(*vectors[0]))
    assert voices.nearest(vector(*vectors[0]))[0] == number


def test_names_and_numbers() -> None:
    """Enrolled voices have names; the others are numbered in order of appearance, the named ones not counted."""
    voices = Voices(CONFIG)
    voices.enrol("Ada", [vector(1, 0, 0)])
    numbers = [voices.hear(v)[0] for v in (vector(0, 1, 0), vector(1, 0.1, 0), vector(0, 0, 1))]
    assert [voices.name(n) for n in numbers] == ["1", "Ada", "2"]
    voices.rename(reversed(numbers))
    assert [voices.name(n) for n in numbers] == ["2", "Ada", "1"]


def test_more_of_a_voice_is_the_same_voice() -> None:
    """Enrolling in several parts, or twice, makes one voice, and takes one place."""
    voices = Voices(ClusterConfig(0.8, 1.0, most=2))
    for each in (vector(1, 0, 0), vector(1, 0.2, 0)):
        voices.enrol("Ada", [each])
    assert voices.hear(vector(0, 1, 0))[0] == 1


def test_nobody_is_nearest_to_nobody() -> None:
    """Without voices there is none, and it is not alike."""
    assert Voices(CONFIG).nearest(vector(1, 0)) == (-1, -1.0)


def test_a_group_keeps_the_voice_that_most_of_it_had() -> None:
    """After a second look the larger part decides; what is nobody's before is a new voice, and its name is new."""
    voices = Voices(CONFIG)
    for each in (vector(1, 0, 0), vector(0, 1, 0)):
        voices.hear(each)
    groups = [vector(3, 3, 0), vector(0, 2, 0), vector(0, 0, 1)]
    assert voices.regroup(groups, {(0, 0): 3.0, (0, 1): 1.0, (1, 1): 2.0}) == [0, 1, 2]
    assert [voices.name(n) for n in (0, 1, 2)] == ["1", "2", "3"]


def test_a_voice_without_a_group_gives_its_place_back() -> None:
    """Who turned out to be somebody else is no voice any more; the next new voice has the number instead."""
    voices = Voices(ClusterConfig(0.8, 1.0, most=2))
    for each in (vector(1, 0, 0), vector(0, 1, 0)):
        voices.hear(each)
    assert voices.regroup([vector(1, 1, 0)], {(0, 0): 2.0, (0, 1): 1.0}) == [0]
    assert voices.hear(vector(0, 0, 1))[0] == 2
    assert voices.name(2) == "2"


def test_a_known_voice_is_found_in_any_group() -> None:
    """Groups that sound like an enrolled voice are that voice, whoever was taken for it before."""
    voices = Voices(CONFIG)
    voices.enrol("Ada", [vector(1, 0, 0)])
    voices.hear(vector(0, 1, 0))
    found = voices.regroup([vector(5, 1, 0), vector(0, 1, 0), vector(2, 0, 0)], {(0, 1): 5.0, (1, 0): 1.0})
    assert [voices.name(n) for n in found] == ["Ada", "2", "Ada"]


def test_an_enrolment_survives_every_second_look() -> None:
    """A known voice that has not spoken yet still has its name when it does."""
    voices = Voices(CONFIG)
    voices.enrol("Ada", [vector(1, 0, 0)])
    voices.hear(vector(0, 1, 0))
    voices.regroup([vector(0, 1, 0)], {(0, 1): 1.0})
    assert voices.name(voices.hear(vector(2, 0.1, 0))[0]) == "Ada"


def test_who_speaks_beside_a_voice_is_not_it() -> None:
    """However alike: somebody else, the next nearest or a new one; with nobody left, the nearest all the same."""
    voices = Voices(CONFIG)
    first, second = voices.hear(vector(1, 0))[0], voices.hear(vector(0, 1))[0]
    assert voices.hear(vector(1, 0.1), apart={first})[0] not in (first, second)
    assert voices.hear(vector(1, 0.1), weight=0.01, apart={first})[0] not in (first,)
    assert Voices(CONFIG).hear(vector(1, 0), weight=0.01) == (0, 1.0)
    assert voices.hear(vector(1, 0.1), apart={0, 1, 2, 3})[0] in (0, 2, 3)


def test_next_to_nothing_founds_no_voice() -> None:
    """A moment that is like nobody is the nearest one's; it takes more to be somebody new."""
    voices = Voices(CONFIG)
    assert voices.hear(vector(1, 0))[0] == 0
    assert voices.hear(vector(0, 1), weight=0.05)[0] == 0
    assert voices.hear(vector(0, 1), weight=0.5)[0] == 1
