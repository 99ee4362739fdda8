"""A version's graphs in fewer bits, compared with the original on recordings. Must not know a stage.

`python -m parley.serving.convert MODULE:STAGE FOLDER OUT PRECISION RECORDINGS` writes the graphs into OUT and says what
was measured as JSON. The first of every two recordings gives the scales, the other ones the quality.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from parley.engines import backends
from parley.engines.model import ModelSpec, read_spec
from parley.engines.protocols import Feeds, Precision
from parley.errors import BadInput, BadModel, ParleyError
from parley.serving.stage import Conversion, Stage
from parley.serving.trial import opened

ONNX, SUFFIXES = "onnx", (".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a")
MOST_FEEDS = 200  # of a graph: scales hardly move after that


@dataclass(frozen=True)
class Side:
    """What was measured of one of the two."""

    quality: float
    megabytes: float
    cpu_ms: float  # for everything that the graphs were fed


@dataclass(frozen=True)
class Compared:
    """Both, and whether the loss may be borne."""

    before: Side
    after: Side
    unit: str
    loss: float
    most_loss: float
    files: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether it may be served."""
        return self.loss <= self.most_loss


def converted(stage: Stage, spec: ModelSpec, out: Path, to: Precision, recordings: Sequence[Path]) -> Compared:
    """Writes the graphs; measures both."""
    if stage.conversion is None or spec.backend != ONNX:
        raise BadInput(f"{spec.ref} is no ONNX model of sound; only those are converted here.")
    if len(recordings) < 2:
        raise BadInput("Converting needs at least two recordings; name a folder that has more, with --calibration.")
    scales, others = recordings[0::2], recordings[1::2]
    fed = {name: feeds[:MOST_FEEDS] for name, feeds in stage.conversion.feeds(spec, scales).items()}
    smaller = _smaller()
    for name, feeds in fed.items():
        (out / name).write_bytes(smaller(spec.bytes_of(name), to, feeds))
    sums = {name: sha256((out / name).read_bytes()).hexdigest() for name in fed}
    small = replace(spec, folder=out, files=sums)
    before, after = (_side(stage, stage.conversion, each, fed, others) for each in (spec, small))
    loss = round(before.quality - after.quality, 3)
    return Compared(before, after, stage.conversion.unit, loss, stage.conversion.most_loss, sums)


def _smaller() -> Any:
    return cast(Any, backends.load(ONNX)).smaller


def _side(
    stage: Stage, conversion: Conversion, spec: ModelSpec, fed: Mapping[str, Sequence[Feeds]], others: Sequence[Path]
) -> Side:
    engine = opened(stage.open_engine, spec).model
    quality = conversion.quality(spec, engine, others)
    graphs = {name: backends.tensors(replace(spec, files={name: spec.files[name]})).model for name in fed}
    began = time.process_time()
    for name, feeds in fed.items():
        for each in feeds:
            graphs[name].run(each)
    cpu_ms = 1000 * (time.process_time() - began)
    megabytes = sum((spec.folder / name).stat().st_size for name in fed) / 1e6
    return Side(round(quality, 3), round(megabytes, 2), round(cpu_ms, 1))


def recordings(folder: Path) -> list[Path]:
    """Every one of a folder, in order."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)


def main(name: str, folder: str, out: str, to: str, sounds: str) -> int:
    """0: it was converted; what was measured says whether it is good."""
    result = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries say this and that
    module, _, attribute = name.partition(":")
    try:
        stage = getattr(import_module(module), attribute)
        found = converted(stage, read_spec(Path(folder)), Path(out), cast(Precision, to), recordings(Path(sounds)))
        told: dict[str, Any] = {"done": asdict(found) | {"is_good": found.is_good}}
    except ParleyError as error:
        told = {"failed": str(error), "code": error.code.name, "reason": error.reason}
    except Exception as error:  # a library's own complaint is about the model
        told = {"failed": f"It cannot be converted: {error}.", "code": BadModel.code.name, "reason": BadModel.reason}
    print(json.dumps(told), file=result, flush=True)
    return 1 if "failed" in told else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
