from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import Samples
from parley.errors import PartialSample
from parley.serving.session import Flush
from parley.v1 import asr_pb2 as v1
from services.asr.stage import begin
from tests.services.asr.streams.test_session import CUTS, ENGINE, PARTS, PATIENCE, SETTINGS, SPEC, sound_of
from tests.services.play import play
from tests.sound import cut, noise, pcm, silence


def woven(*channels: Samples) -> bytes:
    """One frame of all channels after the other; short channels end in silence."""
    longest = max(map(len, channels))
    return pcm(np.stack([np.pad(each, (0, longest - len(each))) for each in channels], 1).reshape(-1))


def said(data: list[Any], channels: int, patience: list[int], **config: Any) -> dict[str, list[Any]]:
    """What is told of each track, in order; interims left out."""
    form = {"channels": channels}
    session = begin(v1.AsrConfig(format=form, word_times=True, **config), SPEC, SETTINGS)
    told: dict[str, list[Any]] = {}
    for event in play(session, ENGINE, data, patience):
        if getattr(event, "is_final", True):
            track, event.track = event.track, ""  # type: ignore[attr-defined]
            told.setdefault(track, []).append(event)
    return told


@given(PARTS, PARTS, CUTS, PATIENCE, st.booleans())
def test_a_channel_is_heard_as_if_it_were_alone(
    left: list[tuple[bool, int]], right: list[tuple[bool, int]], cuts: list[int], patience: list[int], interim: bool
) -> None:
    """Whatever the other one says, the chunking, the engine's speed and the interims."""
    data, size = woven(sound_of(left), sound_of(right)), max(len(sound_of(each)) for each in (left, right))
    heard = said(cut(data, cuts, 4), 2, patience, per_channel=True, interim_results=interim)
    for track, parts in (("1", left), ("2", right)):
        sound = sound_of(parts)
        alone = said([pcm(np.pad(sound, (0, size - len(sound))))], 1, [1000])
        assert heard.get(track, []) == alone.get("", [])


def test_unasked_the_channels_are_mixed() -> None:
    """One track without a name, in which everybody is heard."""
    left, right = np.concatenate((noise(16_000), silence(2))), np.concatenate((silence(2), noise(16_000, seed=1)))
    mixed = said([woven(left, right)], 2, [1000])
    assert list(mixed) == [""]
    assert len([each for each in mixed[""] if isinstance(each, v1.Transcript)]) == 2


def test_a_flush_is_for_every_channel() -> None:
    """Both utterances end where it comes."""
    both = woven(noise(16_000), noise(16_000, seed=1))
    told = said([both, Flush(), both], 2, [1000], per_channel=True)
    assert [len([each for each in told[track] if isinstance(each, v1.Transcript)]) for track in "12"] == [2, 2]


def test_frames_are_whole() -> None:
    """Half a frame would give a channel another's samples."""
    with pytest.raises(PartialSample, match="4 bytes"):
        said([bytes(6)], 2, [1000], per_channel=True)
