"""A whole file's samples, decoded as they are needed. Must not know what is done with them."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping

from parley.audio import media
from parley.audio.media import HIGHEST_HZ, MediaDecoder, Recording
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.diarize_pb2 import DiarizeConfig

PIECE_S = 1.0
BLOCK_S = 10.0
HEARD_HZ = 16_000  # who recognises words hears no more than this, and less is quicker to send
LONGEST_VOICE_S = 30.0  # of an enrolment


class RecordingSound:
    """A file's samples, decoded by a thread as they are needed: they are many times as large as the file."""

    def __init__(self, decoder: MediaDecoder) -> None:
        self.rate_hz, self.channels = decoder.rate_hz, decoder.channels
        self._blocks = decoder.blocks(BLOCK_S)
        self._block = b""
        self._heard = 0  # bytes
        self._most_s = math.inf

    async def advance(self) -> None:
        """Decodes the next block; empty at the end."""
        self._block = await asyncio.to_thread(next, self._blocks, b"")

    def cut(self, seconds: float) -> None:
        """Nothing behind the piece in which so many seconds end is wanted."""
        self._most_s = seconds

    @property
    def duration_s(self) -> float:
        """How long the pieces read so far play."""
        return self._heard / 2 / self.channels / self.rate_hz

    @property
    def form(self) -> AudioFormat:
        """The pieces' format."""
        encoding = AudioEncoding.AUDIO_ENCODING_PCM_S16LE
        return AudioFormat(encoding=encoding, sample_rate_hz=self.rate_hz, channels=self.channels)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All samples, once."""
        while block := self._block:
            for piece in Recording(block, self.rate_hz, self.channels).chunks(PIECE_S):
                self._heard += len(piece)
                yield piece
                if self.duration_s >= self._most_s:
                    return
            await self.advance()


async def decode(file: bytes, longest_s: float, *, mixed: bool = True, most_hz: int = HIGHEST_HZ) -> RecordingSound:
    """Begin to decode a file. Raises here if it is no audio, later if it plays longer than `longest_s`."""
    sound = RecordingSound(await asyncio.to_thread(MediaDecoder, file, longest_s, mixed=mixed, most_hz=most_hz))
    await sound.advance()
    return sound


async def enrol(config: DiarizeConfig, voices: Mapping[str, bytes], rate_hz: int) -> None:
    """Adds the voices in these files as enrolments, resampled to the recording's rate."""
    for name, file in voices.items():
        voice = await asyncio.to_thread(media.read, file, LONGEST_VOICE_S, rate_hz)
        config.enrolments.add(name=name, audio=voice.data)
