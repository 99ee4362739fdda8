"""The enhancer of the preset `studio`, through the service."""

import numpy as np
import pytest
import soxr

from parley.audio.pcm import RATE_HZ, Samples
from parley.engines.stateful.engine import Frames
from tests.services.denoise.shipped import ShippedEnhancer, in_noise, recorded, si_sdr
from tests.sound import noise

STUDIO = ShippedEnhancer("deepfilternet3")
SHAPE, ENGINE = STUDIO.shape, STUDIO.engine
WIDE_HZ = 48_000


def voice() -> Samples:
    """A voice at 48 kHz. Above 8 kHz, where the recording has nothing, lies the mirror of what is below, fainter."""
    narrow = recorded(8)
    stuffed = np.zeros(3 * len(narrow), np.float32)
    stuffed[::3] = 3 * narrow
    proper = soxr.resample(narrow, RATE_HZ, WIDE_HZ)
    sound: Samples = proper + np.float32(0.02) * (stuffed - proper)
    return sound


VOICE = voice()


def noisy(snr_db: float) -> Samples:
    return in_noise(VOICE, snr_db)


def served(sound: Samples, piece: int = 960, rate_hz: int = WIDE_HZ) -> Samples:
    return STUDIO.served(sound, piece, rate_hz=rate_hz)[0]


def above_8_khz(sound: Samples) -> float:
    """Power."""
    spectrum = np.fft.rfft(sound)
    return float((np.abs(spectrum[len(spectrum) // 3 :]) ** 2).sum())


@pytest.mark.parametrize("piece", [960, 700, 48_000])
def test_the_service_gives_what_the_graph_gives(piece: int) -> None:
    """Chunks, batches and states add nothing and lose nothing: the same samples as a bare loop over the graph."""
    sound = noisy(5)[: 3 * WIDE_HZ]
    assert np.abs(served(sound, piece) - STUDIO.bare(sound).clip(-1, 1)).max() < 1e-5


@pytest.mark.parametrize(("snr_db", "gain_db"), [(0, 8), (10, 3)])
def test_it_cleans(snr_db: float, gain_db: float) -> None:
    """A voice in white noise comes out clearer by so many decibels at the least."""
    sound = noisy(snr_db)
    assert si_sdr(served(sound), VOICE) > si_sdr(sound, VOICE) + gain_db


@pytest.mark.parametrize("level_db", [-20, -35])
def test_a_quiet_microphone_is_cleaned_like_a_loud_one(level_db: float) -> None:
    """A voice so much fainter comes out as clear, to two decibels."""
    sound, factor = noisy(5), np.float32(10 ** (level_db / 20))
    assert si_sdr(served(sound * factor), VOICE) > si_sdr(served(sound), VOICE) - 2


def test_the_band_of_a_clean_voice_is_kept() -> None:
    """What comes in at 48 kHz goes out at 48 kHz: of its sound above 8 kHz no more than 3 dB are lost."""
    assert above_8_khz(served(VOICE)) > 0.5 * above_8_khz(VOICE)


def test_telephones_are_served_too() -> None:
    """A client of 8 kHz gets as many samples back, and they are the voice."""
    narrow: Samples = soxr.resample(VOICE, WIDE_HZ, 8000)
    out = served(narrow, 160, 8000)
    assert len(out) == len(narrow)
    assert si_sdr(out, narrow) > 10


def test_streams_in_one_batch_do_not_hear_each_other() -> None:
    """What three streams of unequal length get together each of them gets alone."""
    hop = SHAPE.hop
    sounds = [noisy(0)[: 40 * hop], noisy(10)[hop : 16 * hop], noise(7 * hop)]
    empty = np.zeros(SHAPE.memory, np.float32)
    together = ENGINE.run([Frames(sound, empty) for sound in sounds])
    for sound, both in zip(sounds, together, strict=True):
        alone = ENGINE.run([Frames(sound, empty)])[0]
        assert np.abs(both.samples - alone.samples).max() < 1e-5
        assert np.abs(both.memory - alone.memory).max() < 1e-3
