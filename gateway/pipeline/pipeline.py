"""Several stages in one stream: filter -> tee -> listeners -> rewriters. Must not know addresses or a network.

Nothing is silent: when a stage is lost, the client gets a Notice that says what is done instead, and the rest goes on.
Nothing is lost: another replica takes a stage's stream over from where its words are final.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline import notices
from gateway.pipeline.branch import Branch, branches
from gateway.pipeline.merge import merged
from gateway.pipeline.plan import Plan
from gateway.pipeline.speakers import Speakers, times
from gateway.pipeline.streams import Streams
from gateway.pipeline.tail import TextTail
from gateway.replicas.retry import Then, When, rule
from parley import telemetry
from parley.errors import ConfigRepeated, EmptyMessage, ParleyError
from parley.v1 import asr_pb2, translate_pb2
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineOpened, PipelineRequest, PipelineResponse

SPEAKER_WAIT_S = 0.5  # how long a final waits to learn who spoke
HELD_MOST_NS = 1_000_000_000  # of sound that a filter may hold while it is well


class Pipeline:
    """One stream through the stages that its config asks for."""

    def __init__(
        self, config: PipelineConfig, streams: Streams, stalls_s: Mapping[str, float], failover: FailoverConfig
    ) -> None:
        self._plan, self._streams = Plan(config), streams
        self._out: asyncio.Queue[PipelineResponse | None] = asyncio.Queue(64)
        self._announced = asyncio.Event()
        self._speakers, self._told = Speakers(), asyncio.Event()
        every = branches(self._plan, stalls_s, failover)
        self._denoise, self._asr, self._diarize = (
            next(iter(every[stage]), None) for stage in ("denoise", "asr", "diarize")
        )
        self._listeners, self._translators = every["asr"] + every["diarize"], every["translate"]
        self._branches = [branch for each in every.values() for branch in each]
        self._unanswered = bytearray()  # sound that went to denoise and has not come back
        self._heard_all = False
        self._order = asyncio.Lock()  # what a lost filter held goes before what comes after
        if self._denoise:
            self._denoise.owes = self._owes_sound

    def _owes_sound(self) -> bool:
        held = self._plan.scale.nanoseconds(len(self._unanswered))
        return held > (0 if self._heard_all else HELD_MOST_NS)

    async def run(self, requests: AsyncIterator[PipelineRequest]) -> AsyncGenerator[PipelineResponse]:
        """Everything the stages say, until all of them are done."""
        try:
            async with aclosing(merged(self._main(requests), self._out)) as events:
                async for event in events:
                    yield event
        finally:
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
        async with asyncio.TaskGroup() as group:
            for branch in self._branches:
                branch.task = group.create_task(self._follow(branch))
                branch.watch()
            await asyncio.gather(*(branch.opened.wait() for branch in self._branches))
            await self._announce()
            await self._pump(requests)

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
                    branch.flush()
            elif kind == "config":
                raise ConfigRepeated("A stream has one config; open another stream for another.")
            else:
                raise EmptyMessage("A PipelineRequest says exactly one thing: config, audio, control.")
        self._heard_all = True
        if self._denoise:
            self._denoise.tail.end()
        self._end_listeners()

    async def _hear(self, data: bytes) -> None:
        if not (self._denoise and self._plan.to_listeners):
            await self._tee(data)
        if self._denoise and self._denoise.alive:
            self._unanswered += data
            await self._denoise.audio(data)
        elif self._denoise:
            await self._denoise.audio(data)
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

    def _end_listeners(self) -> None:
        """Once nothing can reach them any more."""
        filtering = self._denoise and self._denoise.alive and self._plan.to_listeners
        if self._heard_all and not filtering:
            for branch in self._listeners:
                branch.tail.end()

    # What comes out.

    async def _follow(self, branch: Branch) -> None:
        while (error := await self._listen(branch)) is not None:
            if not await self._replace(branch, error):
                await self._lose(branch, error)
                break
        branch.over()
        self._told.set()
        await self._after(branch)

    async def _listen(self, branch: Branch) -> ParleyError | None:
        """One replica's stream, to its end or its failure."""
        origin = self._plan.model(branch.stage)
        wish = Wish(branch.stage, branch.pinned or origin, branch.languages, origin, branch.model != "")
        try:
            async with aclosing(self._streams.open(wish, branch.tail.requests)) as answers:
                async for answer in answers:
                    branch.said, branch.telling = branch.said + 1, True
                    await self._take(branch, answer)
                    branch.telling = False
        except ParleyError as error:
            return error
        except asyncio.CancelledError:
            if branch.stalled is None or branch.task is None:
                raise
            branch.task.uncancel()
            stalled, branch.stalled = branch.stalled, None
            return stalled
        return None

    async def _after(self, branch: Branch) -> None:
        if branch is self._denoise:
            self._end_listeners()
        if branch is self._asr:
            for translator in self._translators:
                translator.tail.end()

    async def _replace(self, branch: Branch, error: ParleyError) -> bool:
        """Another replica shall go on; False: the stage is lost."""
        first, pause_s = not branch.patience.waiting, branch.outage(error)
        if pause_s is None:
            return False
        if first:
            await self._go_on(branch, branch.leave(error))
            self._told.set()
        await asyncio.sleep(pause_s)
        return True

    async def _lose(self, branch: Branch, error: ParleyError) -> None:
        """The client's own fault ends the stream, as do words that nobody has room to hear; else this stage is lost."""
        branch.over()
        row = rule(When.NOT_REPLACED if branch.model else When.NEVER_OPENED, error, branch.stage)
        others = any(each.alive for each in self._branches if each.stage != "translate")
        if Then.DO_WITHOUT not in row.then or not (others or branch is self._denoise):
            raise error
        await self._go_on(branch, notices.lost(branch.stage, error))

    async def _go_on(self, branch: Branch, notice: Notice) -> None:
        """Say what is done instead. What a lost filter held goes before what comes after."""
        if branch is not self._denoise:
            await self._notice(notice)
            return
        async with self._order:
            await self._notice(notice)
            held = bytes(self._unanswered)
            self._unanswered.clear()
            if held:
                await self._give_back(held)

    async def _notice(self, notice: Notice) -> None:
        await self._announced.wait()
        telemetry.NOTICES.labels(notice.stage, notice.reason).inc()
        await self._say(notice=notice)

    async def _take(self, branch: Branch, answer: Any) -> None:
        kind = answer.WhichOneof("event")
        event = getattr(answer, kind)
        if kind == "opened":
            if notice := branch.taken(event.model):
                await self._notice(notice)
            return
        if kind == "late":
            await self._notice(notices.late(branch.stage, event.waiting.ToTimedelta().total_seconds(), branch.at_ns))
            return
        if branch.voice and (event := branch.voice.say(kind, event)) is None:
            return
        if kind != "transcript" or event.is_final:
            branch.patience.worked()
        if kind == "audio":
            await self._cleaned(event.data)
        elif kind == "transcript" and event.is_final:
            await self._final(event)
        elif kind == "translation":
            await self._translated(branch, event)
        elif kind in ("turn", "revision"):
            await self._spoken(kind, event)
        else:
            await self._say(**{kind: event})

    async def _cleaned(self, data: bytes) -> None:
        async with self._order:
            del self._unanswered[: len(data)]
            await self._give_back(data)

    async def _final(self, final: asr_pb2.Transcript) -> None:
        if self._diarize:
            start, end = times(final.interval)
            await self._known(end - min(0.5, (end - start) / 2))
            self._speakers.label(final)
        await self._say(transcript=final)
        for translator in self._translators:
            if translator.alive and final.text.strip():
                await translator.text(final)

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
        assert isinstance(branch.tail, TextTail)
        final = branch.tail.answered(event.source_text)
        event.interval.CopyFrom(final.interval)
        event.speaker = final.speaker
        await self._say(translation=event)
