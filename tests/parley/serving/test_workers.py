"""Threads beside the event loop."""

import asyncio
import threading
import weakref

import pytest

from parley.serving.workers import Workers
from tests.fakes import PATIENCE_S
from tests.waiting import until


async def test_work_is_done_beside_the_loop() -> None:
    """In a thread of its own, and its result or its error comes back."""
    workers = Workers(1, "engine")
    assert await workers.run(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ValueError, match="invalid literal"):
        await workers.run(lambda: int("x"))
    workers.close()


async def test_so_many_at_a_time_and_no_more() -> None:
    """Two meet where there are two threads; a third waits until one of them is done."""
    workers, meeting, begun = Workers(2, "engine"), threading.Barrier(3), list[int]()

    def meet(number: int) -> int:
        begun.append(number)
        meeting.wait(PATIENCE_S)
        return number

    first = [workers.run(lambda n=n: meet(n)) for n in range(3)]  # type: ignore[misc]
    await until(lambda: meeting.n_waiting == 2)
    assert begun == [0, 1]
    await asyncio.to_thread(meeting.wait, PATIENCE_S)
    assert await asyncio.gather(*first[:2]) == [0, 1]
    await until(lambda: begun == [0, 1, 2])
    meeting.abort()
    with pytest.raises(threading.BrokenBarrierError):
        await first[2]
    workers.close()


async def test_who_has_gone_is_not_answered() -> None:
    """And costs the next one nothing."""
    workers, held = Workers(1, "engine"), threading.Event()
    gone = workers.run(lambda: held.wait(PATIENCE_S))
    after = workers.run(lambda: 7)
    gone.cancel()
    held.set()
    assert await after == 7
    workers.close()


async def test_a_thread_that_waits_holds_nothing() -> None:
    """Not the work that it has done, nor what that was about."""

    class Sound:
        pass

    workers, sound = Workers(1, "engine"), Sound()
    mark = weakref.ref(sound)
    await workers.run(lambda held=sound: id(held))  # type: ignore[misc]
    del sound
    await until(lambda: mark() is None)
    workers.close()


async def test_threads_end_when_they_are_not_needed() -> None:
    """What has come before is done all the same."""
    workers = Workers(2, "ends")
    last = workers.run(lambda: 7)
    workers.close()
    assert await last == 7
    await until(lambda: not [each for each in threading.enumerate() if each.name.startswith("ends_")])
