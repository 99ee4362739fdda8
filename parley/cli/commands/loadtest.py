"""`parley loadtest`: does the latency promise hold on this machine, and for how many? Must not know what is measured.

The load test reads its own arguments; it takes this process's place, so its exit code is the command's.
"""

import os
import sys
import time
from typing import Annotated

import typer

from parley.errors import BadInput
from parley.extras import install, is_installed
from parley.places import places

NEEDED = {"hdrh": "loadtest", "locust": "loadtest", "psutil": "loadtest", "numpy": "serve"}  # package -> extra
PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
Words = Annotated[list[str] | None, typer.Argument(metavar="[SCENARIO]... [OPTION]...")]

app = typer.Typer(
    help="Measure the latency promise; --help after `sla` or `capacity` shows the options.", no_args_is_help=True
)


@app.command(context_settings=PASSED_ON)
def sla(words: Words = None) -> None:
    """Run scenarios and judge them; exit code 0: the promise holds, 1: it is broken, 2: nothing was proved."""
    _run("loadtest.sla", "sla", words or [])


@app.command(context_settings=PASSED_ON)
def capacity(words: Words = None) -> None:
    """Search for the most streams that keep the promise on this machine."""
    _run("loadtest.sla.capacity", "capacity", words or [])


def _run(module: str, name: str, words: list[str]) -> None:
    where = places()
    missing = [package for package in NEEDED if not is_installed(package)]
    if missing:
        package, extra = missing[0], NEEDED[missing[0]]
        raise BadInput(f"The package {package} is not installed; for load tests, {install(extra)}.")
    out = where.logs.parent / name / time.strftime("%Y-%m-%dT%H-%M-%S")  # one among the words comes later and wins
    command = [sys.executable, "-m", module, "--out", str(out), *words]
    os.execve(sys.executable, command, where.environment(os.environ))
