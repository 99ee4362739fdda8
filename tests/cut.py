"""Remembers, for `make again`, that a run ended before every test had run: a worker died, or it was interrupted."""

from pathlib import Path
from typing import Any

import pytest

KEY = "parley/cut"
CUT = Path(".pytest_cache/v", KEY)


def pytest_sessionstart(session: pytest.Session) -> None:
    """A new run has all its tests before it."""
    _remember(session.config, False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """The tests that a dead worker had before it are run by nobody."""
    if error:
        _remember(node.config, True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Of a run that was interrupted nobody knows the rest."""
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        _remember(session.config, True)


def _remember(config: pytest.Config, cut: bool) -> None:
    cache = getattr(config, "cache", None)  # absent with -p no:cacheprovider
    if cache is not None and not hasattr(config, "workerinput"):
        cache.set(KEY, cut)
