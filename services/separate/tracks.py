"""What goes out of one stream: tracks that together are what came in, in step with it. Must not know a model."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import Message

from parley.audio.pcm import Format, Samples, encode
from parley.v1.audio_pb2 import AudioChunk, Track
from parley.v1.separate_pb2 import SeparationQuality
from services.separate.quality import Judge
from services.separate.reel import Reel

PIECE_S = 1.0  # of what is said at a time


@dataclass(frozen=True)
class Wanted:
    """What a client asked for."""

    track: str
    others: bool
    channels: int  # that come back


class Tracks:
    """Keeps what came in until the voice in it is known; the rest is what came in without that."""

    def __init__(self, form: Format, names: tuple[str, str], wanted: Wanted, judge: Judge) -> None:
        self._form, self._names, self._wanted, self._judge = form, names, wanted, judge
        self._mix = Reel(wanted.channels)  # what came in, as it goes out
        self._said = 0  # where what was said ends

    def hear(self, sound: Samples) -> None:
        """More of what came in, a column for each channel."""
        self._mix.append(spread(sound, self._wanted.channels))

    def say(self, voice: Samples, *, last: bool) -> Iterator[Message]:
        """The voice in what comes next, and the rest, in step and as long as what came in."""
        room = self._mix.end - self._said
        voice = voice[:room]
        if last:
            voice = np.pad(voice, ((0, room - len(voice)), (0, 0)))
        size = round(PIECE_S * self._form.rate_hz)
        for at in range(0, len(voice), size):
            yield from self._piece(voice[at : at + size])
        if last:
            self._judge.end()

    def _piece(self, voice: Samples) -> Iterator[Message]:
        mix = self._mix.cut(self._said, self._said + len(voice))
        first, second = self._names
        tracks = {first: voice, second: mix - voice}
        yield self._chunk(tracks, self._wanted.track)
        if self._wanted.others:
            (other,) = tracks.keys() - {self._wanted.track}
            yield Track(name=other, audio=self._chunk(tracks, other))
        verdicts: list[SeparationQuality] = self._judge.hear(mix, voice)
        yield from verdicts
        self._said += len(voice)
        self._mix.forget(self._said)

    def _chunk(self, tracks: dict[str, Samples], name: str) -> AudioChunk:
        data = encode(tracks[name].reshape(-1), self._form.encoding)
        return AudioChunk(data=data, track=name, offset_samples=self._said)


def spread(sound: Samples, channels: int) -> Samples:
    """So many channels: as they are, or their mix in each."""
    if sound.shape[1] == channels:
        return sound
    return np.repeat(sound.mean(1, keepdims=True, dtype=np.float32), channels, axis=1)
