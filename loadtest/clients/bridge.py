"""Locust's greenlets outside, an asyncio loop inside: each in a thread of its own, neither waits for the other.

Locust without its monkey patches: a patched standard library would take asyncio along.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import gevent
import gevent.event
import uvloop

Result = TypeVar("Result")
UNPATCHED = "LOCUST_SKIP_MONKEY_PATCH"
SWITCH_S = 0.0005  # how long Locust's thread may keep the load generators' waiting


class Bridge:
    """Runs coroutines for greenlets."""

    def __init__(self) -> None:
        if not os.environ.get(UNPATCHED):
            raise RuntimeError("Start Locust by `python -m loadtest.clients.swarm`: its patches break asyncio.")
        sys.setswitchinterval(SWITCH_S)
        self._loop = uvloop.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The greenlet waits, the others go on. A greenlet that is killed takes its coroutine along."""
        finished = gevent.event.Event()
        bell = gevent.get_hub().loop.async_()
        bell.start(finished.set)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda _: bell.send())
        try:
            finished.wait()
        except BaseException:
            future.cancel()
            raise
        finally:
            bell.stop()
        return future.result()
