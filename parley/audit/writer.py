"""Writes records on a thread of its own, from a queue that is bounded: who asks never waits for a disk.

Where nothing can be written, records wait and are tried again. What does not fit into the queue meanwhile is counted,
and the first record that can be written again says how many are lost. Must not know what a record says.
"""

import logging
import threading
import time
from collections.abc import Callable

from prometheus_client import Counter, Gauge

from parley.audit.tail import Facts, Tail
from parley.errors import ParleyError

log = logging.getLogger(__name__)
AT_ONCE = 500  # records
RETRY_S, CLOSE_S = 1.0, 5.0
RETENTION_S = 3600.0  # between two looks at what is too old
RECORDS = Counter("parley_audit_records", "Records of the audit log that were written.")
LOST = Counter("parley_audit_lost", "Records of the audit log that could not be written.")
FAILING = Gauge("parley_audit_failing", "1: no record of the audit log can be written just now.")
WAITING = Gauge("parley_audit_waiting", "Records of the audit log that wait to be written.")


class AuditWriter:
    """The queue and its thread."""

    def __init__(self, tail: Tail, most_waiting: int, clock: Callable[[], float] = time.time) -> None:
        self._tail, self._most, self._clock = tail, most_waiting, clock
        self._queue: list[Facts] = []
        self._lost, self._looked_at = 0, 0.0
        self._changed, self._stopping = threading.Condition(), False
        self.fault = ""  # why nothing can be written; empty: it can
        WAITING.set_function(lambda: len(self._queue))
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """Why a record more would not be written soon; empty: it would."""
        return self.fault or ("too many wait to be written" if len(self._queue) >= self._most else "")

    def put(self, facts: Facts) -> bool:
        """A record more, dated now; False: there is no room, and it is lost."""
        with self._changed:
            if len(self._queue) >= self._most:
                self._lost += 1
                LOST.inc()
                return False
            self._queue.append({"at": self._moment(), **facts})
            self._changed.notify()
        return True

    def _moment(self) -> str:
        now = self._clock()
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"

    def _run(self) -> None:
        while self._wait():
            try:
                self._write()
            except OSError as error:
                self._fail(error.strerror or str(error))
            except (ParleyError, ValueError) as error:
                self._fail(str(error))
        self._give_up()

    def _wait(self) -> bool:
        """Until there is something to write; False: all is written, or it cannot be, and nobody asks any more."""
        with self._changed:
            if self.fault and not self._stopping:
                self._changed.wait_for(lambda: self._stopping, RETRY_S)
            self._changed.wait_for(lambda: self._queue or self._stopping)
            return bool(self._queue) and not (self.fault and self._stopping)

    def _write(self) -> None:
        with self._changed:
            batch, lost = self._queue[:AT_ONCE], self._lost
        expired = self._expired()
        told: list[Facts] = [{"at": self._moment(), "event": "lost", "records": lost}] if lost else []
        self._tail.append([*told, *batch, *expired])
        self._tail.remove(expired)
        RECORDS.inc(len(told) + len(batch) + len(expired))
        with self._changed:
            del self._queue[: len(batch)]
            self._lost -= lost
        if self.fault:
            log.warning("the audit log can be written again")
        self.fault = ""
        FAILING.set(0)

    def _expired(self) -> list[Facts]:
        now = self._clock()
        if now - self._looked_at < RETENTION_S:
            return []
        self._looked_at = now
        return self._tail.expired(self._moment(), now)

    def _fail(self, why: str) -> None:
        if why != self.fault:
            log.error("no record of the audit log can be written", extra={"why": why})
        self.fault = why
        FAILING.set(1)

    def _give_up(self) -> None:
        if self._queue:
            log.error("records of the audit log are lost", extra={"records": len(self._queue)})
            LOST.inc(len(self._queue))
        log.info("the audit log ends", extra={"last": str(self._tail.link)})
        self._tail.close()

    def close(self) -> None:
        """Writes what waits, if it can."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(CLOSE_S)
