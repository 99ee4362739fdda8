"""Clients that go on over another connection, whatever is lost on the way."""

from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.errors import Unavailable
from parley.v1.pipeline_pb2 import PipelineRequest
from parley.wire.resuming import ResumingStream
from tests.gateway.sessions.play import (
    CONFIG,
    NOBODY,
    Answers,
    Hears,
    Requests,
    all_of,
    said,
    sessions,
    sound,
)


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(0, 120))
async def test_nothing_is_lost_and_nothing_comes_twice(lives: list[int], count: int) -> None:
    """Connections that die after so many answers, whatever was on its way in both directions."""
    served, left = sessions(), [*lives]

    async def connection(requests: Requests) -> Answers:
        alive = left.pop() if left else 10_000
        async with aclosing(await served.open(requests, NOBODY)) as answers:
            async for answer in answers:
                yield answer
                if not (alive := alive - 1):
                    raise Unavailable("The line is dead.")

    stream = ResumingStream(connection)
    stream.pause_s = 0.0
    words = [f"w{number}" for number in range(count)]
    assert await said(stream.answers(all_of([CONFIG, *sound(*words)]))) == ["opened", *words, "end"]
    await served.close()


async def test_two_hundred_drops_lose_no_word() -> None:
    """And flushes are heard in their place."""
    served, drops = sessions(), 0

    async def connection(requests: Requests) -> Answers:
        nonlocal drops
        async with aclosing(await served.open(requests, NOBODY)) as answers:
            async for answer in answers:
                yield answer
                if answer.HasField("transcript") and drops < 200:
                    drops += 1
                    raise Unavailable("The line is dead.")

    stream = ResumingStream(connection)
    stream.pause_s = 0.0
    flush = PipelineRequest(control={"action": "CONTROL_ACTION_FLUSH"})
    words = [f"w{number}" for number in range(1000)]
    heard = await said(stream.answers(all_of([CONFIG, *sound(*words), flush])))
    assert heard == ["opened", *words, "flush", "end"]
    assert stream.resumed == 200
    await served.close()


async def test_where_it_is_switched_off_streams_end_with_their_connections() -> None:
    """The client sees that its stream has no name; all of it is sent, however long it is."""
    hears = Hears()

    async def connection(requests: Requests) -> Answers:
        async with aclosing(await sessions(hears, longest_s=0).open(requests, NOBODY)) as answers:
            async for answer in answers:
                assert not answer.opened.session
                yield answer
                if answer.transcript.text == "w5000":
                    raise Unavailable("The line is dead.")

    words = [f"w{number}" for number in range(6000)]
    with pytest.raises(Unavailable, match="is dead"):
        await said(ResumingStream(connection).answers(all_of([CONFIG, *sound(*words)])))
    assert not hears.running


async def test_a_gateway_that_stays_away_is_told_and_given_up() -> None:
    """A notice says that the connection is tried again; after a while the stream ends with the reason."""
    served, connections = sessions(), 0

    async def connection(requests: Requests) -> Answers:
        nonlocal connections
        connections += 1
        if connections == 1:
            async with aclosing(await served.open(requests, NOBODY)) as answers:
                yield await anext(answers)
        raise Unavailable("Nobody is there.")

    stream, told = ResumingStream(connection, keep_s=0.1), list[str]()
    stream.pause_s = 0.01

    async def listen() -> None:
        async for answer in stream.answers(all_of([CONFIG, *sound("a")])):
            told.append(answer.notice.reason)

    with pytest.raises(Unavailable, match="Nobody is there"):
        await listen()
    assert told[:2] == ["", "CONNECTION_LOST"]
    await served.close()
