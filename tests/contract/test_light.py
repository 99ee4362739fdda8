"""The client without extras: what it may import, and that it says what to install for the rest."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.source import ROOT, modules

# Modules that only an extra brings; importing one here fails as if it were not installed.
HIDDEN = {"av", "numpy", "soxr", "httpx", "starlette", "uvicorn", "uvloop", "opentelemetry", "prometheus_client"}
HIDDEN |= {"pybreaker", "limits", "websockets", "tokenizers", "ctranslate2", "onnxruntime", "grpc_reflection", "psutil"}
HIDDEN |= {"rapidfuzz", "tomlkit", "hdrh", "locust"}
HIDE = f"""
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HIDDEN}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def run(script: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Python, in an environment that has the base dependencies only."""
    command = (sys.executable, "-c", HIDE + script, *words)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def parley(*words: str) -> "subprocess.CompletedProcess[str]":
    return run("from parley.cli import main\nmain()", *words)


def test_the_client_and_every_command_load_without_extras() -> None:
    """`pip install parley-speech` brings the client and the remote commands."""
    paths = [each.path for each in modules("parley") if each.path.startswith(("parley/cli/", "parley/client"))]
    names = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
    imports = "\n".join(f"import {name}" for name in names if not name.endswith("__main__"))
    done = run(imports)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("up",), "serve"),
        (("models", "add", "https://example.com/model.zip"), "serve"),
        (("transcribe", "examples/desk.flac"), "media"),
        (("loadtest", "sla", "smoke", "--once"), "loadtest"),
        (("loadtest", "capacity"), "loadtest"),
    ],
)
def test_what_needs_an_extra_says_which(words: tuple[str, ...], extra: str) -> None:
    """One sentence that can be pasted, and no traceback."""
    done = parley(*words)
    assert done.returncode == 2
    assert f'pip install "parley-speech[{extra}]"' in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wav_needs_no_extra(tmp_path: Path) -> None:
    """It gets as far as asking for the server."""
    script = "import wave\nwith wave.open(sys.argv.pop(), 'wb') as f:\n f.setparams((2, 2, 44100, 0, 'NONE', ''))\n"
    script += " f.writeframes(bytes(44100))\n"
    file = f"{tmp_path}/talk.wav"
    done = run(script + "from parley.cli import main\nmain()", "transcribe", file, "--server", "localhost:1", file)
    assert (done.returncode, "Nobody answers at localhost:1" in done.stderr) == (3, True)


WRONG = re.compile(r"parley\[[a-z]|install parley ")


def test_hints_name_the_distribution() -> None:
    """`parley` on the package index is somebody else's."""
    text = {each.path: each.text for each in modules("parley", "services", "gateway", "loadtest")}
    assert [path for path, source in text.items() if WRONG.search(source)] == []
