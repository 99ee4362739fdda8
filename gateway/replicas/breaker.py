"""Stops calling what fails. Must not know what is called.

pybreaker counts, opens and closes; this adapter decides what counts and when a probe may pass. A client that hangs up
is no fault and no success, a client's bad input is no fault, and a half-open circuit lets one probe through, not all.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from gateway.config import BreakerConfig
from parley.budget import Clock
from parley.errors import CircuitOpen, Code, ParleyError

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
    """Closed: everybody passes. Open: nobody. Half-open: one probe."""

    def __init__(self, name: str, config: BreakerConfig, clock: Clock = time.monotonic) -> None:
        self._name, self._config, self._clock = name, config, clock
        self._circuit = CircuitBreaker(config.failures, name=name, throw_new_error_on_trip=False)
        self._opened = 0.0
        self._probing = False

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        return str(self._circuit.current_state)

    def admits(self) -> bool:
        """Whether `guard` would let a call through now."""
        if self.state == STATE_CLOSED:
            return True
        return not self._probing and self._clock() - self._opened >= self._config.rest_s

    @contextmanager
    def guard(self) -> Iterator[Attempt]:
        """Let a call through or refuse it at once, and learn from how it ends."""
        if not self.admits():
            wait_s = max(0.0, self._config.rest_s - (self._clock() - self._opened))
            raise CircuitOpen(f"{self._name} failed too often just now; come back in {wait_s:.1f} s.", retry_s=wait_s)
        attempt = Attempt(self, probe=self.state != STATE_CLOSED)
        if attempt.probe:
            self._circuit.half_open()
            self._probing = True
        try:
            yield attempt
            attempt.worked()
        except Exception as error:  # not a cancellation: who hangs up proves nothing
            self._learn(error)
            raise
        finally:
            self._end(attempt)

    def _end(self, attempt: Attempt) -> None:
        """A probe that neither worked nor failed proves nothing: the next caller may try."""
        if attempt.probe:
            self._probing = False
            if self.state == STATE_HALF_OPEN:
                self._circuit.open()

    def _learn(self, error: Exception) -> None:
        if not isinstance(error, ParleyError) or error.code in FAULTS:
            self.failed()

    def failed(self) -> None:
        """A fault of the other side; those of calls that began before the circuit opened prolong its rest."""
        if self.state != STATE_OPEN:
            with suppress(_Fault):
                self._circuit.call(_fail)
        if self.state == STATE_OPEN:
            self._opened = self._clock()

    def wake(self) -> None:
        """The other side says that it is well: a probe need not wait."""
        self._opened = -self._config.rest_s

    def succeeded(self) -> None:
        """Resets the count of faults and closes the circuit, also for a call that began before it opened."""
        if self.state == STATE_OPEN:
            self._circuit.half_open()
        self._circuit.call(_succeed)


class _Fault(Exception):
    """How pybreaker learns of a fault."""


def _fail() -> None:
    raise _Fault


def _succeed() -> None:
    """How pybreaker learns of a success."""
