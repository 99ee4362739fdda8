"""What counts as flat."""

import pytest

from loadtest.bench.weighing import WeighedProcess, drawn

FILES = [20] * 16


@pytest.mark.parametrize(
    ("rss_mb", "files", "flat"),
    [
        ([50.0, 80.0, *[100.0] * 14], FILES, True),  # libraries take their memory when they are first used
        ([100.0 + n for n in range(16)], FILES, False),
        ([100.0] * 16, [20 + 2 * n for n in range(16)], False),
        ([301.0] * 16, FILES, False),
    ],
)
def test_growth_is_told_from_a_first_use(rss_mb: list[float], files: list[int], flat: bool) -> None:
    """Slow leaks of memory or files count, and so does too much of it; the first quarter does not."""
    assert WeighedProcess(rss_mb, files).is_flat is flat


def test_the_curve_begins_at_nothing() -> None:
    """A process that holds its memory is drawn as a full, level line."""
    assert drawn([100.0, 100.0, 50.0]) == "██▄"
