import io
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from parley.audio import media
from parley.audio.pcm import Samples
from parley.errors import UndecodableMedia
from tests.sound import pcm, tone

KINDS = {
    "wav": ("pcm_s16le", 16_000),
    "flac": ("flac", 16_000),
    "mp3": ("libmp3lame", 44_100),
    "ogg": ("libopus", 48_000),
    "webm": ("libopus", 48_000),
    "mp4": ("aac", 44_100),
}


def written(container: str, sound: Samples, channels: int = 1) -> bytes:
    """A file of this kind that plays a sound of 16 kHz."""
    codec, rate_hz = KINDS[container]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz)
        layout = "mono" if channels == 1 else "stereo"
        stream.layout = layout  # type: ignore[union-attr]
        whole = np.repeat(np.frombuffer(pcm(sound), "<i2"), channels).reshape(1, -1)
        frame = AudioFrame.from_ndarray(whole, "s16", layout)
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(stream.format.name, layout, rate_hz, stream.frame_size or 1024)  # type: ignore[union-attr]
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            out.mux(stream.encode(piece))  # type: ignore[union-attr, arg-type]
    return file.getvalue()


@pytest.mark.parametrize("container", KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_of_any_kind_is_heard(container: str, channels: int) -> None:
    """Whatever the container, a second of 440 Hz comes out as about a second of 440 Hz, at the file's rate."""
    heard = media.read(written(container, tone(440, 1.0), channels), longest_s=10)
    assert heard.rate_hz == KINDS[container][1]
    assert heard.duration_s == pytest.approx(1.0, abs=0.12)
    samples = np.frombuffer(heard.data, "<i2")
    loudest = np.argmax(np.abs(np.fft.rfft(samples))) * heard.rate_hz / len(samples)
    assert loudest == pytest.approx(440, abs=5)
    assert np.abs(samples).max() == pytest.approx(0.3 * 32768, rel=0.25)


@pytest.mark.parametrize("container", KINDS)
def test_channels_stay_side_by_side_where_they_are_to(container: str) -> None:
    """The same sound in both, as it was written; as long as the file."""
    heard = media.read(written(container, tone(440, 1.0), 2), longest_s=10, mixed=False)
    left, right = np.frombuffer(heard.data, "<i2").reshape(-1, 2).T.astype(np.int32)
    assert heard.channels == 2
    assert heard.duration_s == pytest.approx(1.0, abs=0.12)
    assert np.abs(left - right).max() < 0.05 * np.abs(left).max()
    assert len(next(heard.chunks(0.1))) == 4 * round(0.1 * heard.rate_hz)


@pytest.mark.parametrize("channels", [1, 3, 8, 9])
def test_as_many_channels_as_a_stage_takes(channels: int) -> None:
    """Each keeps its place, though nobody knows where its loudspeaker stood; more are refused."""
    samples = np.tile(np.arange(channels, dtype="<i2"), 1600)
    file = bytearray(media.wav(samples.tobytes(), 16_000))
    file[22:24], file[32:34] = struct.pack("<H", channels), struct.pack("<H", 2 * channels)
    if channels > 8:
        with pytest.raises(UndecodableMedia, match="9 channels"):
            media.read(bytes(file), longest_s=10, mixed=False)
    else:
        assert media.read(bytes(file), longest_s=10, mixed=False).data == samples.tobytes()


@pytest.mark.parametrize("rate_hz", [4000, 96_000])
def test_a_strange_rate_is_brought_into_range(rate_hz: int) -> None:
    """A file at a rate that no stage takes comes out at the nearest one that all take."""
    heard = media.read(media.wav(bytes(2 * rate_hz), rate_hz), longest_s=10)
    assert heard.rate_hz == min(max(rate_hz, 8000), 48_000)
    assert heard.duration_s == pytest.approx(1.0, abs=0.01)


def test_a_wav_comes_back_as_it_went() -> None:
    """PCM written as WAV and read again is the same PCM."""
    data = pcm(tone(440, 0.5))
    assert media.read(media.wav(data, 16_000), longest_s=1).data == data


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 20_001])
@pytest.mark.parametrize("rate_hz", [8000, 44_100])
def test_flac_loses_nothing(length: int, rate_hz: int) -> None:
    """PCM of any length written as FLAC and read again is the same PCM."""
    data = np.random.default_rng(0).integers(-32768, 32768, length, "<i2").tobytes()
    heard = media.read(media.flac(data, rate_hz), longest_s=3)
    assert (heard.data, heard.rate_hz) == (data, rate_hz)


@pytest.mark.parametrize("claim", [0, 7, 0xFFFFFFFF])
def test_samples_are_counted_not_believed(claim: int) -> None:
    """A header that lies, and a file that was cut off, have as many samples as are decoded."""
    file = media.wav(pcm(tone(440, 0.5)), 16_000)
    for lie in (file[:40] + struct.pack("<I", claim) + file[44:], file[:5000]):
        assert media.samples(lie, 16_000) == len(media.read(lie, 1).data) // 2


def test_samples_that_cannot_be_counted_are_not_guessed() -> None:
    """What is resampled, and what is packed with loss, has as many as come out."""
    file = media.wav(pcm(tone(440, 0.5)), 16_000)
    assert media.samples(file, 8_000) is None
    assert media.samples(packed(file), 16_000) is None


def packed(file: bytes) -> bytes:
    """As MP3."""
    out = io.BytesIO()
    with av.open(io.BytesIO(file), "r") as source, av.open(out, "w", format="mp3") as target:
        stream = target.add_stream("mp3", rate=16_000, layout="mono")
        for frame in [*source.decode(audio=0), None]:
            target.mux(stream.encode(frame))
    return out.getvalue()


def test_another_rate_is_had_for_the_asking() -> None:
    """As long as before, in as many samples as the rate has."""
    heard = media.read(media.wav(pcm(tone(440, 1.0)), 16_000), longest_s=2, rate_hz=8000)
    assert (heard.rate_hz, len(heard.data)) == (8000, 2 * 8000)


@pytest.mark.parametrize(("own", "had"), [(48_000, 16_000), (16_000, 16_000), (8000, 8000)])
def test_a_rate_can_be_too_high(own: int, had: int) -> None:
    """What is finer than wanted is made coarser, what is not stays as it is."""
    heard = media.read(media.wav(pcm(tone(440, 1.0))[: 2 * own], own), longest_s=2, most_hz=16_000)
    assert heard.rate_hz == had


def test_an_empty_recording_is_a_recording() -> None:
    """A WAV without a sample is silence of no length, not an error."""
    assert media.read(media.wav(b"", 16_000), longest_s=1).data == b""


@pytest.mark.parametrize("file", [b"", b"hello", bytes(1000), b"RIFF\xff\xff\xff\xffWAVE", b"ID3\x03" + bytes(50)])
def test_garbage_is_refused(file: bytes) -> None:
    """What is no audio file is told so, with what would be one."""
    with pytest.raises(UndecodableMedia, match="send WAV"):
        media.read(file, longest_s=1)


def test_an_empty_file_is_called_empty() -> None:
    """Not invalid data: whoever forgot to write it sees that at once."""
    with pytest.raises(UndecodableMedia, match="is empty"):
        media.read(b"", longest_s=1)


def test_a_wav_that_boasts_is_read_as_far_as_it_goes() -> None:
    """A header that claims 4 GB costs no 4 GB and loses none of what is there."""
    data = pcm(tone(440, 0.5))
    honest = media.wav(data, 16_000)
    boast = honest[:4] + struct.pack("<I", 0xFFFFFFF0) + honest[8:40] + struct.pack("<I", 0xFFFFFF00) + honest[44:]
    assert media.read(boast, longest_s=1).data == data


@pytest.mark.parametrize("container", KINDS)
def test_a_file_that_breaks_off_does_not_break_us(container: str) -> None:
    """Half a file is either heard as far as it goes or refused in a sentence."""
    whole = written(container, tone(440, 1.0))
    with suppress(UndecodableMedia):
        assert media.read(whole[: len(whole) // 2], longest_s=10).duration_s < 1.1


def test_a_long_file_is_refused() -> None:
    """A recording beyond the limit is refused, and one at the limit is not."""
    with pytest.raises(UndecodableMedia, match="longer than 1 s"):
        media.read(media.wav(bytes(32_002), 16_000), longest_s=1)
    assert media.read(media.wav(bytes(32_000), 16_000), longest_s=1).duration_s == 1


def test_a_file_is_decoded_no_further_than_it_is_asked_for() -> None:
    """Two minutes of silence take a few kilobytes in a file and 11 MB as samples; no more than a block is ever held."""
    file = media.flac(bytes(2 * 48_000 * 120), 48_000)
    tracemalloc.start()
    try:
        played = sum(len(block) for block in media.MediaDecoder(file, 600.0).blocks(1.0))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert played == 2 * 48_000 * 120
    assert most < 1_000_000


def test_a_playlist_opens_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that names other files must not make the server read them."""
    (tmp_path / "secret.wav").write_bytes(media.wav(pcm(tone(440, 0.5)), 16_000))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UndecodableMedia):
        media.read(b"ffconcat version 1.0\nfile secret.wav\n", longest_s=10)


def test_a_picture_is_not_audio() -> None:
    """A file that plays but makes no sound is refused."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("mpeg4", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        out.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        out.mux(stream.encode(None))
    with pytest.raises(UndecodableMedia, match="no audio"):
        media.read(file.getvalue(), longest_s=1)


def test_chunks_are_the_recording() -> None:
    """Cut into pieces of any length, nothing is lost and no sample is cut in two."""
    recording = media.Recording(bytes(range(100)), 8000)
    for seconds in (0.0, 0.0003, 1.0):
        pieces = list(recording.chunks(seconds))
        assert b"".join(pieces) == recording.data
        assert all(len(piece) % 2 == 0 for piece in pieces)
