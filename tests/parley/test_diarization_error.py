"""The error rate against cases that can be counted."""

import random
from itertools import permutations

import pytest

from parley.diarization_error import Spoken, error, read_rttm

TRUTH = [("ann", 0.0, 4.0), ("bob", 4.0, 7.0), ("ann", 6.0, 8.0)]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (TRUTH, 0.0),
        ([("1", 0.0, 4.0), ("2", 4.0, 7.0), ("1", 6.0, 8.0)], 0.0),  # names do not matter
        ([], 9.0),
        ([("1", 0.0, 8.0)], 3.0),  # bob is missed where both speak, and is ann where he speaks alone
        ([*TRUTH, ("3", 10.0, 11.5)], 1.5),  # nobody spoke
        ([("1", 0.0, 4.0), ("2", 4.0, 7.0), ("3", 6.0, 8.0)], 2.0),  # ann became two
    ],
)
def test_what_is_wrong_is_counted(said: list[Spoken], wrong: float) -> None:
    """Of nine seconds, one of which two speak at once."""
    assert error(TRUTH, said) == pytest.approx((wrong, 9.0))


def test_the_best_naming_is_found() -> None:
    """As trying out every one of them finds it."""
    chance = random.Random(5)

    def turns(names: str) -> list[Spoken]:
        starts = [chance.uniform(0, 30) for _ in range(12)]
        return [(chance.choice(names), at, at + chance.uniform(0.5, 5)) for at in starts]

    for _ in range(20):
        truth, said = turns("abcd"), turns("wxyz")
        named = [
            error(truth, [(dict(zip("wxyz", order, strict=True))[who], begin, end) for who, begin, end in said])[0]
            for order in permutations("abcd")
        ]
        assert error(truth, said)[0] == pytest.approx(min(named))


def test_a_file_of_turns_is_read() -> None:
    """Other lines of it are left alone."""
    text = "SPKR-INFO x 1 <NA> <NA> <NA> unknown ann\nSPEAKER x 1 0.5 1.25 <NA> <NA> ann <NA> <NA>\n"
    assert read_rttm(text) == [("ann", 0.5, 1.75)]
    assert error([], []) == (0.0, 0.0)
