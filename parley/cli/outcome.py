"""How a command ends: an exit code for scripts and one sentence for people. Must not know any command."""

from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from parley.cli.options import KEY
from parley.errors import BadInput, Code, ParleyError
from parley.extras import install


class Exit(IntEnum):
    """What a script can tell apart."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    UNREACHABLE = 3
    REFUSED = 4
    INTERRUPTED = 130


EXITS = {
    Code.INVALID_ARGUMENT: Exit.BAD_INPUT,
    Code.NOT_FOUND: Exit.BAD_INPUT,
    Code.UNAUTHENTICATED: Exit.BAD_INPUT,
    Code.PERMISSION_DENIED: Exit.BAD_INPUT,
    Code.UNAVAILABLE: Exit.UNREACHABLE,
    Code.DEADLINE_EXCEEDED: Exit.UNREACHABLE,
    Code.RESOURCE_EXHAUSTED: Exit.REFUSED,
}
EPILOG = (
    "Exit codes: 0 it worked; 1 it failed; 2 the command or its input is wrong; 3 the server is not reachable or not "
    "able; 4 the server refused because it is full, try later; 130 interrupted."
)


def exit_of(error: ParleyError) -> Exit:
    """The code that a script sees."""
    return EXITS.get(error.code, Exit.FAILED)


def say_error(error: ParleyError) -> None:
    """One sentence on stderr."""
    wait = f" Try again in {error.retry_s:g} s." if error.retry_s else ""
    key = f" This command takes it from {KEY}." if error.code is Code.UNAUTHENTICATED else ""
    typer.echo(f"parley: {error}{wait}{key}", err=True)


class Commands(TyperGroup):
    """Commands whose foreseeable failures never show a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ParleyError as error:
            say_error(error)
            raise typer.Exit(exit_of(error)) from None
        except ModuleNotFoundError as missing:
            if str(missing.name).startswith("parley"):
                raise  # a fault of ours
            say_error(BadInput(f"The package {missing.name} is not installed; {install('serve')}."))
            raise typer.Exit(Exit.BAD_INPUT) from None
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
