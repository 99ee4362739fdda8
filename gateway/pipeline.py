"""Several stages in one stream: filter -> tee -> listeners -> rewriters. Must not know addresses or a network.

Nothing is silent: when a stage is lost, the client gets a Notice that says what is done instead, and the rest goes on.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from google.protobuf.message import Message

from gateway.branch import Branch
from gateway.plan import REQUESTS, Plan
from gateway.speakers import Speakers, times
from parley import telemetry
from parley.errors import BadInput, ConfigRepeated, EmptyMessage, NotFound, ParleyError
from parley.v1 import asr_pb2, translate_pb2
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineOpened, PipelineRequest, PipelineResponse

Open = Callable[[str, AsyncIterator[Message], str], AsyncGenerator[Any]]  # stage, requests, model -> answers

INSTEAD = {
    "denoise": "The raw audio goes on.",
    "asr": "No more words come.",
    "diarize": "Words come without speakers.",
    "translate": "The source text stands alone.",
}
STALL_S = 15.0
SPEAKER_WAIT_S = 0.5  # how long a final waits to learn who spoke


class Pipeline:
    """One stream through the stages that its config asks for."""

    def __init__(self, config: PipelineConfig, open_stage: Open, stalls_s: Mapping[str, float]) -> None:
        self._plan, self._open = Plan(config), open_stage
        self._out: asyncio.Queue[PipelineResponse | None] = asyncio.Queue(64)
        self._announced = asyncio.Event()
        self._speakers, self._told = Speakers(), asyncio.Event()
        every = {stage: self._opening(stage, stalls_s.get(stage, STALL_S)) for stage in REQUESTS}
        self._denoise, self._asr, self._diarize = (
            next(iter(every[stage]), None) for stage in ("denoise", "asr", "diarize")
        )
        self._listeners, self._translators = every["asr"] + every["diarize"], every["translate"]
        self._branches = [branch for branches in every.values() for branch in branches]
        self._unanswered = bytearray()  # sound that went to denoise and has not come back
        self._heard_all = False
        self._order = asyncio.Lock()  # what a lost filter held goes before what comes after

    def _opening(self, stage: str, stall_s: float) -> list[Branch]:
        return [Branch(stage, REQUESTS[stage], config, stall_s) for config in self._plan.configs(stage)]

    async def run(self, requests: AsyncIterator[PipelineRequest]) -> AsyncGenerator[PipelineResponse]:
        """Everything the stages say, until all of them are done."""
        main = asyncio.create_task(self._main(requests))
        try:
            while (event := await self._out.get()) is not None:
                yield event
            await main
        finally:
            main.cancel()
            await asyncio.gather(main, return_exceptions=True)
            self._forget()

    def _forget(self) -> None:
        """Tasks, errors and frames know each other until the collector comes; sound must not wait for it."""
        for branch in self._branches:
            branch.over()
            branch.task = None
        self._unanswered.clear()
        while not self._out.empty():
            self._out.get_nowait()

    async def _main(self, requests: AsyncIterator[PipelineRequest]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for branch in self._branches:
                    branch.task = group.create_task(self._follow(branch))
                await asyncio.gather(*(branch.opened.wait() for branch in self._branches))
                await self._announce()
                await self._pump(requests)
        except BaseExceptionGroup as many:
            await self._out.put(None)
            raise _first(many) from None
        await self._out.put(None)

    async def _say(self, **event: Any) -> None:
        await self._out.put(PipelineResponse(**event))

    async def _announce(self) -> None:
        models = {branch.stage: branch.model for branch in self._branches if branch.model}
        returned = self._plan.config.format if self._denoise and self._plan.to_ear else None
        await self._say(opened=PipelineOpened(models=models, format=returned))
        self._announced.set()

    # What goes in.

    async def _pump(self, requests: AsyncIterator[PipelineRequest]) -> None:
        async for request in requests:
            kind = request.WhichOneof("message")
            if kind == "audio":
                for piece in self._plan.pieces(request.audio.data):
                    await self._hear(piece)
            elif kind == "control":
                for branch in self._branches:
                    await branch.flush()
            elif kind == "config":
                raise ConfigRepeated("A stream has one config; open another stream for another.")
            else:
                raise EmptyMessage("A PipelineRequest says exactly one thing: config, audio, control.")
        self._heard_all = True
        if self._denoise:
            await self._denoise.end()
        await self._end_listeners()

    async def _hear(self, data: bytes) -> None:
        if not (self._denoise and self._plan.to_listeners):
            await self._tee(data)
        if self._denoise and self._denoise.alive:
            self._unanswered += data
            await self._denoise.audio(data)
        elif self._denoise:
            async with self._order:
                await self._give_back(data)

    async def _tee(self, data: bytes) -> None:
        for branch in self._listeners:
            await branch.audio(data)

    async def _give_back(self, data: bytes) -> None:
        """What comes out of the filter, or would have."""
        if self._plan.to_ear:
            await self._say(audio={"data": data})
        if self._plan.to_listeners:
            await self._tee(data)

    async def _end_listeners(self) -> None:
        """Once nothing can reach them any more."""
        filtering = self._denoise and self._denoise.alive and self._plan.to_listeners
        if self._heard_all and not filtering:
            for branch in self._listeners:
                await branch.end()

    # What comes out.

    async def _follow(self, branch: Branch) -> None:
        try:
            async with aclosing(self._open(branch.stage, branch.requests(), self._plan.model(branch.stage))) as answers:
                async for answer in answers:
                    await self._take(branch, answer)
        except ParleyError as error:
            await self._lose(branch, error)
        except asyncio.CancelledError:
            if branch.stalled is None or branch.task is None:
                raise
            branch.task.uncancel()
            await self._lose(branch, branch.stalled)
        branch.over()
        self._told.set()
        await self._after(branch)

    async def _after(self, branch: Branch) -> None:
        if branch is self._denoise:
            await self._end_listeners()
        if branch is self._asr:
            for translator in self._translators:
                await translator.end()

    async def _lose(self, branch: Branch, error: ParleyError) -> None:
        """The client's own fault ends the stream; anything else costs it this stage."""
        branch.over()
        async with self._order:
            await self._go_on_without(branch, error)

    async def _go_on_without(self, branch: Branch, error: ParleyError) -> None:
        others = any(each.alive for each in self._branches if each.stage != "translate")
        if isinstance(error, BadInput | NotFound) or not (others or branch is self._denoise):
            raise error
        await self._announced.wait()
        telemetry.NOTICES.labels(branch.stage, error.reason).inc()
        notice = Notice(stage=branch.stage, reason=error.reason, message=f"{error} {INSTEAD[branch.stage]}")
        await self._say(notice=notice)
        if branch is self._denoise and self._unanswered:
            await self._give_back(bytes(self._unanswered))

    async def _take(self, branch: Branch, answer: Any) -> None:
        kind = answer.WhichOneof("event")
        event = getattr(answer, kind)
        if kind == "opened":
            branch.model = event.model
            branch.opened.set()
        elif kind == "audio":
            del self._unanswered[: len(event.data)]
            await self._give_back(event.data)
        elif kind == "transcript" and event.is_final:
            await self._final(event)
        elif kind == "translation":
            await self._translated(branch, event)
        elif kind in ("turn", "revision"):
            await self._spoken(kind, event)
        else:
            await self._say(**{kind: event})

    async def _final(self, final: asr_pb2.Transcript) -> None:
        if self._diarize:
            start, end = times(final.interval)
            await self._known(end - min(0.5, (end - start) / 2))
            self._speakers.label(final)
        await self._say(transcript=final)
        for translator in self._translators:
            if translator.alive and final.text.strip():
                translator.pending.append(final)
                await translator.text(final.text)

    async def _known(self, until_s: float) -> None:
        """Wait, not for long, until it is known who spoke so far: turns are a little behind words."""
        try:
            async with asyncio.timeout(SPEAKER_WAIT_S):
                while self._diarize and self._diarize.alive and self._speakers.known_until < until_s:
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            return

    async def _spoken(self, kind: str, event: Any) -> None:
        if kind == "turn":
            self._speakers.hear(event)
        else:
            self._speakers.revise(event)
        self._told.set()
        if kind == "revision" or not event.is_open or self._plan.config.diarize.open_turns:
            await self._say(**{kind: event})

    async def _translated(self, branch: Branch, event: translate_pb2.Translation) -> None:
        """A final may come back in several pieces; together they are its text."""
        final = branch.pending[0]
        event.interval.CopyFrom(final.interval)
        event.speaker = final.speaker
        final_left = final.text[len(event.source_text) :]
        if final_left:
            branch.pending[0] = asr_pb2.Transcript(text=final_left, interval=final.interval, speaker=final.speaker)
        else:
            branch.pending.popleft()
        await self._say(translation=event)


def _first(many: BaseExceptionGroup[BaseException]) -> BaseException:
    first = many.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
