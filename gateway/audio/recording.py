"""A whole file's samples, decoded as they are needed. Must not know what is done with them."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from parley.audio import media
from parley.audio.media import HIGHEST_HZ, Decoder, Recording
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.diarize_pb2 import DiarizeConfig

PIECE_S = 1.0


BLOCK_S = 10.0


HEARD_HZ = 16_000  # who recognises words hears no more than this, and less is quicker to send


LONGEST_VOICE_S = 30.0  # of an enrolment


class Sound:
    """A file's samples, decoded by a thread as they are needed: they are many times as large as the file."""

    def __init__(self, decoder: Decoder) -> None:
        self.rate_hz, self.channels = decoder.rate_hz, decoder.channels
        self._blocks = decoder.blocks(BLOCK_S)
        self._block = b""
        self._heard = 0  # bytes

    async def advance(self) -> None:
        """The next block; none: that was all."""
        self._block = await asyncio.to_thread(next, self._blocks, b"")

    @property
    def duration_s(self) -> float:
        """How long it plays, as far as it was heard."""
        return self._heard / 2 / self.channels / self.rate_hz

    @property
    def form(self) -> AudioFormat:
        """What the pieces are."""
        encoding = AudioEncoding.AUDIO_ENCODING_PCM_S16LE
        return AudioFormat(encoding=encoding, sample_rate_hz=self.rate_hz, channels=self.channels)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, once."""
        while block := self._block:
            self._heard += len(block)
            for piece in Recording(block, self.rate_hz, self.channels).chunks(PIECE_S):
                yield piece
            await self.advance()


async def decode(file: bytes, longest_s: float, *, mixed: bool = True, most_hz: int = HIGHEST_HZ) -> Sound:
    """Begin to decode a file; what is no audio is refused here, what plays too long when it does."""
    sound = Sound(await asyncio.to_thread(Decoder, file, longest_s, mixed=mixed, most_hz=most_hz))
    await sound.advance()
    return sound


async def enrol(config: DiarizeConfig, voices: Mapping[str, bytes], rate_hz: int) -> None:
    """Name the voices of these files; a stage wants them in the recording's own rate."""
    for name, file in voices.items():
        voice = await asyncio.to_thread(media.read, file, LONGEST_VOICE_S, rate_hz)
        config.enrolments.add(name=name, audio=voice.data)
