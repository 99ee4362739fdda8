"""A stream's samples in several channels, addressed by their place in it. Must not know what they are."""

from parley.audio.pcm import Samples, Tape


class Reel:
    """A tape whose moments are rows, a column for each channel."""

    def __init__(self, channels: int) -> None:
        self._tape, self._channels = Tape(), channels

    @property
    def end(self) -> int:
        """How many moments there were."""
        return self._tape.end // self._channels

    def append(self, sound: Samples) -> None:
        """Add moments to the end."""
        self._tape.append(sound.reshape(-1))

    def cut(self, start: int, end: int) -> Samples:
        """A copy of those from one place to another."""
        return self._tape.cut(start * self._channels, end * self._channels).reshape(-1, self._channels)

    def forget(self, before: int) -> None:
        """Drop those before this place."""
        self._tape.forget(before * self._channels)
