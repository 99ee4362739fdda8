"""Files that are written as their samples come."""

import io
import wave
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio import media
from parley.audio.recorder import Flac, Recorder, Wav, whole
from parley.errors import UndecodableMedia
from tests.sound import cut

DATA = np.random.default_rng(0).integers(-32768, 32768, 9001, "<i2").tobytes()
KINDS = pytest.mark.parametrize("kind", [Wav, Flac])
Kind = Callable[..., Recorder]


@KINDS
@given(places=st.lists(st.integers(0, len(DATA) // 2).map(lambda n: 2 * n), max_size=8))
def test_any_pieces_make_the_same_file(kind: Kind, places: list[int]) -> None:
    """Byte for byte, whatever comes at once."""
    file = kind(16_000, len(DATA) // 2)
    assert b"".join([*map(file.write, cut(DATA, places)), file.end()]) == whole(kind(16_000, len(DATA) // 2), DATA)


@KINDS
@pytest.mark.parametrize("samples", [None, len(DATA) // 2])
def test_what_was_written_is_read_again(kind: Kind, samples: int | None) -> None:
    """To the last sample, also by who was not told the length."""
    heard = media.read(whole(kind(44_100, samples), DATA), 10)
    assert (heard.data, heard.rate_hz) == (DATA, 44_100)


@KINDS
@given(places=st.lists(st.integers(0, len(DATA) // 4).map(lambda n: 4 * n), max_size=8))
def test_two_channels_stay_two(kind: Kind, places: list[int]) -> None:
    """A moment is a sample of each."""
    data = DATA[: len(DATA) // 4 * 4]
    file = kind(44_100, len(data) // 4, 2)
    written = b"".join([*map(file.write, cut(data, places)), file.end()])
    heard = media.read(written, 10, mixed=False)
    assert (heard.data, heard.channels, media.samples(written, 44_100)) == (data, 2, len(data) // 4)


@KINDS
def test_a_length_that_is_known_is_said(kind: Kind) -> None:
    """FFmpeg finds it in the header, before it decodes."""
    assert media.samples(whole(kind(16_000, len(DATA) // 2), DATA), 16_000) == len(DATA) // 2


def test_a_wav_without_a_length_claims_all_that_it_can() -> None:
    """The convention of who writes before the end is known; Python's own reader takes it."""
    file = whole(Wav(16_000, None), DATA)
    assert file[4:8] == file[40:44] == b"\xff" * 4
    with wave.open(io.BytesIO(file)) as talk:
        assert b"".join(iter(lambda: talk.readframes(1000), b"")) == DATA


def test_a_wav_that_is_too_long_for_its_header_claims_all_that_it_can() -> None:
    """Its sizes have 32 bits."""
    file = Wav(48_000, 1 << 31)
    assert (file.size, file.write(b"")[4:8]) == (None, b"\xff" * 4)


@KINDS
def test_a_promise_that_is_not_kept_is_said(kind: Kind) -> None:
    """A header is not taken back; the file must not look whole."""
    with pytest.raises(UndecodableMedia, match="damaged"):
        whole(kind(16_000, len(DATA)), DATA)
