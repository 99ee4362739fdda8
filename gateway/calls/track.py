"""One side of a call: sound in, events out, with times in the call's. Must not know who is told, nor who carries it.

A pipeline runs from the first sound on. Where none comes for a moment, what was said is answered; where none comes for
long, the pipeline ends and its places are free for others, until there is sound again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from gateway.calls.clock import CallClock
from gateway.core import Caller, Core
from gateway.http import transcode
from gateway.pipeline import notices
from gateway.pipeline.channels import mark
from gateway.pipeline.tail import FLUSH
from parley.budget import Budget
from parley.errors import StreamIdle
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire import idle, times

SILENCE = {AudioEncoding.AUDIO_ENCODING_MULAW: b"\xff", AudioEncoding.AUDIO_ENCODING_PCM_S16LE: b"\0\0"}  # a sample
WAITING = 16  # pieces that wait for the core; then nothing more is read
GATHERED_NS = 60_000_000  # of sound that waits for what was handed on before: by itself each packet costs twice as much
PAUSE_S = 1.0  # without sound; then what was said is over
TOLD = ("transcript", "translation", "speech_started", "speech_ended", "notice")
Tell = Callable[[dict[str, object]], None]


@dataclass(frozen=True)
class Hearing:
    """How a side is heard, and for whom."""

    core: Core
    caller: Caller
    config: PipelineConfig
    tolerance_ms: int  # so much may the times of sound jump before silence is put in
    sound_s: float  # without sound; then the pipeline ends


class Track:
    """One side. Its `run` has a task of its own."""

    def __init__(self, name: str, hearing: Hearing, tell: Tell) -> None:
        self._name, self._hearing, self._tell = name, hearing, tell
        form = hearing.config.format
        self.form, self._clock = form, CallClock(form.sample_rate_hz, SILENCE[form.encoding], hearing.tolerance_ms)
        self._sound = asyncio.Queue[bytes](WAITING)
        self._gathered = b""
        self._sent_ns = 0  # how much the pipelines were given

    async def hear(self, at_ms: int | None, data: bytes) -> None:
        """More sound, and when it began; waits while the core is behind."""
        if data:
            self._gathered += self._clock.filled(at_ms, data)
        if self._gathered and (self._sound.empty() or self._clock.lasts_ns(self._gathered) >= GATHERED_NS):
            await self._sound.put(self._taken())

    def _taken(self) -> bytes:
        gathered, self._gathered = self._gathered, b""
        return gathered

    async def end(self) -> None:
        """No more sound comes."""
        if self._gathered:
            await self._sound.put(self._taken())
        await self._sound.put(b"")

    @property
    def now_ns(self) -> int:
        """Up to where sound has come."""
        return self._clock.now_ns

    async def run(self) -> None:
        """Until everything is answered."""
        while first := await self._sound.get():
            if await self._pipeline(first):
                return

    async def _pipeline(self, first: bytes) -> bool:
        """One pipeline; True: the sound has ended with it."""
        hearing, begun_ns, over = self._hearing, self._sent_ns, asyncio.Event()
        caller = Caller(hearing.caller.metadata, Budget.of(None), peer=hearing.caller.peer)
        async with aclosing(hearing.core.pipeline(self._requests(first, over), caller)) as answers:
            async for answer in answers:
                if lost := notices.loss(answer.notice, "asr"):
                    raise lost
                self._answer(answer, begun_ns)
        return over.is_set()

    def _answer(self, answer: PipelineResponse, begun_ns: int) -> None:
        kind = answer.WhichOneof("event") or ""
        if kind == "opened":
            self._tell({"type": kind, "track": self._name, "models": dict(answer.opened.models)})
        elif kind in TOLD:
            event: Any = getattr(answer, kind)
            mark(event, self._name)
            if kind != "notice" or event.HasField("interval"):
                times.move(event, lambda at_ns: self._clock.call_ns(begun_ns + at_ns))
            self._tell({"type": kind} | transcode.plain(event))

    async def _requests(self, first: bytes, over: asyncio.Event) -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(config=self._hearing.config)
        data = first
        with idle.IdleTimer(PAUSE_S) as timer:
            while data:
                yield self._sent(data)
                try:
                    data = await timer.message(self._sound.get())
                except StreamIdle:
                    if self._sound.empty() and (rest := self._taken()):
                        yield self._sent(rest)
                    yield PipelineRequest(control=FLUSH)
                    try:
                        data = await idle.message(self._sound.get(), self._hearing.sound_s)
                    except StreamIdle:
                        return
        over.set()

    def _sent(self, data: bytes) -> PipelineRequest:
        self._sent_ns += self._clock.lasts_ns(data)
        return PipelineRequest(audio=AudioChunk(data=data))
