"""Opens a version in a process of its own first: what crashes, hangs or eats memory there takes no neighbour along.

`python -m parley.serving.trial MODULE:FUNCTION FOLDER` opens one, and says in a line of JSON how that went. What is
around it comes by its input.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from parley.engines.model import ModelSpec, read_spec
from parley.engines.surroundings import Surroundings
from parley.errors import BadModel, ParleyError
from parley.wire.error_names import of_code

log = logging.getLogger(__name__)
Opener = Callable[[ModelSpec], Any]
NICER = 10  # than the process that serves
FIRST = "1000"  # when memory is short, the system ends this one before any other


async def tried(opener: Opener, spec: ModelSpec, within_s: float) -> None:
    """Raises what is wrong with a version, or BadModel where it ends its process or takes too long."""
    words = (sys.executable, "-X", "faulthandler", "-m", __name__, f"{opener.__module__}:{opener.__qualname__}")
    pipe = asyncio.subprocess.PIPE
    trial = await asyncio.create_subprocess_exec(*words, str(spec.folder), stdin=pipe, stdout=pipe)
    try:
        async with asyncio.timeout(within_s or None):
            output, _ = await trial.communicate(spec.around.told().encode())
    except TimeoutError:
        why = f"{spec.ref} was not open after {within_s:g} s (`load_s`); the process that tried it was ended."
        raise BadModel(why) from None
    finally:
        if trial.returncode is None:
            trial.kill()
            await trial.wait()
    _learn(spec, await trial.wait(), output)


def _learn(spec: ModelSpec, code: int, output: bytes) -> None:
    if code == 0:
        return
    if code < 0:
        raise BadModel(f"{spec.ref} ends the process that opens it ({signal.Signals(-code).name}); it is not loaded.")
    try:
        report = json.loads(output)
    except ValueError:
        raise BadModel(f"{spec.ref} ends the process that opens it, with {code}; it is not loaded.") from None
    raise of_code(report["code"], report["reason"])(report["message"])


def opened(opener: Opener, spec: ModelSpec) -> Any:
    """A version, opened here; a library's own complaint is about the model."""
    try:
        return opener(spec)
    except ParleyError:
        raise
    except Exception as error:
        log.exception("%s cannot be opened", spec.ref)
        reason = str(error).strip() or type(error).__name__
        raise BadModel(f"{spec.folder} cannot be opened: {reason}; get its files again.") from error


def main(function: str, folder: str) -> int:
    """Open it; 0: it can be."""
    result = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries say this and that
    os.nice(NICER)
    with suppress(OSError):  # not on this system
        Path("/proc/self/oom_score_adj").write_text(FIRST)
    module, _, name = function.partition(":")
    try:
        around = Surroundings.heard(sys.stdin.read())
        opened(getattr(import_module(module), name), replace(read_spec(Path(folder)), around=around))
    except ParleyError as error:
        print(json.dumps({"code": error.code.name, "reason": error.reason, "message": str(error)}), file=result)
        result.flush()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
