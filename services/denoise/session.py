"""One stream's memory in denoise: as many samples come out as went in, in step. Never awaits, never reads a clock."""

from collections.abc import Iterator

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import SILENCE, Format, PcmDecoder, Resampler, Samples, Tape, decode, encode
from parley.engines.stateful.engine import Frames, Shape
from parley.v1.audio_pb2 import AudioChunk
from services.denoise.quality import Judge

MOST_HOPS = 16  # in one run: enough to be fast on files, short enough to keep live streams waiting little


class DenoiseSession:
    """Hears bytes, hands out hops, says cleaned bytes."""

    def __init__(self, decoder: PcmDecoder, shape: Shape, keep: float) -> None:
        self._decoder, self._shape, self._keep = decoder, shape, keep
        self._resampler, self._judge = (
            Resampler(shape.rate_hz, decoder.form.rate_hz),
            Judge(shape, decoder.form.rate_hz, keep),
        )
        self._memory, self._working = np.zeros(shape.memory, np.float32), SILENCE
        self._tape = Tape()  # what came in, at the model's rate
        self._taken = 0  # how far the model was fed
        self._late = shape.latency  # samples of its output that still belong to before the beginning
        self._given = 0  # how far its output has come
        self._ended: int | None = None  # where the input ended
        self._frames_in = self._frames_out = 0  # at the client's rate

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        self._frames_in += len(item) // self._decoder.form.frame_bytes
        self._tape.append(self._decoder.feed(item))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Does nothing: no sound is held back that could come sooner."""
        return iter(())

    def finish(self) -> Iterator[Message]:
        """Silence pushes out what the model still holds."""
        self._tape.append(self._decoder.finish())
        self._ended = self._tape.end
        beyond = self._shape.latency + self._shape.hop
        self._tape.append(np.zeros(beyond if self._ended else 0, np.float32))
        # Nothing left for the model, but perhaps a last sample in the resampler.
        return self._say(self._resampler.feed(SILENCE, last=True)) if self._complete() else iter(())

    def next_job(self) -> Frames | None:
        """As many whole hops as are there."""
        hops = min((self._tape.end - self._taken) // self._shape.hop, MOST_HOPS)
        if not hops or self._complete():
            return None
        start, self._taken = self._taken, self._taken + hops * self._shape.hop
        self._working = self._tape.cut(start, self._taken)
        return Frames(self._working, self._memory)

    def _complete(self) -> bool:
        return self._ended is not None and self._given >= self._ended

    def absorb(self, result: Frames) -> Iterator[Message]:
        """Cleaned sound, moved back into step with what came in."""
        self._memory = result.memory
        clean = result.samples[self._late :]
        self._late -= len(result.samples) - len(clean)
        if self._ended is not None:
            clean = clean[: self._ended - self._given]
        start, self._given = self._given, self._given + len(clean)
        mixed = self._limited(clean, start)
        self._tape.forget(min(self._given, self._taken))
        yield from self._say(self._resampler.feed(mixed, last=self._complete()))
        yield from self._judge.hear(self._working, result.samples, self._ended)

    def _limited(self, clean: Samples, start: int) -> Samples:
        """Mixes in some of the original where more was removed than allowed."""
        if not self._keep:
            return clean
        return (1 - self._keep) * clean + self._keep * self._tape.cut(start, start + len(clean))

    def _say(self, samples: Samples) -> Iterator[Message]:
        if self._complete():
            missing = max(0, self._frames_in - self._frames_out - len(samples))
            samples = np.concatenate((samples, np.zeros(missing, np.float32)))
        samples = samples[: self._frames_in - self._frames_out]
        if len(samples):
            yield AudioChunk(data=encode(samples, self._decoder.form.encoding), offset_samples=self._frames_out)
        self._frames_out += len(samples)


class BypassSession:
    """Returns the sound unchanged, in one channel."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._frames = 0

    def feed(self, item: bytes) -> Iterator[Message]:
        """Answer with the same sound."""
        samples = decode(item, self._form)
        if len(samples):
            yield AudioChunk(data=encode(samples, self._form.encoding), offset_samples=self._frames)
        self._frames += len(samples)

    def flush(self) -> Iterator[Message]:
        """Nothing is held."""
        return iter(())

    def next_job(self) -> None:
        """There is no work."""
        return

    def absorb(self, result: Frames) -> Iterator[Message]:
        """There is no work, so there is no result."""
        return iter(())

    def finish(self) -> Iterator[Message]:
        """Nothing is held."""
        return iter(())
