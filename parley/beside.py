"""Long pieces of Python's own work beside the event loop, one at a time. Must not know what they are.

One thread for all of them: each more would take its share of the interpreter from the loop, and so from every stream.
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
LARGE = 1 << 14  # bytes of a message; less is looked at in less time than the way to another thread takes
TURN_S = 0.0005  # how long the interpreter stays with it when the loop wants to go on; usually ten times as long
_ONE = ThreadPoolExecutor(1, "beside")


async def done(size: int, work: Callable[[], Result]) -> Result:
    """What the work gives; it is about so many bytes, and many of them must not hold up the loop."""
    if size < LARGE:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_ONE, _gently, work)


def _gently(work: Callable[[], Result]) -> Result:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        return work()
    finally:
        sys.setswitchinterval(usual)
