"""Streams whose connections are lost."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from google.protobuf.duration_pb2 import Duration

from gateway.access.keys import KeyRing
from gateway.config import SessionsConfig
from gateway.sessions import session
from gateway.sessions.log import AnswerLog
from gateway.sessions.sessions import Sessions
from parley.errors import BadInput, ParleyError, SessionGone, StreamIdle
from parley.v1.pipeline_pb2 import PipelineRequest, PipelineResponse
from parley.wire.keys import NOBODY as NO_KEY
from parley.wire.keys import Key
from tests.gateway.sessions.play import (
    CONFIG,
    NOBODY,
    Hears,
    Requests,
    lost,
    resume,
    said,
    sent,
    sessions,
    sound,
)
from tests.waiting import until


async def test_what_did_not_arrive_comes_again_and_nothing_else() -> None:
    """The client had `opened` and the first word; the stream has heard three sounds and goes on with a fourth."""
    served = sessions()
    token = await lost(served, "a", "b", "c", most=1)
    answers = await served.open(sent([resume(token, 2), *sound("d")]), NOBODY)
    assert (await anext(answers)).resumed.received == 3
    assert await said(answers) == ["b", "c", "d", "end"]
    await served.close()


async def test_a_stream_whose_client_stays_away_ends() -> None:
    """Its places are free again; who comes later is told so."""
    hears = Hears()
    served = sessions(hears, longest_s=0.05)
    token = await lost(served, "a", most=1)
    await until(lambda: not hears.running)
    with pytest.raises(SessionGone, match="begin a new one"):
        await said(await served.open(sent([resume(token, 2)]), NOBODY))


@pytest.mark.parametrize("seconds", [-1, 86_401, 2**63 - 1])
async def test_a_stream_is_not_kept_for_a_time_that_is_none(seconds: int) -> None:
    """The longest Duration that can be written is more than a clock can count."""
    first = PipelineRequest(config={"resumable": Duration(seconds=seconds)})
    with pytest.raises(BadInput, match="resumable"):
        await said(await sessions().open(sent([first]), NOBODY))


async def test_who_resumes_takes_the_stream_from_a_connection_that_seems_to_live() -> None:
    """A line that is dead without a word is noticed late; the new one is served at once, and the old one ends."""
    served = sessions()
    old = await served.open(sent([CONFIG, *sound("a")], ends=False), NOBODY)
    token = (await anext(old)).opened.session
    assert (await anext(old)).transcript.text == "a"
    new = await served.open(sent([resume(token, 2), *sound("b")]), NOBODY)
    assert await said(new) == ["resumed", "b", "end"]
    with pytest.raises(SessionGone, match="another connection"):
        await anext(old)
    await served.close()


class ByHeader(KeyRing):
    """Everybody has the key that they name."""

    def of(self, metadata: Mapping[str, str], *, is_local: bool = False) -> Key:
        return replace(NO_KEY, id=metadata.get("who", ""))


async def test_other_keys_learn_nothing() -> None:
    """Who has another key is told the same of a stream that is there as of one that is not; its owner is let in."""
    served = Sessions(Hears().pipeline, ByHeader(None), SessionsConfig())
    token = await lost(served, "a", most=1)
    for name in (token, token[:-1], "", "x" * 64):
        with pytest.raises(SessionGone, match="no such stream here"):
            await said(await served.open(sent([resume(name, 2)]), replace(NOBODY, metadata={"who": "eve"})))
    assert await said(await served.open(sent([resume(token, 2)]), NOBODY)) == ["resumed", "end"]
    await served.close()


@pytest.mark.parametrize(
    ("after", "error", "words"), [(9, BadInput, "the last answer is 2"), (0, SessionGone, "begin anew")]
)
async def test_a_place_in_the_stream_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, after: int, error: type[ParleyError], words: str
) -> None:
    """Ahead of what was said, or so far back that it is not kept any more."""
    monkeypatch.setattr(session, "KEPT_BYTES", 1)
    served = sessions()
    token = await lost(served, "a", most=1)
    with pytest.raises(error, match=words):
        await said(await served.open(sent([resume(token, after)]), NOBODY))
    await served.close()


async def test_a_faulty_stream_says_so_to_who_comes_back() -> None:
    """What it said before is not lost for it."""
    served = sessions()
    token = await lost(served, "a", "bad", most=1)
    answers = await served.open(sent([resume(token, 1)]), NOBODY)
    assert [(await anext(answers)).WhichOneof("event") for _ in range(2)] == ["resumed", "transcript"]
    with pytest.raises(BadInput, match="sound is bad"):
        await anext(answers)
    await served.close()


async def test_what_nobody_reads_is_not_piled_up() -> None:
    """The pipeline waits while the log is full, and goes on when somebody reads."""
    log = AnswerLog(50)

    async def say() -> None:
        for number in range(20):
            await log.put(PipelineResponse(transcript={"text": str(number)}))
        await log.end()

    saying = asyncio.create_task(say())
    await asyncio.sleep(0)
    assert log.last < 20
    assert await said(log.after(0)) == [str(number) for number in range(20)]
    await saying


async def test_who_did_not_ask_for_it_is_not_kept() -> None:
    """The stream ends with its connection, as it always did."""
    hears = Hears()
    answers = await sessions(hears).open(
        sent([PipelineRequest(config={"format": {}}), *sound("a")], ends=False), NOBODY
    )
    assert not (await anext(answers)).opened.session
    await answers.aclose()
    assert not hears.running


async def test_a_lost_connection_that_looks_like_the_end_is_none() -> None:
    """GRPC tells a call that was cut off and one that has no more to send alike; only End ends the sound."""

    async def cut_off() -> Requests:
        for request in (CONFIG, *sound("a")):
            yield request

    served = sessions()
    answers = await served.open(cut_off(), NOBODY)
    token = (await anext(answers)).opened.session
    await said(answers, most=1)
    assert await said(await served.open(sent([resume(token, 2), *sound("b")]), NOBODY)) == ["resumed", "b", "end"]
    await served.close()


async def test_who_forgets_the_end_is_told() -> None:
    """And does not wait for ever."""

    async def forgets() -> Requests:
        yield PipelineRequest(config={"format": {}, "resumable": {"nanos": 1_000_000}})

    with pytest.raises(StreamIdle, match="no End came"):
        await said(await sessions().open(forgets(), NOBODY))


async def test_a_reader_who_begins_anew_misses_nothing_while_more_is_said() -> None:
    """What somebody else has read already is not dropped before this one has it."""
    log = AnswerLog(200)

    async def say(count: int) -> None:
        for number in range(count):
            await log.put(PipelineResponse(transcript={"text": str(number)}))

    await say(10)
    assert len(await said(log.after(0), most=10)) == 10
    again = log.after(2)
    found = [(await anext(again)).sequence]
    saying = asyncio.create_task(say(30))
    for _ in range(37):
        await asyncio.sleep(0)
        found.append((await anext(again)).sequence)
    await saying
    assert found == list(range(3, 41))


async def test_a_caller_who_is_gone_before_anything_began_leaves_nothing() -> None:
    """A connection that was asked for and never read holds no place."""
    hears = Hears()
    served = sessions(hears)
    answers = await served.open(sent([CONFIG], ends=False), NOBODY)
    await answers.aclose()
    assert not served._sessions
    assert not hears.running
