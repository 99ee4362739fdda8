"""`--fuzz-seconds=N`: what throws examples at the code goes on for so long together, instead of so many examples."""

import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from typing import Any

import pytest


class TimeIsUp(BaseException):
    """No exception that hypothesis would take for a failure."""


class Bounded:
    """A test's inner function, until its time is up; one that has failed may be made smaller first."""

    def __init__(self, inner: Callable[..., Any], seconds: float) -> None:
        self._inner, self._end, self._failed = inner, time.monotonic() + seconds, False

    def __call__(self, *values: Any, **named: Any) -> Any:
        if time.monotonic() > self._end and not self._failed:
            raise TimeIsUp
        try:
            result = self._inner(*values, **named)
        except Exception:
            self._failed = True
            raise
        return self._watched(result) if inspect.isawaitable(result) else result

    async def _watched(self, result: Awaitable[Any]) -> Any:
        try:
            return await result
        except Exception:
            self._failed = True
            raise


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long."""
    parser.addoption("--fuzz-seconds", type=float, default=0.0, help="how long tests of examples go on, together")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Its share of the time."""
    seconds, fuzzing = item.config.getoption("--fuzz-seconds"), _handle(item)
    if not seconds or fuzzing is None:
        return (yield)
    share = seconds / sum(_handle(each) is not None for each in item.session.items)
    bounded, inner = Bounded(fuzzing.inner_test, share), fuzzing.inner_test
    fuzzing.inner_test = wraps(inner)(lambda *values, **named: bounded(*values, **named))
    try:
        return (yield)
    except TimeIsUp:
        return None


def _handle(item: pytest.Item) -> Any:
    return getattr(getattr(item, "obj", None), "hypothesis", None)
