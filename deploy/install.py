"""`python deploy/install.py LOCK`: what a lock names, and this repository, into the environment that runs this.

Shows how far it is, and at the end how long it took and how much it weighs. Needs nothing but pip.
"""

import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = (sys.executable, "-u", "-m", "pip", "--disable-pip-version-check", "install")
# Of each of the lock's packages pip says one of these.
SETTLED = ("Collecting ", "Processing ", "Ignoring ", "Requirement already satisfied: ")
WIDTH = 30


def install(lock: Path) -> None:
    """All of it, or end with what pip said."""
    began, total = time.monotonic(), sum(1 for line in lock.read_text("utf-8").splitlines() if line[:1].strip(" #"))
    _show(_run("--require-hashes", "--no-deps", "--progress-bar", "off", "-r", str(lock)), total)
    _show(_run("--no-deps", "--editable", str(ROOT)), 0)
    folder = Path(sysconfig.get_path("purelib"))
    held = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"Installed in {time.monotonic() - began:.0f} s; {folder} holds {held / 1e6:.0f} MB.", flush=True)


def _run(*words: str) -> Iterator[str]:
    """What pip says, line by line."""
    lines: list[str] = []
    with subprocess.Popen((*PIP, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            lines.append(line)
            yield line
    if pip.returncode:
        sys.exit("".join(lines[-20:]) + "pip could not install this; see its last lines above.")


def _show(lines: Iterable[str], total: int) -> None:
    """A bar on a terminal; a line for every tenth package elsewhere."""
    done, doing = 0, ""
    for line in lines:
        settled = next((start for start in SETTLED if line.startswith(start)), "") if total else ""
        if settled:
            done, doing = min(done + 1, total), _name(line.removeprefix(settled))
        elif line.startswith("Installing collected packages"):
            doing = "unpacking" if total else "Parley itself"
        else:
            continue
        _draw(done, total, doing)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)


def _name(text: str) -> str:
    """The package's, of `name==1.2 (from ...)`, `/folder/name-1.2.whl (from ...)` or `name: markers ...`."""
    return re.split("==|-[0-9]|:", Path(text.split()[0]).name)[0]


def _draw(done: int, total: int, doing: str) -> None:
    count = f"{done}/{total} {doing}" if total else doing
    if sys.stdout.isatty():
        full = WIDTH * done // total if total else WIDTH
        print(f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {count}", end="", flush=True)
    elif not done % 10 or doing == "unpacking":
        print(count, flush=True)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
