"""A model that ships, through the service and as a bare graph, and the voice that it is given."""

import numpy as np

from parley.audio.media import read
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines import backends
from parley.engines.model import ModelRef, locate
from parley.engines.protocols import Array, Engine
from parley.engines.stateful.engine import Frames
from parley.serving.stage import ServiceConfig
from parley.v1 import denoise_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from services.denoise.adapters import adapter_of
from services.denoise.engine import open_engine
from services.denoise.stage import begin
from tests.contract.source import ROOT
from tests.services.play import of, play
from tests.sound import noise


def recorded(longest_s: float) -> Samples:
    """Somebody who speaks, at 16 kHz."""
    data = read((ROOT / "examples/one-speaker.flac").read_bytes(), longest_s, RATE_HZ).data
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def in_noise(voice: Samples, snr_db: float) -> Samples:
    """The voice in white noise of the whole band."""
    hiss = noise(len(voice))
    return voice + hiss * np.float32(np.sqrt((voice**2).mean() / (hiss**2).mean()) * 10 ** (-snr_db / 20))


def si_sdr(sound: Samples, clean: Samples) -> float:
    """Decibels by which what is the voice outweighs what is not."""
    voice = (sound @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((voice @ voice) / ((sound - voice) @ (sound - voice))))


class ShippedEnhancer:
    """One version, opened."""

    def __init__(self, name: str, version: str = "1") -> None:
        self.spec = locate([ROOT / "models/embedded"], "denoise", ModelRef(name, version))
        self.shape, self.engine = adapter_of(self.spec).shape, open_engine(self.spec).model

    def served(
        self,
        sound: Samples,
        piece: int,
        *,
        rate_hz: int = 0,
        limit_db: float = 0,
        engine: Engine[Frames, Frames] | None = None,
    ) -> tuple[Samples, list[v1.Quality]]:
        """What a client gets who sends so many samples at a time, at the model's rate or another."""
        encoding, rate_hz = AudioEncoding.AUDIO_ENCODING_PCM_F32LE, rate_hz or self.shape.rate_hz
        form = AudioFormat(encoding=encoding, sample_rate_hz=rate_hz)
        config = v1.DenoiseConfig(format=form, attenuation_limit_db=limit_db)
        session = begin(config, self.spec, ServiceConfig(listen="", models=()))
        pieces = [sound[at : at + piece].tobytes() for at in range(0, len(sound), piece)]
        said = play(session, engine or self.engine, pieces)
        data = b"".join(chunk.data for chunk in of(AudioChunk, said))
        return np.frombuffer(data, "<f4"), of(v1.Quality, said)

    def bare(self, sound: Samples) -> Samples:
        """The graph alone, hop by hop: as much silence after it as it is late, as much dropped from its beginning."""
        graph, options = backends.tensors(self.spec).model, self.spec.options
        kept: dict[str, Array] = {each["name"]: np.zeros((1, *each["shape"]), np.float32) for each in options["states"]}
        padded = np.pad(sound, (0, -len(sound) % self.shape.hop + self.shape.latency))
        parts = []
        for hop in padded.reshape(-1, 1, self.shape.hop):
            out = graph.run({options["input"]: hop, **kept})
            kept = {each["name"]: out[each["next"]] for each in options["states"]}
            parts.append(out[options["output"]][0])
        return np.concatenate(parts)[self.shape.latency :][: len(sound)]
