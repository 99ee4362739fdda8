"""The separator that ships, through the service."""

import numpy as np
import pytest
import soxr

from parley.audio.golden import si_sdr
from parley.audio.media import read
from parley.audio.pcm import Format, Samples, decode_channels
from parley.engines.contract import check
from parley.engines.model import ModelRef, locate
from parley.serving.stage import ServiceConfig
from parley.v1 import separate_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat, Track
from services.separate.contract import chord, contract, golden
from services.separate.engine import open_engine
from services.separate.stage import begin
from tests.contract.source import ROOT
from tests.services.play import of, play

SPEC = locate([ROOT / "models/embedded"], "separate", ModelRef("spleeter-2stems", "1"))
ENGINE = open_engine(SPEC).model
RATE_HZ = SPEC.sample_rate_hz


def voice(seconds: float) -> Samples:
    data = read((ROOT / "examples/one-speaker.flac").read_bytes(), 60, RATE_HZ).data
    return np.resize(np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768), round(seconds * RATE_HZ))


def mixed(seconds: float) -> tuple[Samples, Samples, Samples]:
    """A voice and music as loud, and both."""
    speech = voice(seconds)
    music = chord(len(speech), RATE_HZ) * speech.std()
    return speech, music, speech + music


def served(sound: Samples, rate_hz: int = RATE_HZ, piece: int = 44_100) -> dict[str, Samples]:
    """Both tracks of a sound of one channel or more."""
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    form = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE, sample_rate_hz=rate_hz, channels=channels)
    config = v1.SeparateConfig(format=form, others=True, keep_channels=True)
    session = begin(config, SPEC, ServiceConfig(listen="", models=()))
    said = play(session, ENGINE, [sound[at : at + piece].tobytes() for at in range(0, len(sound), piece)])
    chunks = [*of(AudioChunk, said), *(track.audio for track in of(Track, said))]
    return {
        name: decode_channels(b"".join(each.data for each in chunks if each.track == name), Format.of(form))
        for name in ("voice", "music")
    }


def test_it_keeps_its_contract() -> None:
    lines = [*contract(SPEC), *golden(SPEC, ENGINE, ROOT / "examples")]
    assert [line.fault for line in check(lines) if line.fault] == []


def test_a_voice_comes_out_of_music_and_the_music_out_of_it() -> None:
    """Also across the places where segments meet."""
    speech, music, mix = mixed(25)
    tracks = served(mix)
    assert si_sdr(speech, tracks["voice"][:, 0]) - si_sdr(speech, mix) > 8
    assert si_sdr(music, tracks["music"][:, 0]) - si_sdr(music, mix) > 8
    meets = slice(round(10.4 * RATE_HZ), round(11.9 * RATE_HZ))
    assert si_sdr(speech[meets], tracks["voice"][meets, 0]) > 8


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_whatever_the_rate_the_tracks_are_the_whole(rate_hz: int) -> None:
    speech, _, mix = mixed(6)
    speech, mix = soxr.resample(speech, RATE_HZ, rate_hz), soxr.resample(mix, RATE_HZ, rate_hz)
    tracks = served(mix, rate_hz)
    rest = tracks["voice"][:, 0] + tracks["music"][:, 0] - mix
    assert len(rest) == len(mix)
    assert 10 * np.log10(np.square(mix).sum() / np.square(rest).sum()) > 60
    assert si_sdr(speech, tracks["voice"][:, 0]) - si_sdr(speech, mix) > 8


def test_a_voice_alone_goes_through_and_music_alone_does_not() -> None:
    speech, music, _ = mixed(8)
    assert si_sdr(speech, served(speech)["voice"][:, 0]) > 20
    assert np.square(served(music)["voice"]).sum() < 0.01 * np.square(music).sum()


def test_sides_of_a_recording_stay_where_they_are() -> None:
    """A voice on the left, music on the right."""
    speech, music, _ = mixed(6)
    tracks = served(np.stack((speech, music), 1))
    assert si_sdr(speech, tracks["voice"][:, 0]) > 10
    assert np.square(tracks["voice"][:, 1]).sum() < 0.05 * np.square(music).sum()


@pytest.mark.parametrize("length", [0, 1, 4_095, 44_100])
def test_short_sounds_come_back_as_long_as_they_were(length: int) -> None:
    tracks = served(voice(2)[:length])
    assert {len(track) for track in tracks.values()} == {length}
