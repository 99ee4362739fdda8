"""The command line without a server: help, usage, and one sentence for what goes wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.outcome import EXITS, Exit, exit_of
from parley.errors import Code, Overloaded

ROOT = Path(__file__).parents[3]
CLIP = str(ROOT / "examples/one-speaker.flac")
NOBODY = "localhost:1"


def parley(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_help_tells_the_exit_codes() -> None:
    """Whoever writes a script looks there."""
    shown = " ".join(parley("--help").output.split())
    for code in ("0 it worked", "2 the command", "3 the server is not reachable", "4 the server refused"):
        assert code in shown


def test_help_loads_nothing_heavy() -> None:
    """`parley --help` answers before one has let go of the key."""
    heavy = "{'grpc', 'numpy', 'rich', 'av', 'httpx', 'google.protobuf'}"
    script = f"import sys, parley.cli; print(*({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("transcribe", CLIP),
        ("stream", CLIP),
        ("diarize", CLIP),
        ("translate", "hello", "--to", "de"),
        ("models", "list"),
        ("models", "load", "asr", "echo@1"),
    ],
)
def test_nobody_there_is_said_in_one_sentence(arguments: tuple[str, ...]) -> None:
    """With what to do, and a code of its own."""
    ended = parley(*arguments, "--server", NOBODY)
    assert ended.exit_code == Exit.UNREACHABLE
    assert (
        ended.stderr
        == f"parley: Nobody answers at {NOBODY}; is `parley up` running? Behind TLS it is grpcs://{NOBODY}.\n"
    )


def test_status_of_nobody() -> None:
    """The same over HTTP."""
    ended = parley("status", "--http", f"http://{NOBODY}")
    assert (ended.exit_code, "is `parley up` running?" in ended.stderr) == (Exit.UNREACHABLE, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("transcribe", "no-such-file.wav"),
        ("transcribe", __file__),
        ("stream", "no-such-file.wav"),
        ("denoise", CLIP, "/no/such/folder/out.wav"),
        ("diarize", CLIP, "--json", "--rttm"),
        ("transcribe", CLIP, "--model", "asr="),
        ("models", "list", "speling"),
        ("status", "--http", "localhost"),
        ("translate", "hello"),
        ("up", "--http-port", "0"),
        ("sing",),
    ],
)
def test_a_wrong_command_exits_with_two(arguments: tuple[str, ...]) -> None:
    """Before the server is asked, and without a traceback."""
    ended = parley(*arguments)
    assert ended.exit_code == Exit.BAD_INPUT
    assert ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_code_has_an_exit() -> None:
    """Scripts tell "try later" from "mend it"; what is left has failed."""
    assert exit_of(Overloaded("full")) == Exit.REFUSED
    assert set(Code) - set(EXITS) == {Code.FAILED_PRECONDITION, Code.INTERNAL}
