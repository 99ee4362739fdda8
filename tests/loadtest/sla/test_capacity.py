import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from loadtest.bench.yardstick import Pace, Yardstick
from loadtest.promises import Verdict
from loadtest.sla.capacity import FINE, Step, Timed, knee, search, tell
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
    """A size that fails once and then holds, holds; where the load generator cannot keep up, the search ends."""
    seen: dict[int, int] = {}

    def noisy(size: int) -> Verdict:
        seen[size] = seen.get(size, 0) + 1
        return Verdict.HELD if size <= 40 and seen[size] > 1 else Verdict.BROKEN

    assert 36 <= search(noisy, 10)[0] <= 40
    assert search(lambda size: Verdict.HELD if size <= 8 else Verdict.INVALID, 4) == (8, 9)


def test_two_machines_can_be_compared(tmp_path: Path) -> None:
    """How many hold is told per core and as a share of the ceiling, with the yardstick that it was measured by."""
    found = {"scenario": "live-asr", "most": 12, "too_many": 18, "at_least": False, "cores": 1.5, "per_core": 8.0}
    out = io.StringIO()
    yardstick = Yardstick({"asr": Pace(40, 80, 125)}, 2)
    tell(
        [{**found, "ceiling": 80.0, "of_ceiling": 0.15, "knee": ""}], yardstick, tmp_path, Console(file=out, width=120)
    )
    (row,) = [line for line in out.getvalue().splitlines() if "live-asr" in line]
    assert [cell.strip() for cell in row.split("|")[1:-1]] == ["live-asr", "12", "18", "1.50", "8.0", "80.0", "0.15"]
    kept = json.loads((tmp_path / "capacity.json").read_text())
    assert kept["yardstick"]["paces"]["asr"]["all"] == 80
    assert kept["found"][0]["of_ceiling"] == 0.15


def test_the_knee_is_drawn() -> None:
    """Every size that was tried is on the curve, and the limit is marked."""
    steps = [Step(n, "HELD", {"final": 10.0 * n}, 0.1, ()) for n in (10, 40, 20)]
    drawn = knee("live-asr", steps, 20)
    assert drawn.count("<polyline") == 1
    assert "20 hold" in drawn
    assert "final p99" in drawn
