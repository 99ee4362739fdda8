"""One stream's memory where a model answers at once, from what it remembers. Never awaits, never reads a clock.

Each channel that comes back is heard by itself: one after the other, hop by hop.
"""

from collections.abc import Iterator

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import Format, Resampler, Samples, decode_channels
from parley.engines.stateful.engine import Frames, Shape
from services.separate.reel import Reel
from services.separate.tracks import Tracks, spread

MOST_HOPS = 16  # in one run: enough to be fast on files, short enough to keep live streams waiting little


class LiveSession:
    """Hears bytes, hands out hops, says tracks."""

    def __init__(self, form: Format, shape: Shape, channels: int, tracks: Tracks) -> None:
        self._form, self._shape, self._channels, self._tracks = form, shape, channels, tracks
        self._in = Resampler(form.rate_hz, shape.rate_hz, channels)
        self._out = Resampler(shape.rate_hz, form.rate_hz, channels)
        self._heard = Reel(channels)  # as the model hears it
        self._memory = [np.zeros(shape.memory, np.float32)] * channels
        self._voices: list[Samples] = []  # of the hops at work: of the channels that are done
        self._taken = self._given = 0  # how far the model was fed; how far its voice has come
        self._late = shape.latency  # samples of its output that still belong to before the beginning
        self._ended: int | None = None  # where the input ended

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        sound = decode_channels(item, self._form)
        self._tracks.hear(sound)
        self._heard.append(self._in.feed(spread(sound, self._channels)))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Does nothing: no sound is held back that could come sooner."""
        return iter(())

    def finish(self) -> Iterator[Message]:
        """Silence pushes out what the model still holds."""
        silence = np.zeros((0, self._channels), np.float32)
        self._heard.append(self._in.feed(silence, last=True))
        self._ended = self._heard.end
        beyond = self._shape.latency + self._shape.hop
        self._heard.append(np.zeros((beyond if self._ended else 0, self._channels), np.float32))
        return self._say(silence) if self._complete() else iter(())

    def _complete(self) -> bool:
        return self._ended is not None and self._given >= self._ended

    def next_job(self) -> Frames | None:
        """As many whole hops as are there, of the next channel."""
        if not self._voices:
            hops = min((self._heard.end - self._taken) // self._shape.hop, MOST_HOPS)
            if not hops or self._complete():
                return None
            self._working = self._heard.cut(self._taken, self._taken + hops * self._shape.hop)
        channel = len(self._voices)
        return Frames(np.ascontiguousarray(self._working[:, channel]), self._memory[channel])

    def absorb(self, result: Frames) -> Iterator[Message]:
        """The voice of a channel; of the last one: all of them, moved back into step with what came in."""
        self._memory[len(self._voices)] = result.memory
        self._voices.append(result.samples)
        if len(self._voices) < self._channels:
            return iter(())
        voice, self._voices = np.stack(self._voices, 1), []
        self._taken += len(voice)
        self._heard.forget(self._taken)
        kept = voice[self._late :]
        self._late -= len(voice) - len(kept)
        if self._ended is not None:
            kept = kept[: self._ended - self._given]
        self._given += len(kept)
        return self._say(kept)

    def _say(self, voice: Samples) -> Iterator[Message]:
        last = self._complete()
        return self._tracks.say(self._out.feed(voice, last=last), last=last)
