"""How long a stream may send nothing."""

import asyncio

import pytest

from parley.errors import StreamIdle
from parley.wire.idle import IdleTimer, message
from tests.fakes import PATIENCE_S
from tests.waiting import never

SHORT_S = 0.4


class Timers:
    """Counts the timers of a loop that is otherwise as it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set, loop = 0, asyncio.get_running_loop()
        call_later = loop.call_later

        def counted(*words: object) -> asyncio.TimerHandle:
            self.set += 1
            return call_later(*words)  # type: ignore[arg-type]

        monkeypatch.setattr(loop, "call_later", counted)


async def test_a_stream_that_sends_nothing_is_idle() -> None:
    """It ends with the reason and what to do instead; who reads it goes on uncancelled."""
    with IdleTimer(SHORT_S) as timer, pytest.raises(StreamIdle, match=f"Nothing came for {SHORT_S} s.*send silence"):
        await timer.message(never())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_stream_that_sends_is_not_idle() -> None:
    """However long it lasts, also where who reads takes longer between two messages than they may."""
    with IdleTimer(SHORT_S) as timer:
        for number in range(6):
            assert await timer.message(asyncio.sleep(SHORT_S / 4, number)) == number
        await asyncio.sleep(1.5 * SHORT_S)
        assert await timer.message(asyncio.sleep(0, "late")) == "late"
        with pytest.raises(StreamIdle):
            await timer.message(never())


async def test_a_second_silence_ends_as_the_first() -> None:
    with IdleTimer(SHORT_S) as timer:
        for _ in range(2):
            with pytest.raises(StreamIdle):
                await timer.message(never())


async def test_messages_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer for each would cost more than reading it."""
    timers = Timers(monkeypatch)
    with IdleTimer(PATIENCE_S) as timer:
        for _ in range(100):
            await timer.message(asyncio.sleep(0))
    assert timers.set == 1


async def test_nothing_is_left_of_a_stream_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """No timer runs on; one that did would hold the stream."""
    loop, kept = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    call_later = loop.call_later

    def remembered(*words: object) -> asyncio.TimerHandle:
        kept.append(call_later(*words))  # type: ignore[arg-type]
        return kept[-1]

    monkeypatch.setattr(loop, "call_later", remembered)
    assert await message(asyncio.sleep(0, "said"), PATIENCE_S) == "said"
    assert [timer.cancelled() for timer in kept] == [True]


async def test_without_a_limit_nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    timers = Timers(monkeypatch)
    assert await message(asyncio.sleep(0, "said"), 0) == "said"
    assert timers.set == 0


async def test_who_is_cancelled_by_others_is_not_called_idle() -> None:
    reading = asyncio.create_task(message(never(), PATIENCE_S))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_an_error_of_who_sends_is_reported_as_it_is() -> None:
    """Also a TimeoutError, which is not this one's."""

    async def failing() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await message(failing(), PATIENCE_S)
