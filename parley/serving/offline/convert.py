"""A version's files in fewer bits or for another library. Must not know a stage, nor how good the result is.

`python -m parley.serving.offline.convert MODULE:STAGE FOLDER OUT TO EXAMPLES` writes files into OUT and says as JSON
which they are, which ones they stand instead of, and what changes in model.toml.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast, get_args

from parley.engines import backends, requantized
from parley.engines.model import ModelSpec
from parley.engines.protocols import Precision
from parley.errors import BadInput
from parley.serving.offline.answering import answered
from parley.serving.stage import Stage

ONNX, CTRANSLATE2, OPENVINO, WEIGHTS = "onnx", "ctranslate2", "openvino", "model.bin"
GRAPHS = ("int8", "fp16")  # what a graph can become
MOST_FEEDS = 200  # of a graph: scales hardly move after that
# What a model's numbers are computed in: with half precision, whatever the device has.
COMPUTED = {"int8": "int8", "int8_float32": "int8_float32", "fp16": "default"}


@dataclass(frozen=True)
class Made:
    """What was written."""

    files: Mapping[str, str]  # with their sums
    instead_of: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)  # in model.toml


def converted(stage: Stage, spec: ModelSpec, out: Path, to: str, examples: Path) -> Made:
    """Writes the files."""
    if spec.backend == ONNX and to == OPENVINO:
        return _for_openvino(spec, out)
    if spec.backend == CTRANSLATE2 and to in get_args(Precision):
        return _weights(spec, out, cast(Precision, to))
    if spec.backend == ONNX and to in GRAPHS:
        return _graphs(stage, spec, out, cast(Precision, to), examples)
    raise BadInput(f"A model of the backend {spec.backend} cannot become {to}; docs/models.md says what can.")


def _graphs(stage: Stage, spec: ModelSpec, out: Path, to: Precision, examples: Path) -> Made:
    """ONNX in fewer bits, between scales that are seen in what each graph is fed."""
    if stage.conversion is None or stage.conversion.feeds is None:
        raise BadInput(f"{stage.name} does not say how its graphs are fed.")
    smaller = cast(Any, backends.load(ONNX)).smaller
    fed = {name: feeds[:MOST_FEEDS] for name, feeds in stage.conversion.feeds(spec, examples).items()}
    for name, feeds in fed.items():
        (out / name).write_bytes(smaller(spec.bytes_of(name), to, feeds))
    return Made(_sums(out, *fed), tuple(fed))


def _weights(spec: ModelSpec, out: Path, to: Precision) -> Made:
    with (out / WEIGHTS).open("wb") as file:
        requantized.rewritten(spec.bytes_of(WEIGHTS), to, file)
    return Made(_sums(out, WEIGHTS), (WEIGHTS,), {"options": {"compute_type": COMPUTED[to]}})


def _for_openvino(spec: ModelSpec, out: Path) -> Made:
    """Each graph as an .xml and a .bin."""
    graphs = [name for name in spec.files if name.endswith(f".{ONNX}")]
    for name in graphs:
        cast(Any, backends.load(OPENVINO)).written(spec, name, out)
    renamed = {what: _xml(name) for what, name in spec.graphs.items()}
    changes = {"backend": OPENVINO, "options": _renamed(dict(spec.options), graphs)} | (
        {"graphs": renamed} if renamed else {}
    )
    files = [each for name in graphs for each in (_xml(name), _xml(name).removesuffix("xml") + "bin")]
    return Made(_sums(out, *files), tuple(graphs), changes)


def _renamed(value: Any, graphs: Sequence[str]) -> Any:
    """Options that name a graph's file name its new one."""
    if isinstance(value, dict):
        return {key: _renamed(each, graphs) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(each, graphs) for each in value]
    return _xml(value) if value in graphs else value


def _xml(name: str) -> str:
    return name.removesuffix(ONNX) + "xml"


def _sums(out: Path, *names: str) -> dict[str, str]:
    return {name: sha256((out / name).read_bytes()).hexdigest() for name in names}


if __name__ == "__main__":
    sys.exit(answered(converted, "It cannot be converted", *sys.argv[1:]))
