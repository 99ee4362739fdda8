import pytest

from loadtest.capacity import FINE, Step, Timed, knee, search
from loadtest.judge import Verdict
from tests.fakes import Clock


@pytest.mark.parametrize("limit", [0, 1, 3, 17, 100, 313])
@pytest.mark.parametrize("start", [1, 25, 200])
def test_the_limit_is_found(limit: int, start: int) -> None:
    """Never above the limit, and as near to it as was promised."""
    tried: list[int] = []

    def holds(size: int) -> Verdict:
        tried.append(size)
        return Verdict.HELD if size <= limit else Verdict.BROKEN

    found, too_many = search(holds, start)
    assert limit - max(1, FINE * limit) - 1 <= found <= limit < too_many
    assert len(set(tried)) < 20


def test_it_ends_in_time() -> None:
    """No try is begun that may not be over in time; what was found by then is told with the gap that is left."""
    clock = Clock()

    def holds(size: int) -> Verdict:
        clock.now += 30.0
        return Verdict.HELD if size <= 100 else Verdict.BROKEN

    assert search(Timed(holds, 100.0, clock), 80) == (80, 120)
    assert search(Timed(holds, 10.0, clock), 80) == (80, 0)


def test_one_bad_moment_is_no_limit() -> None:
    """A size that fails once and then holds, holds; a talker that cannot keep up proves nothing and ends the search."""
    seen: dict[int, int] = {}

    def noisy(size: int) -> Verdict:
        seen[size] = seen.get(size, 0) + 1
        return Verdict.HELD if size <= 40 and seen[size] > 1 else Verdict.BROKEN

    assert 36 <= search(noisy, 10)[0] <= 40
    assert search(lambda size: Verdict.HELD if size <= 8 else Verdict.INVALID, 4) == (8, 9)


def test_the_knee_is_drawn() -> None:
    """Every size that was tried is on the curve, and the limit is marked."""
    steps = [Step(n, "HELD", {"final": 10.0 * n}, 0.1, ()) for n in (10, 40, 20)]
    drawn = knee("live-asr", steps, 20)
    assert drawn.count("<polyline") == 1
    assert "20 hold" in drawn
    assert "final p99" in drawn
