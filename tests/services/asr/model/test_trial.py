"""The trial of a model: what it says on recordings whose words are known, and the window that it bears."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from parley.audio.pcm import RATE_HZ
from parley.edit_distance import distance
from parley.engines.protocols import Decoding, Generated, Tokens
from parley.errors import BadInput
from services.asr.model import trial
from services.asr.model.trial import TrialClip
from tests.contract.source import ROOT
from tests.fakes import spec_of
from tests.sound import noise

SPOKEN = ["we", "park", "our", "bikes"]
CLIPS = [TrialClip(noise(round(seconds * RATE_HZ)), SPOKEN) for seconds in (4.0, 5.0, 9.0)]
SPEC = spec_of("asr", features="log-mel", detector="level")


class Bears:
    """Gets all words right in windows of so many seconds; in shorter ones it says what it is told to."""

    def __init__(self, least_s: float, else_says: Sequence[str], longest_s: float = 99.0) -> None:
        self._least, self._else, self._longest = 100 * least_s, else_says, 100 * longest_s

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        assert isinstance(sources, np.ndarray)
        return [Generated([f" {word}" for word in self._words(source)]) for source in sources]

    def _words(self, source: npt.NDArray[np.float32]) -> Sequence[str]:
        sounding = int((np.ptp(source, axis=1) > 0).sum())
        return SPOKEN if len(source) >= self._least or sounding > self._longest else self._else


@pytest.mark.parametrize(("least_s", "found_s"), [(30, 30), (25, 30), (20, 25), (13, 16), (6, 8)])
def test_the_window_is_the_one_before_the_shortest_that_costs_no_word(least_s: float, found_s: float) -> None:
    """Step by step, until words are lost, and one step back."""
    said: list[str] = []
    assert trial.shortest(SPEC, Bears(least_s, ["we"]), CLIPS, said.append) == found_s
    assert said[0] == "trying a context of 25 s"


def test_a_piece_that_runs_away_ends_it() -> None:
    """Whole recordings do well in any window, but what is shorter than four seconds does not."""
    runs = Bears(16, SPOKEN * 2, longest_s=3.5)
    assert trial.shortest(SPEC, runs, CLIPS, lambda _: None) == 20


def test_it_ends_when_its_time_is_up() -> None:
    """A large model is left with a longer window than it may need; work counts, not what else the machine does."""
    hours = itertools.count(0, 3600)
    assert trial.shortest(SPEC, Bears(6, ["we"]), CLIPS, lambda _: None, lambda: next(hours)) == 30


def test_the_bundled_recordings_have_their_words() -> None:
    """Three of real people, small, and the list of what they say is beside them."""
    clips = trial.clips(ROOT / "examples")
    assert len(clips) == 3
    assert all(3 < clip.duration_s < 12 and len(clip.words) > 5 for clip in clips)


def test_a_folder_without_a_list_is_told() -> None:
    """Which file is missing."""
    with pytest.raises(BadInput, match=r"words\.tsv cannot be read"):
        trial.clips(ROOT / "tests")


def test_words_are_compared_without_case_and_marks() -> None:
    """A comma is no mistake."""
    assert trial.plain("No, on the desktop you'll FIND.") == ["no", "on", "the", "desktop", "you'll", "find"]
    assert distance(trial.plain("We park."), SPOKEN[:2]) == 0
