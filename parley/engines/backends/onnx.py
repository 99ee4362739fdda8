"""Runs graphs with ONNX Runtime. Must not know what a graph is for."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

# From 1.32 on the library, when imported, makes an identifier for this machine and a queue of events to send home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

from parley.config import Within
from parley.engines import onnx_file, options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Array, Generator, Precision, Tensors
from parley.errors import BadConfig, BadModel
from parley.extras import install

LIBRARIES = ("onnxruntime",)
EXTRAS = ("cpu", "gpu")


@dataclass(frozen=True)
class Options:
    """What a model may say of how it is run."""

    threads: Annotated[int, Within(1, 256)] = 1  # of one run
    arena: bool = False  # memory that grows to its peak and stays there


HEAVY = [
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
]  # what has weights; eight bits for the rest cost more than they gain
ALREADY = (b"QuantizeLinear", b"DequantizeLinear")
PROVIDERS = {"GPU": "CUDAExecutionProvider", "CPU": "CPUExecutionProvider"}


def devices() -> Sequence[str]:
    """What the installed build supports."""
    present = ort.get_available_providers()
    return [device for device, provider in PROVIDERS.items() if provider in present]


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """Open the one .onnx file that the spec lists."""
    graphs = [name for name in spec.files if name.endswith(".onnx")]
    if len(graphs) != 1:
        raise BadModel(f"{spec.folder / 'model.toml'} must list one .onnx file, not {len(graphs)}.")
    settings, data = _settings(options.part(Options, spec)), spec.bytes_of(graphs[0])
    if others := onnx_file.read(spec.folder / graphs[0], data, spec).others:
        held = [spec.bytes_of(name) for name in others]  # checked as well, and not opened by the library
        settings.add_external_initializers_from_files_in_memory(list(others), held, list(map(len, held)))
    session = ort.InferenceSession(data, settings, providers=[PROVIDERS[device]])
    if PROVIDERS[device] not in session.get_providers():
        raise RuntimeError(f"{PROVIDERS[device]} did not start")
    return OnnxTensors(session)


def generator(spec: ModelSpec, device: str) -> Generator:
    """There is none."""
    raise BadModel(f"{spec.ref}: the onnx backend runs graphs only; a generator needs ctranslate2.")


def _settings(how: Options) -> ort.SessionOptions:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = how.threads
    settings.inter_op_num_threads = 1
    # Small graphs: a spinning pool costs more than it gains.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # No set_denormal_as_zero: it misses the thread that calls, and changes for ever the arithmetic of the thread that
    # opens the process's first graph. Who carries a state keeps it out of the denormals.
    # An arena grows to its peak and stays there; without one a small graph is as fast.
    settings.enable_cpu_mem_arena = how.arena
    return settings


def smaller(graph: bytes, to: Precision, feeds: Sequence[Mapping[str, Array]]) -> bytes:
    """The same graph in fewer bits: int8 between scales that were seen in what it was fed, or half precision."""
    if any(op in graph for op in ALREADY):
        raise BadModel("It has few bits already (QuantizeLinear or DequantizeLinear); convert the original.")
    try:
        import onnx
        from onnxruntime import quantization
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ModuleNotFoundError as error:
        raise BadConfig(f"Converting needs the package {error.name}; {install('quantize')}.") from None
    if to == "fp16":
        half = convert_float_to_float16(onnx.load_from_string(graph), keep_io_types=True)
        return cast(bytes, half.SerializeToString())
    with tempfile.TemporaryDirectory() as folder:
        out, reader = Path(folder) / "out.onnx", _Reader(feeds)
        kinds = {"activation_type": quantization.QuantType.QUInt8, "weight_type": quantization.QuantType.QInt8}
        form = {"quant_format": quantization.QuantFormat.QDQ, "per_channel": True, "op_types_to_quantize": HEAVY}
        quantization.quantize_static(onnx.load_from_string(graph), str(out), reader, **form, **kinds)
        return out.read_bytes()


class _Reader:
    """What a graph was fed, one feed after the other, as the library asks for it."""

    def __init__(self, feeds: Sequence[Mapping[str, Array]]) -> None:
        self._left = iter(feeds)

    def get_next(self) -> dict[str, Array] | None:
        """The next one; nothing: that was all."""
        return next((dict(feed) for feed in self._left), None)


class OnnxTensors:
    """One loaded graph."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Every output by its name."""
        values = cast(Sequence[Array], self._session.run(self._outputs, dict(feeds)))
        return dict(zip(self._outputs, values, strict=True))
