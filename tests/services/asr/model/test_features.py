import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from parley.audio.pcm import RATE_HZ
from services.asr.model.features import LogMel
from tests.sound import noise, silence, tone


@pytest.mark.parametrize(("n_mels", "hop", "n_fft"), [(80, 160, 400), (128, 160, 400), (80, 250, 512)])
@pytest.mark.parametrize("length", [400, 16_000, 40_123])
def test_features_are_those_that_stock_engines_make(n_mels: int, hop: int, n_fft: int, length: int) -> None:
    """A model sees here what it would see in faster-whisper."""
    sound = noise(length) + tone(440, length / RATE_HZ)
    stock = FeatureExtractor(feature_size=n_mels, hop_length=hop, n_fft=n_fft)(sound)
    assert np.abs(LogMel(hop, n_fft, n_mels).show(sound) - stock.T).max() < 1e-5


def test_how_loud_it_is_hardly_matters() -> None:
    """Half as loud shifts every number alike: nothing is lost but what lies far below the loudest."""
    sound = noise(16_000)
    loud, soft = LogMel().show(sound), LogMel().show(sound * np.float32(0.5))
    assert np.ptp(loud - soft) < 1e-4


@pytest.mark.parametrize("length", [0, 1, 89, 90])
def test_hardly_any_sound_is_no_accident(length: int) -> None:
    """Less than one hop of sound gives few rows or none, and no error."""
    assert LogMel(250, 512).show(noise(length)).shape[1] == 80


def test_silence_is_a_number() -> None:
    """Digital silence gives finite features."""
    assert np.isfinite(LogMel().show(silence(1))).all()
