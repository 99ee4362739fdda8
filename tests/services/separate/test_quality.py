"""What is told of a separation: how the tracks stand, and what is wrong with what came in."""

import numpy as np
import pytest

from parley.audio.pcm import Format, Samples
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from parley.v1.separate_pb2 import InputProblem, SeparationQuality
from services.separate.quality import CLIPPING, LOW_RATE, MONO, SILENT, Judge, UnsuitableSound
from services.separate.stage import measures
from tests.sound import noise

F32 = AudioEncoding.AUDIO_ENCODING_PCM_F32LE
TIME = np.arange(16_000) / 16_000


def tone(hz: float, level: float) -> Samples:
    """A second of it."""
    return np.asarray(level * np.sin(2 * np.pi * hz * TIME), np.float32)[:, None]


def judge(hears: int = 1, refuse: tuple[InputProblem, ...] = (), rate_hz: int = 16_000) -> Judge:
    given = AudioFormat(encoding=F32, sample_rate_hz=rate_hz)
    return Judge(Format.of(given), hears, ("voice", "music"), frozenset(refuse))


def verdict(mix: Samples, voice: Samples) -> SeparationQuality:
    (found,) = judge().hear(mix, voice)
    return found


def test_a_verdict_says_how_loud_each_track_is_and_which_second_it_is_of() -> None:
    voice, music = tone(400, 0.2), tone(3000, 0.02)
    found = verdict(voice + music, voice)
    assert [track.name for track in found.tracks] == ["voice", "music"]
    assert [round(track.snr_db) for track in found.tracks] == [20, -20]
    assert found.tracks[0].level_dbfs == pytest.approx(20 * np.log10(0.2 / np.sqrt(2)), abs=0.1)
    assert found.interval.end.ToSeconds() == 1
    assert found.consistency_db > 100


def test_tracks_that_lie_at_the_same_frequencies_are_trusted_less() -> None:
    """There nobody can say whose a sound is."""
    voice, apart, together = tone(400, 0.2), tone(3000, 0.2), tone(400, 0.15)
    sure, unsure = (verdict(voice + other, voice).tracks[0].sdr_db for other in (apart, together))
    assert sure > 30
    assert unsure < 6


def test_tracks_at_full_scale_are_not_the_whole_any_more() -> None:
    """A rest that does not fit into sixteen bits is cut off, and what is missing is told."""
    voice = tone(400, -0.9)
    assert verdict(tone(400, 0.9), voice).consistency_db < 20


def test_what_stays_as_it_is_is_told_once() -> None:
    stream = judge()
    said = [len(stream.hear(tone(400, level) + tone(3000, 0.1), tone(400, level))) for level in (0.2, 0.21, 0.02)]
    assert said == [1, 0, 1]


def test_pieces_of_any_length_make_the_same_seconds() -> None:
    mix, voice = noise(40_000)[:, None], noise(40_000, seed=2)[:, None]
    whole, pieces = judge().hear(mix, voice), judge()
    apart = [found for at in range(0, 40_000, 777) for found in pieces.hear(mix[at : at + 777], voice[at : at + 777])]
    assert apart == whole


@pytest.mark.parametrize(
    ("sound", "rate_hz", "hears", "problem"),
    [
        (tone(400, 0.2), 8_000, 1, LOW_RATE),
        (np.clip(tone(400, 3), -1, 1), 16_000, 1, CLIPPING),
        (tone(400, 0.2), 16_000, 2, MONO),
        (np.zeros((16_000, 1), np.float32), 16_000, 1, SILENT),
    ],
)
def test_what_is_wrong_with_the_sound_is_told_and_refused_where_asked(
    sound: Samples, rate_hz: int, hears: int, problem: InputProblem
) -> None:
    found = judge(hears, rate_hz=rate_hz).hear(sound, sound)
    assert list(found[0].problems) == [problem]

    def refused() -> None:
        stream = judge(hears, (problem,), rate_hz)
        stream.hear(sound, sound)
        stream.end()

    with pytest.raises(UnsuitableSound, match=r"^The sound .* or do not `refuse` that"):
        refused()


def test_a_pause_is_no_silent_recording() -> None:
    """Only what is silent from its beginning to its end is refused for that."""
    stream, silence = judge(refuse=(SILENT,)), np.zeros((16_000, 1), np.float32)
    stream.hear(silence, silence)
    stream.hear(tone(400, 0.2)[:100], silence[:100])
    stream.end()


def test_only_tracks_that_are_there_are_measured() -> None:
    """What is left of music in a pause of the voice is no badly found voice."""
    voice, music = tone(400, 0.2), tone(3000, 0.2)
    both = dict(measures(verdict(voice + music, voice)))
    pause = dict(measures(verdict(music, music * np.float32(0.01))))
    assert {"consistency_db", "clipped_share", "voice_sdr_db", "music_sdr_db", "voice_snr_db"} <= set(both)
    assert set(pause) == {"consistency_db", "clipped_share", "music_snr_db", "music_sdr_db"}
    assert dict(measures(AudioChunk())) == {}
