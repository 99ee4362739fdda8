"""Riva's API: StreamingRecognize over gRPC, as any server that speaks it takes it. Paced as if spoken."""

from collections.abc import AsyncIterator
from functools import partial

from loadtest.address import Where
from loadtest.clients.apis.connections import Connections
from loadtest.clients.apis.hearing import Hearing
from loadtest.clients.pace import paced
from loadtest.measured.clips import CHUNK_S, RATE_HZ, Clip
from parley.client import Exchange, dial
from parley.compat import riva_asr_pb2 as riva
from parley.compat.riva_pb2 import AudioEncoding

PATH = "/nvidia.riva.asr.RivaSpeechRecognition/StreamingRecognize"
CONFIG = riva.StreamingRecognizeRequest(
    streaming_config=riva.StreamingRecognitionConfig(
        config=riva.RecognitionConfig(
            encoding=AudioEncoding.LINEAR_PCM,
            sample_rate_hertz=RATE_HZ,
            audio_channel_count=1,
            max_alternatives=1,
            enable_word_time_offsets=True,
        ),
        interim_results=True,
    )
)


class RivaStreamClient:
    """Speaks into a Riva client's stream."""

    def __init__(self, where: Where, callers: int) -> None:
        self._connections = Connections(partial(dial, where.grpc, alone=True), callers)
        self._metadata = where.credentials

    async def talk(self, clip: Clip, hearing: Hearing, due: float | None) -> None:
        """One recording."""
        since_s = 0.0
        with self._connections.connection() as channel:
            async with Exchange(channel, PATH, _requests(clip, due), self._metadata) as exchange:
                async for data in exchange.answers():
                    for result in riva.StreamingRecognizeResponse.FromString(data).results:
                        if result.is_final:
                            since_s = _end_s(result)
                            hearing.final(result.alternatives[0].transcript, since_s)
                        else:
                            hearing.guess(since_s)

    async def close(self) -> None:
        """Hang up."""
        await self._connections.close()


async def _requests(clip: Clip, due: float | None) -> AsyncIterator[bytes]:
    yield CONFIG.SerializeToString()
    async for _, chunk in paced(clip.chunks(), due, CHUNK_S):
        yield riva.StreamingRecognizeRequest(audio_content=chunk).SerializeToString()


def _end_s(result: riva.StreamingRecognitionResult) -> float:
    """Where the words end: by the words themselves, else by how much was heard."""
    words = result.alternatives[0].words
    return words[-1].end_time / 1000 if words else result.audio_processed
