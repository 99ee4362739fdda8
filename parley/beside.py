"""Long pieces of Python's own work beside the event loop, one at a time. Must not know what they are.

One thread for all of them: each more would take its share of the interpreter from the loop, and so from every stream.
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from parley.errors import Overloaded

Result = TypeVar("Result")
LARGE = 1 << 14  # bytes of a message; less is looked at in less time than the way to another thread takes
MOST_WAITING = 16  # pieces of work: each holds the message that it is about
TURN_S = 0.0005  # how long the interpreter stays with it when the loop wants to go on; usually ten times as long
_ONE = ThreadPoolExecutor(1, "beside")
_waiting = 0


async def done(size: int, work: Callable[[], Result]) -> Result:
    """What the work gives; it is about so many bytes, and many of them must not hold up the loop."""
    global _waiting
    if size < LARGE:
        return work()
    if _waiting >= MOST_WAITING:
        raise Overloaded(
            f"{_waiting} large configs wait to be looked at, and that is the limit; come back.", retry_s=1.0
        )
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_ONE, _gently, work)
    finally:
        _waiting -= 1


def _gently(work: Callable[[], Result]) -> Result:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        return work()
    finally:
        sys.setswitchinterval(usual)
