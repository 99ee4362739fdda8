"""A flush is answered once, whichever replica dies on the way."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.tail import FLUSH
from parley.errors import Unavailable
from parley.v1.asr_pb2 import Answered, AsrResponse, Transcript
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest

CHUNK = bytes(3200)  # a tenth of a second
CONFIG = PipelineConfig(asr={"report_answered": True})


class Replicas:
    """Recognises all that it heard at each flush; the first replica is gone after so many answers."""

    def __init__(self, gone_after: int) -> None:
        self._gone_after, self.opened = gone_after, 0

    async def open(self, wish: Wish, again: Any) -> AsyncGenerator[Any]:
        self.opened += 1
        is_first, answers = self.opened == 1, 0
        async for answer in _asr(again()):
            if is_first and answers == self._gone_after:
                raise Unavailable("gone")
            yield answer
            answers += 1


async def _asr(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    yield AsrResponse(opened={"model": "asr@1"})
    start = heard = 0
    async for request in requests:
        heard += len(request.audio.data) // 32
        if request.HasField("control"):
            if heard > start:
                final = Transcript(text="alfa", is_final=True)
                final.interval.start.FromMilliseconds(start)
                final.interval.end.FromMilliseconds(heard)
                yield AsrResponse(transcript=final)
            answered, start = Answered(), heard
            answered.at.FromMilliseconds(heard)
            yield AsrResponse(answered=answered)


@pytest.mark.parametrize("gone_after", [1, 2, 3, 4, 5, 99])
async def test_every_flush_is_answered_once(gone_after: int) -> None:
    """Before its final, between final and answer, after the answer, or never: two flushes, two finals, two answers."""

    async def requests() -> AsyncIterator[PipelineRequest]:
        sound, flush = PipelineRequest(audio={"data": CHUNK}), PipelineRequest(control=FLUSH)
        for request in (sound, sound, flush, sound, flush, sound):
            yield request
            await asyncio.sleep(0.01)  # a live stream: answers come between two chunks

    replicas = Replicas(gone_after)
    pipeline = Pipeline(CONFIG, replicas, {}, FailoverConfig(wait_s=0.5))
    async with asyncio.timeout(10):
        said = [answer async for answer in pipeline.run(requests())]
    assert [answer.answered.at.ToMilliseconds() for answer in said if answer.HasField("answered")] == [200, 300]
    assert len([answer for answer in said if answer.HasField("transcript")]) == 2
    assert replicas.opened == (2 if gone_after < 5 else 1)
