"""How much memory a service's versions may take together, and which one goes first. Must not know how one is loaded."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

from parley.config import Within
from parley.engines.model import EXACT, ModelRef, ModelSpec
from parley.errors import BadConfig, TooLittleMemory

STATUS, RESIDENT = Path("/proc/self/status"), "VmRSS:"


@dataclass(frozen=True)
class MemoryConfig:
    """A budget for all versions that are loaded; those beyond it that nobody uses are put to sleep."""

    budget_mb: Annotated[int, Within(0, 10_000_000)] = 0  # 0: without bound
    pinned: tuple[str, ...] = ()  # versions that stay, beside the config's own and the default


class Loaded(Protocol):
    """What is asked of a version that is in memory."""

    spec: ModelSpec
    megabytes: float
    streams: int
    used_at: float


Version = TypeVar("Version", bound=Loaded)


class MemoryBudget:
    """Decides; whoever asks puts to sleep."""

    def __init__(self, config: MemoryConfig, always: Iterable[str] = ()) -> None:
        self._budget_mb = config.budget_mb
        self._pinned = {*config.pinned, *always}
        for wrong in (each for each in config.pinned if not EXACT.fullmatch(each)):
            raise BadConfig(f"`memory.pinned` has {wrong!r}; write name@version.")

    def first(
        self, there: Collection[Version], default: ModelRef | None, coming: Loaded | None = None
    ) -> Version | None:
        """Which of those in memory has to go; None: all of them may stay. Refuses what cannot come."""
        over = sum(each.megabytes for each in there) + (coming.megabytes if coming else 0) - self._budget_mb
        if not self._budget_mb or over <= 0:
            return None
        stays = {*self._pinned, str(default)}
        idle = [each for each in there if not each.streams and str(each.spec.ref) not in stays]
        if idle and (coming is None or sum(each.megabytes for each in idle) >= over):
            return min(idle, key=lambda each: each.used_at)
        if coming is None:
            return None
        free = max(0.0, coming.megabytes - over)
        held = (
            f"{self._budget_mb} MB may be taken (`memory.budget_mb`), {free:.0f} are free, and no other version may go"
        )
        raise TooLittleMemory(f"{coming.spec.ref} takes about {coming.megabytes:.0f} MB; {held}.")


def size_mb(spec: ModelSpec) -> float:
    """What a version takes at least: its files."""
    paths = (spec.folder / name for name in spec.files)
    return (
        sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
    )  # what is missing is told of when it is read


def resident_mb(status: Path = STATUS) -> float:
    """What this process holds now; 0 where the system does not tell."""
    try:
        lines = status.read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(RESIDENT))
    except (OSError, StopIteration):
        return 0.0


def grown_mb(before_mb: float, spec: ModelSpec, resident: Callable[[], float] = resident_mb) -> float:
    """What opening a version has taken: no less than its files, which others' leavings may hide."""
    return max(resident() - before_mb, size_mb(spec))
