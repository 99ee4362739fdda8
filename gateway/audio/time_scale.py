"""Converts between bytes of a stream and time. Pure."""

from dataclasses import dataclass

from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

LARGEST_PIECE = 1 << 17  # bytes sent at once
WIDTHS = {AudioEncoding.AUDIO_ENCODING_PCM_F32LE: 4, AudioEncoding.AUDIO_ENCODING_MULAW: 1}
WIDTHS |= {AudioEncoding.AUDIO_ENCODING_ALAW: 1}


@dataclass(frozen=True)
class Scale:
    """Bytes of a stream <-> nanoseconds from its start."""

    rate_hz: int
    frame_bytes: int

    @classmethod
    def of(cls, form: AudioFormat) -> "Scale":
        """By the defaults that services apply; they refuse what is invalid."""
        return cls(form.sample_rate_hz or 16_000, WIDTHS.get(form.encoding, 2) * (form.channels or 1))

    @property
    def piece(self) -> int:
        """Bytes to send at once: a second of sound, because a service that hears it lets its other streams wait."""
        return min(self.rate_hz, LARGEST_PIECE // self.frame_bytes) * self.frame_bytes

    def nanoseconds(self, size: int) -> int:
        """How long so many bytes last."""
        return size // self.frame_bytes * 1_000_000_000 // self.rate_hz

    def size(self, nanoseconds: int) -> int:
        """How many bytes last so long, in whole samples."""
        return round(nanoseconds * self.rate_hz / 1_000_000_000) * self.frame_bytes
