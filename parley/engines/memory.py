"""How much memory is left, here and in this container. Must not know what it is for."""

from pathlib import Path

from parley.errors import TooLittleMemory

SYSTEM = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 50  # older containers write a number like this where there is no limit
GIB = 1 << 30


def available(system: Path = SYSTEM, container: Path = CONTAINER) -> int | None:
    """Bytes; None: this system does not tell."""
    known = [left for left in (_in_system(system), _in_container(container)) if left is not None]
    return min(known, default=None)


def _in_system(file: Path) -> int | None:
    try:
        line = next(line for line in file.read_text("ascii").splitlines() if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) * 1024


def _in_container(folder: Path) -> int | None:
    """What a container's limit leaves; files that the system only keeps at hand can go."""
    old = folder / "memory"
    for limit, used in (
        (folder / "memory.max", folder / "memory.current"),
        (old / "memory.limit_in_bytes", old / "memory.usage_in_bytes"),
    ):
        most, held = _number(limit), _number(used)
        if most is not None and held is not None and most < UNLIMITED:
            return max(0, most - held + _idle_files(limit.parent / "memory.stat"))
    return None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):  # "max": there is no limit
        return None


def _idle_files(file: Path) -> int:
    try:
        lines = dict(line.split() for line in file.read_text("ascii").splitlines())
    except (OSError, ValueError):
        return 0
    return int(lines.get("inactive_file", 0))


def demand(needed: int, what: str, left: int | None = None) -> None:
    """Refuse before anything is loaded what would end in the system's killing the process."""
    left = available() if left is None else left
    if left is not None and needed > left:
        sizes = f"needs about {needed / GIB:.1f} GiB of memory while it loads, and {left / GIB:.1f} GiB are left"
        raise TooLittleMemory(f"{what} {sizes}; free some, or load a smaller model.")
