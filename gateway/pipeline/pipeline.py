"""Several stages in one stream: filters -> tee -> listeners -> rewriters. Must not know addresses or a network.

Nothing is silent: when a stage is lost, the client gets a Notice that says what is done instead, and the rest goes on.
Nothing is lost: another replica takes a stage's stream over from where its words are final.

Tasks: `_main` owns one for each branch, which runs `_follow`: it alone opens that stage's streams, reads their answers
and hands them on, so answers of one stage keep their order. `_main` itself reads the client's requests. All of them put
into `_out`, which is bounded: a slow client slows every stage. `Branch.watch` may cancel a branch's task, and `_listen`
takes that for the loss of a replica. What must not mix is under a filter's lock (filters.py).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from gateway.config import FailoverConfig
from gateway.pipeline import notices
from gateway.pipeline.branch import Branch, branches
from gateway.pipeline.filters import chain
from gateway.pipeline.merge import merged
from gateway.pipeline.naming import Naming, unnamed
from gateway.pipeline.plan import Plan
from gateway.pipeline.returning import Returning
from gateway.pipeline.speakers import Speakers
from gateway.pipeline.streams import StreamOpener
from gateway.replicas.retry import Then, When, rule
from parley import telemetry
from parley.errors import ConfigRepeated, EmptyMessage, ParleyError, Unavailable
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import Track
from parley.v1.pipeline_pb2 import (
    Notice,
    PipelineConfig,
    PipelineOpened,
    PipelineRequest,
    PipelineResponse,
)
from parley.v1.translate_pb2 import Translation
from parley.wire.pipeline import stage_event

# An event's type -> the field of the answer that carries it; what has none goes as a StageEvent.
_FIELDS = {kind.full_name: field.name for field in PipelineResponse.DESCRIPTOR.fields if (kind := field.message_type)}


class Pipeline:
    """One stream through the stages that its config asks for."""

    def __init__(
        self, config: PipelineConfig, streams: StreamOpener, stalls_s: Mapping[str, float], failover: FailoverConfig
    ) -> None:
        self._plan, self._streams = Plan(config), streams
        self._out: asyncio.Queue[PipelineResponse | None] = asyncio.Queue(64)
        self._announced, self._speakers = asyncio.Event(), Speakers()
        self._branches = branches(self._plan, stalls_s, failover)
        self.places = len(self._branches)  # streams to engines, at a time
        self._listeners = [branch for branch in self._branches if branch.stage.is_listener]
        self._rewriters = [each for each in self._branches if each.stage.is_rewriter and not each.finds_names]
        self._naming = next((Naming(each) for each in self._branches if each.finds_names), None)
        self._words = next((branch for branch in self._listeners if branch.stage.gives_words), None)
        self._turns = next((branch for branch in self._listeners if branch.stage.gives_turns), None)
        filters = [branch for branch in self._branches if branch.stage.is_filter]
        self._filters = chain(filters, self._give_back, self._end_filtered) if filters else []
        self._hears_filtered = bool(filters) and self._plan.to_listeners  # whether listeners hear what filters make
        self._filter_of = {each.branch: each for each in self._filters}
        self._returning = Returning(self._plan, self._words, self._say, self._notice) if config.redact_sound else None

    def run(self, requests: AsyncIterator[PipelineRequest]) -> AsyncGenerator[PipelineResponse]:
        """Every answer of every stage, until all of them are done."""
        return merged(self._main(requests), self._out, after=self._forget)

    def _forget(self) -> None:
        """Free the sound at once: tasks, errors and frames refer to each other until the garbage collector runs."""
        for branch in self._branches:
            branch.over()
            branch.task = None
        for each in self._filters:
            each.forget()
        if self._returning:
            self._returning.forget()
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
        models = {branch.does: branch.model for branch in self._branches if branch.model}
        returned = self._plan.config.format if self._filters and self._plan.to_client else None
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
            elif kind == "end":
                break
            elif kind == "config":
                raise ConfigRepeated("A stream has one config; open another stream for another.")
            else:
                raise EmptyMessage("A PipelineRequest says exactly one thing: config, audio, control, end.")
        if not self._hears_filtered:
            self._end_listeners()
        if self._filters:
            await self._filters[0].end()

    async def _hear(self, data: bytes) -> None:
        if not self._hears_filtered:
            await self._tee(data)
        if self._filters:
            await self._filters[0].hear(data)

    async def _tee(self, data: bytes) -> None:
        for branch in self._listeners:
            await branch.audio(data)

    async def _give_back(self, data: bytes) -> None:
        """What comes out of the last filter, or would have."""
        if self._plan.to_client and self._returning:
            await self._returning.sound(self._filters[-1], data)
        elif self._plan.to_client:
            await self._say(audio={"data": data})
        if self._plan.to_listeners:
            await self._tee(data)

    async def _end_filtered(self) -> None:
        if self._hears_filtered:
            self._end_listeners()

    def _end_listeners(self) -> None:
        for branch in self._listeners:
            branch.tail.end()

    # What comes out.

    async def _follow(self, branch: Branch) -> None:
        while (error := await self._listen(branch)) is not None:
            if not (await self._replace(branch, error) or await self._do_without(branch, error)):
                break
        branch.over()
        self._speakers.changed()
        await self._after(branch)

    async def _listen(self, branch: Branch) -> ParleyError | None:
        """One replica's stream, to its end or its failure."""
        try:
            async with aclosing(self._streams.open(branch.wish, branch.tail.requests)) as answers:
                async for answer in answers:
                    branch.answers, branch.delivering = branch.answers + 1, True
                    await self._take(branch, answer)
                    branch.delivering = False
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
        if branch in self._filter_of:
            await self._filter_of[branch].done()
        if branch.finds_names and not branch.tail.ended:
            raise unnamed(Unavailable(f"{branch.alias} has ended."))
        if branch is self._words:
            for rewriter in (each for each in self._branches if each.stage.is_rewriter):
                rewriter.tail.end()
            if self._returning:
                await self._returning.over()

    async def _replace(self, branch: Branch, error: ParleyError) -> bool:
        """Wait until another replica may be tried; False: the stage is lost."""
        first, pause_s = not branch.outage.waiting, branch.retry_in_s(error)
        if pause_s is None:
            return False
        if first:
            await self._go_on(branch, branch.leave(error))
            self._speakers.changed()
        await asyncio.sleep(pause_s)
        return True

    async def _do_without(self, branch: Branch, error: ParleyError) -> bool:
        """Go on without this stage until it is time to try it again; False: for good."""
        row = rule(When.NOT_REPLACED if branch.model else When.NEVER_OPENED, error, of_words=branch.stage.gives_words)
        if not branch.given_up:
            branch.give_up()
            await self._lose(branch, error, row.then)
            if branch is self._words and self._returning:
                await self._returning.lost()
        return Then.LATER in row.then and await branch.may_come_back()

    async def _lose(self, branch: Branch, error: ParleyError, then: Sequence[Then]) -> None:
        """Raises where the whole stream must end, by the table of retries; else says what is done instead."""
        if branch.finds_names:
            raise unnamed(error)
        others = any(each.alive for each in self._branches if not each.stage.is_rewriter)
        if Then.DO_WITHOUT not in then or not (others or branch.stage.is_filter):
            raise error
        await self._go_on(branch, notices.lost(branch.stage, error))

    async def _go_on(self, branch: Branch, notice: Notice) -> None:
        """Sends the notice and continues without the stage."""
        if branch in self._filter_of:
            await self._filter_of[branch].bypass(notice, self._notice)
        else:
            await self._notice(notice)

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
            if branch is self._words and self._returning:
                await self._returning.opened()
            return
        if kind == "late":
            await self._notice(notices.late(branch.stage, event.waiting.ToTimedelta().total_seconds(), branch.at_ns))
            return
        if kind == "audio" and branch in self._filter_of:
            branch.outage.worked()
            await self._filter_of[branch].filtered(event.data)
            return
        if kind == "found" and self._naming:
            await self._naming.take(event)
            return
        if branch.continuity and (event := branch.continuity.place(kind, event)) is None:
            return
        if kind != "transcript" or event.is_final:
            branch.outage.worked()
        await self._deliver(branch, kind, event)

    async def _deliver(self, branch: Branch, kind: str, event: Any) -> None:
        if kind == "transcript" and self._plan.redaction:
            names = await self._naming.of(event) if self._naming and event.is_final else ()
            if not self._plan.redaction.hide(event, names):
                return
        if self._returning and branch is self._words and not await self._returning.hears(kind, event):
            return
        if branch.stage.is_rewriter:
            branch.complete(event)
        if isinstance(event, Translation):
            if (notice := branch.changed(event)) is not None:
                await self._notice(notice)
            if notices.untranslated(branch.stage, event):
                return
        if branch.stage.gives_words and kind == "transcript" and event.is_final:
            await self._final(event)
        elif branch.stage.gives_turns and kind in ("turn", "revision"):
            await self._spoken(kind, event)
        elif field := _FIELDS.get(event.DESCRIPTOR.full_name):
            await self._say(**{field: event})
        elif self._returning and isinstance(event, Track):
            await self._returning.track(self._filter_of[branch], kind, event)
        else:
            await self._say(stage_event=stage_event(branch.stage.name, kind, event))

    async def _final(self, final: Transcript) -> None:
        if self._turns:
            turns = self._turns
            await self._speakers.known(final.interval, lambda: turns.alive)
            self._speakers.label(final)
        await self._say(transcript=final)
        for rewriter in self._rewriters:
            if rewriter.alive and final.text.strip():
                await rewriter.text(final)

    async def _spoken(self, kind: str, event: Any) -> None:
        if kind == "turn":
            self._speakers.hear(event)
        else:
            self._speakers.revise(event)
        if kind == "revision" or not event.is_open or self._plan.open_turns:
            await self._say(**{kind: event})
