import warnings
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.audio.pcm import (
    RATE_HZ,
    Format,
    PcmDecoder,
    Resampler,
    Samples,
    Tape,
    check_chunk,
    decode,
    encode,
    interval,
)
from parley.errors import ChunkTooLarge, PartialSample, UnsupportedFormat
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from tests.sound import cut, noise

S16, F32 = AudioEncoding.AUDIO_ENCODING_PCM_S16LE, AudioEncoding.AUDIO_ENCODING_PCM_F32LE
MULAW, ALAW = AudioEncoding.AUDIO_ENCODING_MULAW, AudioEncoding.AUDIO_ENCODING_ALAW
ALL = (S16, F32, MULAW, ALAW)
CUTS = st.lists(st.integers(0, 5000), max_size=8)


def form(encoding: AudioEncoding = S16, rate_hz: int = RATE_HZ, channels: int = 1) -> Format:
    return Format.of(AudioFormat(encoding=encoding, sample_rate_hz=rate_hz, channels=channels))


def test_defaults_of_a_format() -> None:
    """Who says nothing sends 16-bit mono at 16 kHz."""
    assert Format.of(AudioFormat()) == Format(S16, 16_000, 1)


@pytest.mark.parametrize(
    "wrong", [{"sample_rate_hz": 7999}, {"sample_rate_hz": 48_001}, {"channels": 9}, {"encoding": 99}]
)
def test_a_format_that_nobody_takes(wrong: dict[str, int]) -> None:
    """A rate, a channel count or an encoding out of range is refused, with what would be right."""
    with pytest.raises(UnsupportedFormat, match=r"send"):
        Format.of(AudioFormat(**wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", [MULAW, ALAW])
def test_g711_decodes_as_the_standard_says(encoding: AudioEncoding) -> None:
    """Every one of the 256 codes has the value that the reference tables give it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    codes = bytes(range(256))
    right = audioop.ulaw2lin(codes, 2) if encoding == MULAW else audioop.alaw2lin(codes, 2)
    assert decode(codes, form(encoding)).tolist() == (np.frombuffer(right, "<i2") / 32768).tolist()


@pytest.mark.parametrize("encoding", ALL)
def test_bytes_survive_the_way_there_and_back(encoding: AudioEncoding) -> None:
    """Decoded, encoded and decoded again, sound is what it was."""
    data = bytes(range(256)) * 4 if encoding in (MULAW, ALAW) else encode(noise(1024), encoding)
    once = decode(data, form(encoding))
    assert decode(encode(once, encoding), form(encoding)).tolist() == once.tolist()


@given(st.binary(max_size=80))
def test_no_float_is_too_wild(data: bytes) -> None:
    """Whatever the bytes say, not-a-number and infinity too, it becomes sound between -1 and 1."""
    heard = decode(data[: len(data) // 4 * 4] + np.array([np.nan, np.inf, -np.inf, 1e30], "<f4").tobytes(), form(F32))
    assert np.all(np.abs(heard) <= 1)


@pytest.mark.parametrize("encoding", ALL)
def test_what_is_too_loud_is_clipped(encoding: AudioEncoding) -> None:
    """Beyond full scale there is full scale, not a wrapped-around sample."""
    heard = decode(encode(np.array([3, -3], np.float32), encoding), form(encoding))
    assert heard[0] > 0.97
    assert heard[1] < -0.97


def test_channels_are_mixed() -> None:
    """Two channels become their mean."""
    pairs = np.array([[1000, 3000], [-500, 500]], "<i2")
    assert (decode(pairs.tobytes(), form(channels=2)) * 32768).tolist() == [2000, 0]


@pytest.mark.parametrize(("data", "shape"), [(b"abc", (S16, 1)), (b"abcdef", (S16, 2)), (b"abcdef", (F32, 1))])
def test_odd_bytes_are_refused(data: bytes, shape: tuple[AudioEncoding, int]) -> None:
    """A chunk that ends in mid-sample is an error, not noise."""
    with pytest.raises(PartialSample):
        decode(data, form(shape[0], channels=shape[1]))


def test_a_chunk_has_a_largest_size() -> None:
    """A mebibyte passes; one byte more does not."""
    assert check_chunk(bytes(1 << 20))
    with pytest.raises(ChunkTooLarge):
        check_chunk(bytes((1 << 20) + 1))


def resampled(pieces: Sequence[Samples], from_hz: int, to_hz: int) -> Samples:
    resampler = Resampler(from_hz, to_hz)
    heard = [resampler.feed(piece) for piece in pieces]
    return np.concatenate([*heard, resampler.feed(np.zeros(0, np.float32), last=True)])


@given(st.sampled_from([8000, 11_025, 22_050, 44_100, 48_000]), CUTS, st.integers(0, 5000))
def test_resampling_does_not_hear_the_chunks(rate_hz: int, cuts: list[int], length: int) -> None:
    """Any chunking gives the same samples, and about as many as the rates say."""
    sound = noise(length)
    whole = resampled([sound], rate_hz, RATE_HZ)
    pieces = resampled(cut(sound, cuts), rate_hz, RATE_HZ)
    assert abs(len(whole) - length * RATE_HZ / rate_hz) <= 1
    assert np.array_equal(whole, pieces)


def test_resampling_keeps_step() -> None:
    """A click stays where it was in time."""
    click = np.zeros(48_000, np.float32)
    click[24_000] = 1
    assert abs(int(np.argmax(resampled([click], 48_000, RATE_HZ))) - 8000) <= 1


def test_an_ear_hears_everything() -> None:
    """Bytes at a telephone's rate come out as floats at ours, the tail too."""
    decoder = PcmDecoder(form(MULAW, 8000))
    heard = np.concatenate(
        [decoder.feed(b"\xff" * 400), decoder.feed(b""), decoder.feed(b"\xff" * 400), decoder.finish()]
    )
    assert len(heard) == 1600


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 40_000)), max_size=10))
def test_a_tape_is_addressed_by_place(steps: list[tuple[int, int]]) -> None:
    """Whatever was appended and forgotten, a piece that is still there is the stream's own."""
    tape, stream, first = Tape(), np.zeros(0, np.float32), 0
    for more, forget in steps:
        piece = np.arange(len(stream), len(stream) + more, dtype=np.float32)
        stream = np.concatenate((stream, piece))
        tape.append(piece)
        first = max(first, min(forget, tape.end))
        tape.forget(first)
        assert tape.end == len(stream)
        assert np.array_equal(tape.cut(first, tape.end), stream[first:])


def test_stream_time() -> None:
    """Samples become seconds, exactly where they can."""
    piece = interval(8000, 24_000)
    assert piece.start.ToTimedelta().total_seconds() == 0.5
    assert piece.end.ToTimedelta().total_seconds() == 1.5


def test_cutting_is_what_the_tests_think() -> None:
    """The test's own scissors lose nothing."""
    sound = noise(100)
    pieces = cut(sound, [5, 500, 0, 30])
    assert np.array_equal(np.concatenate(pieces), sound)
    assert all(len(a) or len(b) for a, b in pairwise([*pieces, sound]))
