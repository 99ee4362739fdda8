"""Stops calling what fails. Must not know what is called.

pybreaker counts, opens and closes; this adapter decides what counts and when a probe may pass. A client that hangs up
is no fault and no success, a client's bad input or a stream that is asked to move is no fault, and a half-open circuit
lets one probe through, not all. One witness alone never opens a circuit, because all callers would be refused for what
perhaps only one caller's requests cause: the fault that would open it counts only if somebody else has seen one too.
The health check is such a witness.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from gateway.config import BreakerConfig
from parley.budget import Budget, Clock
from parley.errors import CircuitOpen, Code, Draining, ParleyError

ENDLESS = Budget.of(None)
FAULTS = {Code.UNAVAILABLE, Code.INTERNAL, Code.DEADLINE_EXCEEDED}


class Attempt:
    """One call through the breaker; it may say early that it works."""

    def __init__(self, breaker: "Breaker", *, probe: bool) -> None:
        self._breaker, self.probe = breaker, probe
        self._counted = False

    def worked(self) -> None:
        """The first answer is there: a stream need not end for that to count."""
        if not self._counted:
            self._counted = True
            self._breaker.succeeded()


class Breaker:
    """A circuit breaker. Closed: every call passes. Open: none. Half-open: one probe."""

    def __init__(self, name: str, config: BreakerConfig, clock: Clock = time.monotonic) -> None:
        self._name, self._config, self._clock = name, config, clock
        self._circuit = CircuitBreaker(config.failures, name=name, throw_new_error_on_trip=False)
        self._opened = 0.0
        self._probing = False
        self._settled = asyncio.Event()  # set by the end of each probe
        self._failed_probe_of: str | None = None
        self.fault = ""  # the last one, in words
        self._seen_by: set[str] = set()  # who saw a fault since the last success; two are enough to know

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        return str(self._circuit.current_state)

    def admits(self, by: str = "") -> bool:
        """Whether `guard` would let a call of this caller through now."""
        return self.state == STATE_CLOSED or (not self._probing and self._rest_s(by) <= 0.0)

    def _rest_s(self, by: str) -> float:
        """Until a probe may pass. Whose probe failed rests twice as long: the next one is another caller's."""
        rest_s = self._config.rest_s * (2 if by == self._failed_probe_of else 1)
        return max(0.0, rest_s - (self._clock() - self._opened))

    @property
    def is_probing(self) -> bool:
        """It is half-open, and a probe is on its way."""
        return self._probing

    async def settled(self) -> None:
        """Wait until the probe that is on its way has worked or failed."""
        self._settled.clear()
        if self._probing:
            await self._settled.wait()

    @contextmanager
    def guard(self, by: str = "", budget: Budget = ENDLESS) -> Iterator[Attempt]:
        """Let a call through or refuse it at once, and learn from how it ends. `by` tells callers apart."""
        if not self.admits(by):
            wait_s = self._rest_s(by)
            raise CircuitOpen(f"{self._name} failed too often just now; come back in {wait_s:.1f} s.", retry_s=wait_s)
        attempt = Attempt(self, probe=self.state != STATE_CLOSED)
        if attempt.probe:
            self._circuit.half_open()
            self._probing = True
        try:
            yield attempt
            attempt.worked()
        except Exception as error:  # not a cancellation: who hangs up proves nothing
            if _is_fault(error, budget):
                self.failed(by, str(error))
            raise
        finally:
            self._end(attempt)

    def _end(self, attempt: Attempt) -> None:
        """A probe that neither worked nor failed proves nothing: the next caller may try."""
        if attempt.probe:
            self._end_probe()
            if self.state == STATE_HALF_OPEN:
                self._circuit.open()

    def _end_probe(self) -> None:
        self._probing = False
        self._settled.set()

    def failed(self, by: str, fault: str = "") -> None:
        """A fault of the other side; those of calls that began before the circuit opened prolong its rest."""
        self.fault = fault or self.fault
        self._failed_probe_of = by if self.state == STATE_HALF_OPEN else self._failed_probe_of
        if self.state != STATE_OPEN and self._counts(by):
            with suppress(_Fault):
                self._circuit.call(_fail)
        if self.state == STATE_OPEN:
            self._opened = self._clock()

    def _counts(self, by: str) -> bool:
        """Whether the fault is told to pybreaker: the one that would open the circuit needs a second witness."""
        if len(self._seen_by) < 2:
            self._seen_by.add(by)
        would_open = self._circuit.fail_counter + 1 >= self._config.failures
        return len(self._seen_by) > 1 or not would_open or self.state == STATE_HALF_OPEN

    def close(self) -> None:
        """The other side was ill and says that it is well: whoever was refused may come."""
        self._circuit.close()
        self._forget()

    def _forget(self) -> None:
        """Who saw faults before says nothing about those to come."""
        self._seen_by.clear()
        self._failed_probe_of = None
        self._end_probe()

    def succeeded(self) -> None:
        """Resets the count of faults and closes the circuit, also for a call that began before it opened."""
        if self.state == STATE_OPEN:
            self._circuit.half_open()
        self._circuit.call(_succeed)
        self._forget()


def _is_fault(error: Exception, budget: Budget) -> bool:
    """Whether it says something about the other side: a caller's own deadline does not, nor who asks to move."""
    if not isinstance(error, ParleyError):
        return True
    was_own = error.code is Code.DEADLINE_EXCEEDED and budget.spent
    return error.code in FAULTS and error.reason != Draining.reason and not was_own


class _Fault(Exception):
    """How pybreaker learns of a fault."""


def _fail() -> None:
    raise _Fault


def _succeed() -> None:
    """How pybreaker learns of a success."""
