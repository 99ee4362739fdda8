"""What diarize asks of a model, in one place, and how a run shows that it is one. Must not know streams."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from parley.audio import media
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines.contract import Graph, Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from services.diarize.engine import SETS, Active, Rows, SegmentJob, WindowsJob, shape_of
from services.diarize.options import DiarizeOptions

VOICES = ("introduction.flac", "caesar.flac", "triple-jump.flac")  # three people
LONGEST_S = 60.0
ECHO, EMBEDDING, SEGMENTATION = "echo", "embedding", "segmentation"
VoiceEngine = Engine[WindowsJob | SegmentJob, Rows | Active]


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Rate and options, then each graph's names, shapes and kinds of numbers."""
    yield Line(f"sample_rate_hz is {RATE_HZ}, and [options] are right", nothing(lambda: DiarizeOptions.of(spec)))
    if spec.graphs:
        asks = f"[graphs] names {EMBEDDING} and {SEGMENTATION}"
        yield Line(asks, nothing(lambda: (spec.graph(EMBEDDING), spec.graph(SEGMENTATION))))
    if spec.backend == ECHO:
        return
    declared = DiarizeOptions.of(spec)
    graph = _graph(spec, EMBEDDING)
    yield from graph.takes(declared.input, ("windows", "samples"))
    yield from graph.gives(declared.output, ("windows", declared.width or "width"))
    yield from graph.only([declared.input])
    if spec.graphs:
        graph = _graph(spec, SEGMENTATION)
        yield from graph.takes(declared.input, ("segments", "samples"))
        yield from graph.gives(declared.segment_output, ("segments", "frames", len(SETS)))
        yield from graph.only([declared.input])


def graph_file(spec: ModelSpec, name: str) -> str:
    """Which file has it."""
    return next((each for each in spec.graph(name).files if each.endswith((".onnx", ".xml"))), "")


def _graph(spec: ModelSpec, name: str) -> Graph:
    return Graph(spec, graph_file(spec, name))


def golden(spec: ModelSpec, engine: VoiceEngine, examples: Path) -> Iterator[Line]:
    """Three people, each heard twice."""
    if spec.backend != ECHO:
        asks = "of three people each voice is nearest to itself, a moment later"
        yield Line(asks, lambda: _fault(spec, engine, [clip_of(examples / name) for name in VOICES]))
        yield Line("a row does not depend on the rows beside it", lambda: _neighbours(spec, engine, examples))


def _fault(spec: ModelSpec, engine: VoiceEngine, clips: Sequence[Samples]) -> str:
    near = alike(spec, engine, clips)
    if not np.isfinite(near).all():
        return "what comes out is no number"
    wrong = [VOICES[n] for n in range(len(clips)) if near[n].argmax() != n]
    return f"the voice in {' and '.join(wrong)} is nearer to somebody else's" if wrong else ""


def alike(spec: ModelSpec, engine: VoiceEngine, clips: Sequence[Samples]) -> Rows:
    """Cosines between the first half of each recording and the second half of each."""
    size = shape_of(spec).size
    rows = _embedded(engine, np.stack([_loudest(half, size) for clip in clips for half in np.array_split(clip, 2)]))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    near: Rows = unit[0::2] @ unit[1::2].T
    return near


def _neighbours(spec: ModelSpec, engine: VoiceEngine, examples: Path) -> str:
    size = shape_of(spec).size
    one, other = (_loudest(clip_of(examples / name), size) for name in VOICES[:2])
    alone, beside = _embedded(engine, one[None]), _embedded(engine, np.stack((one, 8 * other)))
    unit = [row / np.linalg.norm(row) for row in (alone[0], beside[0])]
    cosine = float(unit[0] @ unit[1])
    return "" if cosine > 0.99 else f"beside a louder voice it is another one (cosine {cosine:.2f})"


def _embedded(engine: VoiceEngine, windows: Rows) -> Rows:
    (rows,) = engine.run([WindowsJob(windows)])
    return cast(Rows, rows)


def _loudest(clip: Samples, size: int) -> Samples:
    """The window in which most is said."""
    starts = range(0, max(1, len(clip) - size), size // 8)
    best = max(starts, key=lambda at: float(np.square(clip[at : at + size]).sum()))
    return np.resize(clip[best : best + size], size)


def clip_of(path: Path) -> Samples:
    """A recording, as the engine hears it."""
    data = media.read(path.read_bytes(), LONGEST_S, RATE_HZ).data
    return np.asarray(np.frombuffer(data, "<i2"), np.float32) / np.float32(32768)
