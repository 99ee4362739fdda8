"""All streams that may be resumed, and who may. Must not know HTTP, gRPC or what a pipeline does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from gateway.access.keys import KeyRing
from gateway.caller import Caller
from gateway.config import SessionsConfig
from gateway.sessions.elsewhere import Elsewhere
from gateway.sessions.session import Answers, Session
from parley.budget import Budget
from parley.errors import SessionGone
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire import rules

MOST = 1000  # whose connection is lost; of more the first are given up


class Pipeline(Protocol):
    """Opens one."""

    def __call__(
        self, requests: AsyncIterator[PipelineRequest], caller: Caller, *, first: PipelineRequest | None = None
    ) -> Answers:
        """Its answers; `first` was read from the requests already."""


class Sessions:
    """Opens pipelines, and keeps those that ask for it while nobody is connected."""

    def __init__(self, pipeline: Pipeline, keys: KeyRing, config: SessionsConfig) -> None:
        self._pipeline, self._keys, self._keep_s = pipeline, keys, config.keep_s
        self._elsewhere = Elsewhere(config.store, config.address) if config.store else None
        self._sessions: dict[str, Session] = {}
        self._lost: dict[str, asyncio.TimerHandle] = {}  # in the order in which their connections were lost
        self._ending: set[asyncio.Task[None]] = set()

    async def open(self, requests: AsyncIterator[PipelineRequest], caller: Caller) -> Answers:
        """The answers of one connection: of a stream that ends with it, one that may be resumed, or one that is."""
        first = await anext(requests, None)
        if first is not None and first.HasField("resume"):
            return await self._resumed(first, requests, caller)
        if first is not None and first.config.HasField("resumable") and self._keep_s:
            return self._begun(first, requests, caller)
        return self._pipeline(requests, caller, first=first)

    async def _begun(self, first: PipelineRequest, requests: AsyncIterator[PipelineRequest], caller: Caller) -> Answers:
        rules.check(first.config)
        keep_s = min(first.config.resumable.ToTimedelta().total_seconds(), self._keep_s)
        lasting = replace(caller, budget=Budget.of(None))  # the deadline of a call is that of its connection
        session = Session(lambda sent: self._pipeline(sent, lasting), self._keys.of(caller.metadata).id, keep_s)
        self._sessions[session.token] = session
        try:
            if self._elsewhere:
                await self._elsewhere.note(session.token)
            connection = self._connected(session, session.connected(_with(first, requests)))
            async with aclosing(connection) as answers:
                async for answer in answers:
                    yield answer
        finally:
            if not session.connections:  # the caller was gone before there was one
                self._give_up(session)

    async def _resumed(
        self, first: PipelineRequest, requests: AsyncIterator[PipelineRequest], caller: Caller
    ) -> Answers:
        token = first.resume.session
        session = self._sessions.get(token)
        if session is None and self._elsewhere and (address := await self._elsewhere.find(token)):
            return self._elsewhere.passed_on(address, _with(first, requests), caller)
        if session is None or session.key_id != self._keys.of(caller.metadata).id:
            raise SessionGone("There is no such stream here (any more), or it is another key's; begin a new one.")
        return self._connected(session, session.connected(requests, first.resume.after))

    async def _connected(self, session: Session, connection: Answers) -> Answers:
        """One connection's answers; after its end the stream is kept for a while."""
        me = session.connections + 1
        if timer := self._lost.pop(session.token, None):
            timer.cancel()
        try:
            async with aclosing(connection) as answers:
                async for answer in answers:
                    yield answer
        finally:
            if session.connections == me:  # nobody resumed it meanwhile
                self._leave(session)

    def _leave(self, session: Session) -> None:
        if not session.begun:  # nobody knows its name
            return self._give_up(session)
        loop = asyncio.get_running_loop()
        self._lost[session.token] = loop.call_later(session.keep_s, self._give_up, session)
        if len(self._lost) > MOST:
            self._give_up(self._sessions[next(iter(self._lost))])
        return None

    def _give_up(self, session: Session) -> None:
        if timer := self._lost.pop(session.token, None):
            timer.cancel()
        self._sessions.pop(session.token, None)
        ending = asyncio.create_task(session.close())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Give up all that are left."""
        for session in list(self._sessions.values()):
            self._give_up(session)
        await asyncio.gather(*self._ending)
        if self._elsewhere:
            await self._elsewhere.close()


async def _with(first: PipelineRequest, others: AsyncIterator[PipelineRequest]) -> AsyncIterator[PipelineRequest]:
    """What was read already, and the rest."""
    yield first
    async for request in others:
        yield request
