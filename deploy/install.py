"""`python deploy/install.py LOCK`: what a lock names, and this repository, into the environment that runs this.

Shows how far it is, and at the end how long it took and how much it weighs. Needs nothing but pip.
"""

import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = (sys.executable, "-u", "-m", "pip", "--disable-pip-version-check", "install")
SETTLED = ("Collecting ", "Ignoring ", "Requirement already satisfied: ")  # one of these lines for each of the lock
WIDTH = 30


def install(lock: Path) -> None:
    """All of it, or end with what pip said."""
    began, total = time.monotonic(), sum(1 for line in lock.read_text("utf-8").splitlines() if line[:1].strip(" #"))
    _show(_run("--no-deps", "--progress-bar", "off", "-r", str(lock)), total)
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
    """A bar on a terminal; a line for each step elsewhere."""
    done, doing = 0, ""
    for line in lines:
        if line.startswith(SETTLED) and total:
            done, doing = min(done + 1, total), line.split()[-1 if line.startswith("Ignoring") else 1]
        elif line.startswith("Installing collected packages"):
            doing = "unpacking" if total else "Parley itself"
        else:
            continue
        _draw(done, total, doing)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)


def _draw(done: int, total: int, doing: str) -> None:
    name = doing.partition("==")[0]
    if not sys.stdout.isatty():
        if not done % 10 or done == total:
            print(f"{done}/{total} {name}" if total else name, flush=True)
        return
    full = WIDTH * done // total if total else WIDTH
    print(f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {done}/{total} {name}", end="", flush=True)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
