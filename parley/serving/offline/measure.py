"""How good a version is and what it costs, on a stage's examples, in a process of its own. Must not know a stage.

`python -m parley.serving.offline.measure MODULE:STAGE FOLDER EXAMPLES` says it as JSON.
"""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.offline.answering import answered
from parley.serving.stage import Stage
from parley.serving.trial import opened

STATUS, RESIDENT = Path("/proc/self/status"), "VmRSS:"


@dataclass(frozen=True)
class Measured:
    """Of one version, on this machine."""

    quality: float
    megabytes: float
    memory_mb: float  # the most that it took, above what its process took before
    load_ms: float
    cpu_ms: float  # for all examples
    unit: str
    most_loss: float  # of quality, that a conversion may cost


def measured(stage: Stage, spec: ModelSpec, examples: Path) -> Measured:
    """Open it, run it on all of them."""
    if stage.conversion is None:
        raise BadInput(f"{stage.name} does not say how good a model is; its models are not converted.")
    resident, began = _resident_kib(), time.perf_counter()
    engine = opened(stage.open_engine, spec).model
    load_ms, worked = 1000 * (time.perf_counter() - began), time.process_time()
    quality = stage.conversion.quality(spec, engine, examples)
    cpu_ms = 1000 * (time.process_time() - worked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB
    size = sum((spec.folder / name).stat().st_size for name in spec.files)
    return Measured(
        round(quality, 3),
        round(size / 1e6, 2),
        round(max(0, peak - resident) * 1024 / 1e6, 1),
        round(load_ms, 1),
        round(cpu_ms, 1),
        stage.conversion.unit,
        stage.conversion.most_loss,
    )


def _resident_kib() -> int:
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(RESIDENT))


if __name__ == "__main__":
    sys.exit(answered(measured, "It cannot be measured", *sys.argv[1:]))
