"""A pipeline that says which sound it heard, and clients of its streams."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from gateway.access.keys import KeyRing
from gateway.caller import Caller
from gateway.config import SessionsConfig
from gateway.sessions.sessions import Sessions
from parley.budget import Budget
from parley.errors import BadInput
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse

Requests = AsyncIterator[PipelineRequest]
Answers = AsyncGenerator[PipelineResponse]
NOBODY = Caller({}, Budget.of(None))
CONFIG = PipelineRequest(config={"format": {}, "resumable": {"seconds": 60}})


class Hears:
    """A pipeline that repeats each sound as a transcript, and counts how many of it run."""

    def __init__(self) -> None:
        self.running = 0

    async def pipeline(self, requests: Requests, caller: Caller, *, first: PipelineRequest | None = None) -> Answers:
        self.running += 1
        try:
            assert first or await anext(requests)
            yield PipelineResponse(opened={})
            async for request in requests:
                if request.HasField("end"):
                    break
                text = request.audio.data.decode() or "flush"
                if text == "bad":
                    raise BadInput("This sound is bad.")
                yield PipelineResponse(transcript={"text": text})
            yield PipelineResponse(transcript={"text": "end"})
        finally:
            self.running -= 1


def sessions(hears: Hears | None = None, longest_s: float = 60.0) -> Sessions:
    return Sessions((hears or Hears()).pipeline, KeyRing(None), SessionsConfig(longest_s))


def sound(*texts: str) -> list[PipelineRequest]:
    return [PipelineRequest(audio={"data": text.encode()}) for text in texts]


async def sent(requests: Sequence[PipelineRequest], *, ends: bool = True) -> Requests:
    for request in requests:
        yield request
    if not ends:
        await asyncio.Event().wait()
    yield PipelineRequest(end={})


async def all_of(requests: Sequence[PipelineRequest]) -> Requests:
    """As an application has them."""
    for request in requests:
        yield request


async def said(answers: Answers, most: int = 10_000) -> list[str]:
    """What comes until the end, or until the connection is closed here."""
    found = list[str]()
    async with aclosing(answers):
        async for answer in answers:
            found.append(answer.transcript.text or answer.WhichOneof("event") or "")
            if len(found) == most:
                break
    return found


async def lost(served: Sessions, *texts: str, most: int) -> str:
    """A stream whose connection is lost after so many answers; its name."""
    answers = await served.open(sent([CONFIG, *sound(*texts)], ends=False), NOBODY)
    token = (await anext(answers)).opened.session
    await said(answers, most)
    return token


def resume(token: str, after: int) -> PipelineRequest:
    return PipelineRequest(resume={"session": token, "after": after})
