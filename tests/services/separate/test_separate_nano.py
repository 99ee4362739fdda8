"""The separator for live streams that ships, through the service."""

import numpy as np
import pytest
import soxr

from parley.audio.golden import clip_of, si_sdr
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

SPEC = locate([ROOT / "models/embedded"], "separate", ModelRef("separate-nano", "1"))
ENGINE = open_engine(SPEC).model
RATE_HZ = SPEC.sample_rate_hz
VOICE = clip_of(ROOT / "examples/one-speaker.flac", RATE_HZ, 6)
MUSIC = chord(len(VOICE), RATE_HZ) * VOICE.std()
MIX = VOICE + MUSIC
F32 = AudioEncoding.AUDIO_ENCODING_PCM_F32LE


def served(sound: Samples, rate_hz: int = RATE_HZ, piece: int = 1600) -> dict[str, Samples]:
    """Both tracks of a sound of one channel or more."""
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    form = AudioFormat(encoding=F32, sample_rate_hz=rate_hz, channels=channels)
    config = v1.SeparateConfig(format=form, others=True, keep_channels=True)
    session = begin(config, SPEC, ServiceConfig(listen="", models=()))
    said = play(session, ENGINE, [sound[at : at + piece].tobytes() for at in range(0, len(sound), piece)])
    chunks = [*of(AudioChunk, said), *(track.audio for track in of(Track, said))]
    return {
        name: decode_channels(b"".join(each.data for each in chunks if each.track == name), Format.of(form))
        for name in ("voice", "music")
    }


def test_it_keeps_its_contract_and_is_small() -> None:
    lines = [*contract(SPEC), *golden(SPEC, ENGINE, ROOT / "examples")]
    assert [line.fault for line in check(lines) if line.fault] == []
    assert (SPEC.folder / "model.onnx").stat().st_size < 10_000_000


def test_a_voice_comes_out_of_music_and_the_music_out_of_it() -> None:
    tracks = served(MIX)
    assert si_sdr(VOICE, tracks["voice"][:, 0]) - si_sdr(VOICE, MIX) > 8
    assert si_sdr(MUSIC, tracks["music"][:, 0]) - si_sdr(MUSIC, MIX) > 6


@pytest.mark.parametrize("piece", [160, 777, 96_000])
def test_pieces_of_any_length_make_the_same_tracks(piece: int) -> None:
    whole, pieces = served(MIX), served(MIX, piece=piece)
    assert np.abs(whole["voice"] - pieces["voice"]).max() < 1e-4


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_whatever_the_rate_the_tracks_are_the_whole(rate_hz: int) -> None:
    mix = np.asarray(soxr.resample(MIX, RATE_HZ, rate_hz), np.float32)
    tracks = served(mix, rate_hz)
    rest = tracks["voice"][:, 0] + tracks["music"][:, 0] - mix
    assert len(rest) == len(mix)
    assert 10 * np.log10(np.square(mix).sum() / (np.square(rest).sum() + 1e-12)) > 60


def test_a_voice_alone_goes_through() -> None:
    assert si_sdr(VOICE, served(VOICE)["voice"][:, 0]) > 20


def test_silence_stays_silent() -> None:
    """Also what comes after sound, down to numbers that nobody hears."""
    tracks = served(np.concatenate((MIX[:16_000], np.zeros(32_000, np.float32))))
    assert np.abs(tracks["voice"][-16_000:]).max() < 1e-3


def test_sides_of_a_recording_stay_where_they_are() -> None:
    """A voice on the left, music on the right."""
    tracks = served(np.stack((VOICE, MUSIC), 1))
    assert si_sdr(VOICE, tracks["voice"][:, 0]) > 15
    assert np.square(tracks["voice"][:, 1]).sum() < 0.2 * np.square(MUSIC).sum()


def test_it_is_never_later_than_a_fifth_of_a_second() -> None:
    """From when a sample is heard to when its tracks are known."""
    declared = SPEC.options
    assert (declared["latency_samples"] + declared["hop"]) / RATE_HZ <= 0.2
