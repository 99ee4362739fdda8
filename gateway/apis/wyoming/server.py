"""The TCP port of Wyoming: events in, events out. No decisions in it.

A connection asks what is served, and sends one utterance after another; most clients open one for each.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from gateway.apis.tcp import Cut, TcpPort
from gateway.apis.wyoming import shapes, wire
from gateway.apis.wyoming.wire import Event
from gateway.config import GatewayConfig
from gateway.core import Caller, Core
from gateway.pipeline import notices
from gateway.report import status as report
from parley.budget import Budget
from parley.errors import BadInput, ParleyError, Unavailable
from parley.v1.audio_pb2 import AudioChunk
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest
from parley.wire import idle

log = logging.getLogger(__name__)
INFO_S = 0.8  # Home Assistant waits a second for it
CONNECTIONS_MOST = 256  # at a time


class WyomingServer:
    """Listens where `wyoming.listen` says; nowhere without it."""

    def __init__(self, core: Core, config: GatewayConfig) -> None:
        self._core, self._config = core, config
        self._port = TcpPort("wyoming", config.wyoming.listen, CONNECTIONS_MOST, self._serve, _refusal, core.audit)
        self._known: Event | None = None  # the last info

    async def start(self) -> None:
        """Serves connections from now on."""
        await self._port.start(wire.LONGEST_JSON)

    async def stop(self) -> None:
        """Takes no new connections, and ends those that are open."""
        await self._port.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(reader, writer, self._core, self._config, self.info).run()

    async def info(self) -> Event:
        """What is served now; where a replica does not say so in time, what it last said."""
        try:
            async with asyncio.timeout(INFO_S):
                self._known = shapes.info(report.loaded(await self._core.status(), "asr"))
        except TimeoutError:
            log.warning("no replica said in %s s what it serves", INFO_S)
        if self._known is None:
            raise Unavailable("What is served is not known yet; ask again.", retry_s=1.0)
        return self._known


def _refusal(error: ParleyError) -> bytes:
    return wire.written(shapes.refusal(error))


class Connection:
    """One client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, core: Core, config: GatewayConfig, info: Any
    ) -> None:
        self._reader, self._writer, self._core, self._info = reader, writer, core, info
        self._limits, key = config.limits, config.wyoming.key
        peer = writer.get_extra_info("peername")
        shown = {"authorization": f"Bearer {key}"} if key else {}
        self._caller = Caller(shown, Budget.of(None), peer=str(peer[0]) if peer else "")
        self._transcribe: Mapping[str, Any] = {}  # what was asked of the next sound

    async def run(self) -> None:
        """Answer until the client is gone."""
        within_s = self._limits.first_message_s
        while (event := await idle.message(wire.read(self._reader), within_s)) is not None:
            within_s = self._limits.text_s
            if event.type in ("audio-start", "audio-chunk"):
                await self._utterance(event)
            elif event.type == "transcribe":
                self._transcribe = event.data
            elif event.type == "describe":
                await self._tell(await self._info())
            elif event.type == "ping":
                await self._tell(Event("pong", event.data))

    async def _tell(self, *events: Event) -> None:
        for event in events:
            self._writer.write(wire.written(event))
        await self._writer.drain()

    async def _utterance(self, first: Event) -> None:
        config = shapes.asked(self._transcribe, shapes.form_of(first.data), lambda name: self._core.named("asr", name))
        telling = shapes.Telling(config.asr.language)
        caller = Caller(self._caller.metadata, Budget.of(None), peer=self._caller.peer)
        async with aclosing(self._core.pipeline(self._requests(config, first), caller)) as answers:
            async for answer in answers:
                if lost := notices.loss(answer.notice, "asr"):
                    raise lost
                if answer.HasField("transcript"):
                    await self._tell(*telling.more(answer.transcript))
        self._transcribe = {}
        await self._tell(*telling.end())

    async def _requests(self, config: PipelineConfig, first: Event) -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(config=config)
        with idle.IdleTimer(self._limits.sound_s) as timer:
            event: Event | None = first
            while event is not None and event.type != "audio-stop":
                if event.type == "audio-chunk":
                    if shapes.form_of(event.data) != config.format:
                        raise BadInput("The format changes in the middle of the sound; begin with another audio-start.")
                    yield PipelineRequest(audio=AudioChunk(data=event.payload))
                event = await timer.message(wire.read(self._reader))
        if event is None:
            raise Cut("The connection ended before audio-stop.")
