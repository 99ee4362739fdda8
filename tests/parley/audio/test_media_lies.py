import struct

import pytest

from parley.audio import media
from parley.errors import UndecodableMedia
from tests.gateway.conftest import tone


def _claiming(rate_hz: int) -> bytes:
    """A WAV whose header says this rate."""
    wav = bytearray(tone(0.5))
    wav[24:28] = struct.pack("<I", rate_hz)
    return bytes(wav)


@pytest.mark.timeout(20)  # resampling from it would take minutes
@pytest.mark.parametrize("rate_hz", [1, 2_130_714_432, 4_000_000_000])
def test_a_rate_that_no_sound_has_costs_nothing(rate_hz: int) -> None:
    """A lying header is refused before anybody resamples from it."""
    with pytest.raises(UndecodableMedia):
        media.read(_claiming(rate_hz), 10)


def test_a_codec_that_nobody_knows_is_told() -> None:
    """A WAV with an unknown format tag is no audio to us."""
    wav = bytearray(tone(0.5))
    wav[20:22] = b"\x99\x99"
    with pytest.raises(UndecodableMedia):
        media.read(bytes(wav), 10)
