"""The embedded enhancer, as streams meet it."""

import numpy as np
import pytest

from parley import media
from parley.audio import Format as Form
from parley.audio import Samples, decode, encode
from parley.engine import Engine
from parley.model import ModelRef, locate
from parley.stage import ServiceConfig
from parley.v1 import denoise_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from services.denoise.adapters import adapter_of
from services.denoise.engine import Cleaned, Frames, open_engine
from services.denoise.stage import begin
from tests.contract.source import ROOT
from tests.services.play import of, play

SPEC = locate(ROOT / "models/embedded", "denoise", ModelRef("denoise-nano", "1"))
S16 = AudioEncoding.AUDIO_ENCODING_PCM_S16LE


@pytest.fixture(scope="module")
def engine() -> Engine[Frames, Cleaned]:
    return open_engine(SPEC).model


@pytest.fixture(scope="module")
def speech() -> Samples:
    recording = media.read((ROOT / "examples/one-speaker.flac").read_bytes(), 60.0, 16_000)
    return decode(recording.data, Form.of(AudioFormat(sample_rate_hz=16_000)))


def cleaned(engine: Engine[Frames, Cleaned], sound: Samples, chunk: int = 1600) -> Samples:
    """What comes back of a stream."""
    session = begin(v1.DenoiseConfig(), SPEC, ServiceConfig(listen="", models=()))
    data = encode(sound, S16)
    said = play(session, engine, [data[at : at + 2 * chunk] for at in range(0, len(data), 2 * chunk)])
    back = b"".join(piece.data for piece in of(AudioChunk, said))
    return decode(back, Form.of(AudioFormat(sample_rate_hz=16_000)))


def ratio_db(sound: Samples, clean: Samples) -> float:
    """Speech over all else, whatever the scale."""
    part = (sound @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((part @ part) / ((sound - part) @ (sound - part))))


@pytest.mark.parametrize("level", [1.0, 0.01])
def test_noise_goes_and_speech_stays(engine: Engine[Frames, Cleaned], speech: Samples, level: float) -> None:
    """White noise as strong as a third of the speech is put at least 6 dB down, loud or 40 dB quieter."""
    noise = np.random.default_rng(1).standard_normal(len(speech)).astype(np.float32)
    clean = level * speech
    noisy = clean + level * noise * np.float32(np.std(speech) / np.std(noise) / 3**0.5)
    out = cleaned(engine, noisy)
    assert len(out) == len(clean)
    assert ratio_db(out, clean) - ratio_db(noisy, clean) >= 6.0


def test_clean_speech_passes(engine: Engine[Frames, Cleaned], speech: Samples) -> None:
    """What needs no cleaning comes back with errors 15 dB below it."""
    assert ratio_db(cleaned(engine, speech), speech) >= 15.0


def test_chunks_do_not_matter(engine: Engine[Frames, Cleaned], speech: Samples) -> None:
    """Frame by frame, in blocks of seven frames or all at once, the samples are the same."""
    sound = speech[:32_000]
    whole = cleaned(engine, sound, len(sound))
    for chunk in (256, 7 * 256, 1000):
        assert np.abs(cleaned(engine, sound, chunk) - whole).max() <= 1e-4


def test_company_does_not_matter(engine: Engine[Frames, Cleaned], speech: Samples) -> None:
    """A stream's samples are the same whoever shares its runs."""
    memory = np.zeros(adapter_of(SPEC).shape.memory, np.float32)
    mine, other = Frames(speech[16_000:18_560], memory), Frames(speech[8_000:9_280], memory)
    alone, together = engine.run([mine])[0], engine.run([other, mine, other])[1]
    assert np.abs(alone.samples - together.samples).max() <= 1e-4
    assert np.abs(alone.memory - together.memory).max() <= 1e-4
