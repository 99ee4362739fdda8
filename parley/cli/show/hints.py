"""What to try next, as lines that can be pasted from where the reader stands. Must not know how things run."""

import os
import shutil
import sys
from pathlib import Path

from parley.cli import options
from parley.cli.processes.deployment import Deployment

CLIP = Path("examples/desk.flac")
KEY = ", with a key of `parley keys add` in PARLEY_API_KEY"


def hints(deployment: Deployment) -> str:
    """A curl line, a parley line, the API's documentation."""
    https, grpcs = ("https", "grpcs://") if deployment.has("tls") else ("http", "")
    http = f"{https}://localhost:{deployment.http_port}"
    server = f"{grpcs}localhost:{deployment.grpc_port}"
    key, header = (KEY, ' -H "authorization: Bearer $PARLEY_API_KEY"') if deployment.has("keys_file") else ("", "")
    clip = _from_here(deployment.places.tree / CLIP)
    there = "" if server == options.SERVER else f" --server {server}"
    return "\n".join(
        (
            f"  Try, in another terminal{key}:",
            f"    curl{header} -F file=@{clip} -F model=whisper-1 {http}/v1/audio/transcriptions",
            f"    {_parley()} transcribe {clip} --speakers --translate-to de{there}",
            f"  Speak and read along: {http}/   Operate: {http}/console   The API: {http}/docs",
        )
    )


def _parley() -> str:
    """The command as it was called, unless the shell finds it by its name."""
    found, called = shutil.which("parley"), Path(sys.argv[0])
    if found and called.exists() and Path(found).samefile(called):
        return "parley"
    return _from_here(called) if called.name == "parley" else f"{_from_here(Path(sys.executable))} -m parley.cli"


def _from_here(path: Path) -> str:
    """The shorter of its two names."""
    return min(os.path.relpath(path), str(path.absolute()), key=len)
