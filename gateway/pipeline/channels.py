"""A call of several channels: a pipeline each, told apart by their track. Must not know what a stage does.

So a channel is cleaned, heard, translated and taken over by another replica as if it were alone.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Literal

from gateway.pipeline.merge import merged
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.plan import Plan
from parley import beside
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse

WAITING = 4  # pieces that wait for one channel's pipeline; then no channel gets more
CODES: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}  # memoryview's words for samples so wide

Inbox = asyncio.Queue[PipelineRequest | None]


class Channels:
    """As many pipelines as there are channels, as one."""

    def __init__(self, config: PipelineConfig, begin: Callable[[PipelineConfig], Pipeline]) -> None:
        self._plan, self._begin, self._count = Plan(config), begin, config.format.channels or 1
        self.places = self._count * len(self._plan.asked)  # streams to engines, at a time
        self._width = self._plan.scale.frame_bytes // self._count
        self._inboxes = [Inbox(WAITING) for _ in range(self._count)]
        self._out: asyncio.Queue[PipelineResponse | None] = asyncio.Queue(64)
        self._all_open, self._announced = asyncio.Barrier(self._count), asyncio.Event()
        self._cleaned = [bytearray() for _ in range(self._count)]
        self._order = asyncio.Lock()  # cleaned sound leaves in the order in which it was put together

    def run(self, requests: AsyncIterator[PipelineRequest]) -> AsyncGenerator[PipelineResponse]:
        """Every answer of every channel, until all of them are done."""
        return merged(self._main(requests), self._out)

    async def _main(self, requests: AsyncIterator[PipelineRequest]) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._count):
                group.create_task(self._follow(number))
            async for request in requests:
                for each in self._shares(request):
                    await self._deal(each)
            await self._deal([None] * self._count)

    # What goes in.

    def _shares(self, request: PipelineRequest) -> Iterator[Sequence[PipelineRequest]]:
        """Cut sound into pieces, and each piece by channel; anything else goes to every channel."""
        if request.WhichOneof("message") != "audio":
            yield [request] * self._count
            return
        for piece in self._plan.pieces(request.audio.data):
            parts = apart(piece, self._width, self._count)
            yield [PipelineRequest(audio={"data": part}) for part in parts]

    async def _deal(self, shares: Sequence[PipelineRequest | None]) -> None:
        for inbox, share in zip(self._inboxes, shares, strict=True):
            await inbox.put(share)

    def _config(self) -> PipelineConfig:
        """What each channel's pipeline is asked for."""
        config = PipelineConfig()
        config.CopyFrom(self._plan.config)
        config.format.channels, config.per_channel = 1, False
        return config

    # What comes out.

    async def _follow(self, number: int) -> None:
        pipeline = await beside.done(self._plan.config.ByteSize(), lambda: self._begin(self._config()))
        async with aclosing(pipeline.run(_requests(self._inboxes[number]))) as answers:
            async for answer in answers:
                await self._take(number, answer)

    async def _take(self, number: int, answer: PipelineResponse) -> None:
        kind = answer.WhichOneof("event") or ""
        if kind == "opened":
            await self._open(answer)
        elif kind == "audio":
            await self._put_together(number, answer.audio.data)
        else:
            mark(getattr(answer, kind), str(number + 1))
            await self._out.put(answer)

    async def _open(self, answer: PipelineResponse) -> None:
        """A barrier: announces once every channel has opened."""
        if await self._all_open.wait() == 0:
            if answer.opened.HasField("format"):
                answer.opened.format.CopyFrom(self._plan.config.format)
            await self._out.put(answer)
            self._announced.set()
        await self._announced.wait()

    async def _put_together(self, number: int, data: bytes) -> None:
        """Cleaned sound goes back as it came: with all channels."""
        async with self._order:
            self._cleaned[number] += data
            size = min(map(len, self._cleaned))
            parts = [bytes(channel[:size]) for channel in self._cleaned]
            for channel in self._cleaned:
                del channel[:size]
            if size:
                await self._out.put(PipelineResponse(audio={"data": together(parts, self._width)}))


async def _requests(inbox: Inbox) -> AsyncIterator[PipelineRequest]:
    while (request := await inbox.get()) is not None:
        yield request


def mark(event: Any, track: str) -> None:
    """Put the track on an event; it is the speaker too."""
    event.track = track
    for part in (event, *getattr(event, "words", ())):
        if "speaker" in part.DESCRIPTOR.fields_by_name:
            part.speaker = track


def apart(data: bytes, width: int, count: int) -> list[bytes]:
    """Each channel's samples."""
    samples = memoryview(data).cast(CODES[width])
    return [samples[number::count].tobytes() for number in range(count)]


def together(parts: Sequence[bytes], width: int) -> bytes:
    """The channels' samples, side by side again."""
    whole = bytearray(sum(map(len, parts)))
    samples = memoryview(whole).cast(CODES[width])
    for number, part in enumerate(parts):
        samples[number :: len(parts)] = memoryview(part).cast(CODES[width])
    return bytes(whole)
