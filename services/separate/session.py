"""One stream's memory where a model hears long segments. Never awaits, never reads a clock."""

from collections.abc import Iterator

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import Format, Resampler, Samples, decode_channels
from services.separate.options import SeparateOptions
from services.separate.reel import Reel
from services.separate.tracks import Tracks, spread


class SeparateSession:
    """Hears bytes, hands out segments, says tracks."""

    def __init__(self, form: Format, declared: SeparateOptions, rate_hz: int, channels: int, tracks: Tracks) -> None:
        self._form, self._declared, self._channels, self._tracks = form, declared, channels, tracks
        self._in = Resampler(form.rate_hz, rate_hz, declared.channels)
        self._out = Resampler(rate_hz, form.rate_hz, channels)
        self._heard = Reel(declared.channels)  # the same as the model hears it
        self._tail = np.zeros((0, declared.channels), np.float32)  # of the last segment: the next one goes on with it
        self._next = 0  # where the next segment begins
        self._ended = False

    def feed(self, item: bytes) -> Iterator[Message]:
        """More sound."""
        sound = decode_channels(item, self._form)
        self._tracks.hear(sound)
        self._heard.append(self._in.feed(spread(sound, self._declared.channels)))
        return iter(())

    def flush(self) -> Iterator[Message]:
        """Does nothing: a model hears a whole segment at a time."""
        return iter(())

    def finish(self) -> Iterator[Message]:
        """The last segment is as long as what is left."""
        self._ended = True
        self._heard.append(self._in.feed(np.zeros((0, self._declared.channels), np.float32), last=True))
        return iter(()) if self._left() else self._tracks.say(self._through(self._tail, last=True), last=True)

    def _left(self) -> int:
        """Samples that no segment had."""
        return self._heard.end - self._next - len(self._tail)

    def next_job(self) -> Samples | None:
        """A whole segment, or the end of the sound."""
        there = self._heard.end - self._next
        if there < self._declared.segment and not (self._ended and self._left() > 0):
            return None
        return self._heard.cut(self._next, self._next + min(there, self._declared.segment))

    def absorb(self, result: Samples) -> Iterator[Message]:
        """What is sure of the segment: its end goes over into the next."""
        voice = over(self._tail, result)
        end = self._next + len(result)
        last = self._ended and end >= self._heard.end
        kept = 0 if last else self._declared.overlap
        sure, self._tail = voice[: len(voice) - kept], voice[len(voice) - kept :]
        self._next = end - kept
        self._heard.forget(self._next)
        yield from self._tracks.say(self._through(sure, last=last), last=last)

    def _through(self, voice: Samples, *, last: bool) -> Samples:
        return self._out.feed(spread(voice, self._channels), last=last)


def over(before: Samples, after: Samples) -> Samples:
    """One segment goes over into the next where both have heard the same."""
    if not len(before):
        return after
    rise = (np.arange(len(before), dtype=np.float32) + 0.5)[:, None] / len(before)
    both = before * (1 - rise) + after[: len(before)] * rise
    return np.concatenate((both, after[len(before) :]))
