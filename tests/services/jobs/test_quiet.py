"""Where sound is cut."""

import numpy as np
import pytest

from services.jobs.quiet import quietest

HZ = 16_000


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * HZ))


def cut(*pieces: np.ndarray, channels: int = 1) -> float:
    samples = np.concatenate(pieces).astype(np.int16)
    return quietest(np.stack([samples] * channels, 1), HZ) / HZ


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("floor", [0, 30, 300])
def test_the_longest_pause_is_cut_in_its_middle(floor: float, channels: int) -> None:
    """Whatever noise there is in it: a shorter one, and a breath, are no better."""
    speech, pause = noise(2.0, 3000), noise(2.0, floor, 1)
    at = cut(
        speech, pause[: HZ // 2], speech, pause[: HZ * 3 // 2], speech, pause[: HZ // 10], speech, channels=channels
    )
    assert at == pytest.approx(4.5 + 0.75, abs=0.1)


def test_one_channel_that_speaks_is_no_pause() -> None:
    """All channels must be quiet."""
    one = np.concatenate((noise(2, 3000), noise(1, 0), noise(3, 3000)))
    other = np.concatenate((noise(4, 3000, 1), noise(1, 0), noise(1, 3000, 2)))
    silent = np.concatenate((noise(5.2, 3000, 3), noise(0.4, 0), noise(0.4, 3000, 4)))
    both = np.stack((np.where(silent == 0, 0, one), np.where(silent == 0, 0, other)), 1)
    assert quietest(both.astype(np.int16), HZ) / HZ == pytest.approx(5.4, abs=0.1)


def test_without_a_pause_it_is_cut_where_it_is_quietest() -> None:
    """A loud place is worse than any."""
    at = cut(noise(2, 3000), noise(1, 1000), noise(2, 3000))
    assert at == pytest.approx(2.5, abs=0.4)


def test_what_is_too_short_for_a_pause_stays_whole() -> None:
    """The cut is behind it."""
    assert cut(noise(0.1, 3000)) == pytest.approx(0.1)
