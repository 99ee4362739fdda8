"""What the shout folder declares: a session, an engine, a stage."""

from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import Format, Samples, decode, encode
from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import shout_pb2 as v1
from parley.v1.audio_pb2 import AudioChunk

Job = tuple[Samples, float]


class ShoutEngine:
    """Multiplies."""

    def run(self, jobs: Sequence[Job]) -> Sequence[Samples]:
        """One answer a job, in order."""
        return [np.clip(samples * gain, -1.0, 1.0).astype(np.float32) for samples, gain in jobs]


class ShoutSession:
    """Hears bytes, says louder bytes."""

    def __init__(self, form: Format, gain: float) -> None:
        self._form, self._gain = form, gain
        self._waiting: list[Samples] = []
        self._frames, self._peak, self._ended = 0, 0.0, False
        self._owed = 0  # pieces that were heard and not said

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        self._waiting.append(decode(item, self._form))
        self._owed += 1
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Nothing is held that could be hastened."""
        return iter(())

    def next_job(self) -> Job | None:
        """One piece after the other."""
        return (self._waiting.pop(0), self._gain) if self._waiting else None

    def absorb(self, result: Samples) -> Iterator[Message]:
        """Louder sound, and after the last of it how loud it was."""
        yield AudioChunk(data=encode(result, self._form.encoding), offset_samples=self._frames)
        self._frames += len(result)
        self._owed -= 1
        self._peak = max(self._peak, float(np.abs(result).max(initial=0.0)))
        if self._ended and not self._owed:
            yield self._loudness()

    def finish(self) -> Iterator[Message]:
        """What waits is still to be said."""
        self._ended = True
        return iter(()) if self._owed else iter([self._loudness()])

    def _loudness(self) -> Message:
        loudness = v1.Loudness(peak=self._peak)
        loudness.interval.end.FromMilliseconds(1000 * self._frames // self._form.rate_hz)
        return loudness


def open_engine(spec: ModelSpec) -> Placed[Engine[Job, Samples]]:
    """The model says which backend; this one needs none of it."""
    return backends.tensors(spec).holding(ShoutEngine())


def begin(config: v1.ShoutConfig, spec: ModelSpec, settings: ServiceConfig) -> ShoutSession:
    """Open a stream's memory."""
    return ShoutSession(Format.of(config.format), config.gain or 2.0)


STAGE = Stage(v1.DESCRIPTOR.services_by_name["Shout"], ServiceConfig, open_engine, begin, read_audio)
