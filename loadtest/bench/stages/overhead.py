"""What the service adds to its engine: there and back with a graph that does nothing, less the bare graph's time."""

import hashlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from loadtest.bench.stages import bare
from loadtest.bench.stages.lockstep import Lockstep
from loadtest.bench.stages.row import BenchRow
from loadtest.bench.stages.setup import BenchSetup, percentile, rounds
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest

HOP = 256
CHUNKS, CALLS = 1000, 300
AIM_P50_MS, AIM_P99_MS = 0.9, 1.7
SOUND = bytes(range(256)) * (2 * HOP // 256)
MODEL = """\
name = "nothing"
version = "1"
stage = "denoise"
backend = "onnx"
options = {{ hop = {hop}, output = "clean" }}
files = {{ "nothing.onnx" = "{sha256}" }}
"""


def rows(setup: BenchSetup) -> list[BenchRow]:
    """A chunk of a stream that is open, and a whole call of one chunk."""
    file = _model(setup.folder / "models/denoise/nothing/1")
    env = {"PARLEY_MODELS_ROOT": str(setup.folder / "models"), "PARLEY_MODELS": "nothing@1"}
    with setup.serving("denoise", env) as address:
        stream, call = _asked(address, CHUNKS), _asked(address, 1)
        stream.alone()
        return [
            _row("a chunk of an open stream", stream.alone, file),
            _row("a call of one chunk", partial(call.calls, CALLS), file),
        ]


def _asked(address: str, chunks: int) -> Lockstep:
    pieces = [{"audio": {"data": SOUND}}] * chunks
    config = DenoiseConfig()
    return Lockstep(address, "Denoise", DenoiseRequest, config, pieces, lambda answer: bool(answer.HasField("audio")))


def _row(what: str, there_and_back: Callable[[], list[float]], file: Path) -> BenchRow:
    def added(percent: float) -> float:
        return percentile(there_and_back(), percent) - percentile(_engine(file), percent)

    p50_ms, p99_ms = rounds(lambda: added(50), lambda: added(99))
    return BenchRow(
        f"service: {what}, one caller, less the engine's time",
        f"the bare graph: p50 {percentile(_engine(file), 50):.3f} ms",
        f"p50 +{p50_ms:.2f} ms, p99 +{p99_ms:.2f} ms",
        f"< {AIM_P50_MS}, < {AIM_P99_MS} ms",
        p50_ms < AIM_P50_MS and p99_ms < AIM_P99_MS,
    )


def _engine(file: Path) -> list[float]:
    """Milliseconds of each run, in this process."""
    graph, sound, took = bare.graph(file), np.zeros((1, HOP), np.float32), list[float]()
    for _ in range(CHUNKS):
        began = time.perf_counter()
        graph.run({"audio": sound})
        took.append(1000 * (time.perf_counter() - began))
    return took


def _model(folder: Path) -> Path:
    """A model of one operation, which changes nothing."""
    folder.mkdir(parents=True)
    file, written = folder / "nothing.onnx", _graph()
    file.write_bytes(written)
    (folder / "model.toml").write_text(MODEL.format(hop=HOP, sha256=hashlib.sha256(written).hexdigest()), "utf-8")
    return file


def _graph() -> bytes:
    """As ONNX writes it: `clean` is `audio`, [streams, samples] of float32."""
    node = _part(1, b"audio") + _part(2, b"clean") + _part(4, b"Identity")
    ends = [_part(field, _value(name)) for field, name in ((11, b"audio"), (12, b"clean"))]
    body = _part(1, node) + _part(2, b"nothing") + b"".join(ends)
    return bytes([1 << 3, 8]) + _part(7, body) + _part(8, bytes([2 << 3, 13]))


def _value(name: bytes) -> bytes:
    axes = b"".join(_part(1, _part(2, axis)) for axis in (b"streams", b"samples"))
    return _part(1, name) + _part(2, _part(1, bytes([1 << 3, 1]) + _part(2, axes)))


def _part(field: int, data: bytes) -> bytes:
    """A protobuf field with its length before it; ours are all short."""
    return bytes([field << 3 | 2, len(data)]) + data
