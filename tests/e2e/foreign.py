"""A foreign client as a process of its own. Must not know which."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.contract.source import ROOT

PATIENCE_S = 100.0  # it says everything there is to say, on a machine that is busy


async def spoken_to(script: str, *arguments: str, python: str | Path = sys.executable) -> dict[str, Any]:
    """What a foreign client in its own process says that it got; some have an environment of their own."""
    process = await asyncio.create_subprocess_exec(
        python, "-m", f"tests.compat.{script}", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out)
    return told
