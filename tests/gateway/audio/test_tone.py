"""A tone in the bytes of every encoding."""

import numpy as np
import pytest

from gateway.audio.time_scale import Scale
from gateway.audio.tone import LOUD, TONE_HZ, laid, silence, tone
from parley.audio.pcm import Format, decode
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat


def forms() -> list[AudioFormat]:
    """Every encoding at rates that a period fits into and one that it does not."""
    names = [name for name in AudioEncoding.keys() if not name.endswith("UNSPECIFIED")]  # noqa: SIM118
    return [AudioFormat(encoding=name, sample_rate_hz=rate) for name in names for rate in (8000, 44_100)]


@pytest.mark.parametrize("form", [AudioFormat(), *forms()], ids=str)
def test_it_is_a_tone_for_whoever_decodes_it(form: AudioFormat) -> None:
    """As loud and as high as it shall be, however it is cut; and silence is silent."""
    whole, width = laid(tone(form), 0, Scale.of(form).size(10**9)), Scale.of(form).frame_bytes
    cut = laid(tone(form), 0, 50 * width) + laid(tone(form), 50 * width, len(whole))
    assert cut == whole
    samples = decode(whole, Format.of(form))
    assert np.argmax(np.abs(np.fft.rfft(samples))) == TONE_HZ
    assert np.abs(samples).max() == pytest.approx(LOUD, rel=0.05)
    assert np.abs(decode(laid(silence(form), 0, 100 * width), Format.of(form))).max() < 0.001
