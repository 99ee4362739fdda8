"""Runs graphs with OpenVINO, on an NPU or GPU where there is one. Must not know what a graph is for."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import openvino as ov

from parley.engine import Array, Generator, Tensors
from parley.errors import BadModel
from parley.model import ModelSpec

CACHE = Path.home() / ".cache" / "parley" / "openvino"


def devices() -> Sequence[str]:
    """What OpenVINO sees: GPU.0 counts as GPU."""
    return sorted({name.split(".")[0] for name in ov.Core().available_devices})


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """Compile the .onnx file, or the .xml with its .bin, that the spec lists."""
    core = ov.Core()
    model = core.read_model(*_files(spec))
    return OpenVinoTensors(core.compile_model(model, device, _settings(spec, device)))


def generator(spec: ModelSpec, device: str) -> Generator:
    """There is none."""
    raise BadModel(f"{spec.ref}: the openvino backend runs graphs only; a generator needs ctranslate2.")


def _files(spec: ModelSpec) -> tuple[bytes, ...]:
    graphs = [name for name in spec.files if name.endswith((".onnx", ".xml"))]
    if len(graphs) != 1:
        raise BadModel(f"{spec.folder / 'model.toml'} must list one .onnx or .xml file, not {len(graphs)}.")
    if graphs[0].endswith(".onnx"):
        return (spec.bytes_of(graphs[0]),)
    return spec.bytes_of(graphs[0]), spec.bytes_of(graphs[0].removesuffix(".xml") + ".bin")


def _settings(spec: ModelSpec, device: str) -> dict[str, str]:
    settings = {"PERFORMANCE_HINT": "LATENCY"}
    with suppress(OSError):  # a read-only home costs the quick second start, no more
        CACHE.mkdir(parents=True, exist_ok=True)
        settings["CACHE_DIR"] = str(CACHE)
    if device == "CPU":
        # Where the processor has half precision OpenVINO takes it unasked: a recurrent state drifts off with it.
        settings["INFERENCE_PRECISION_HINT"] = "f32"
        settings["INFERENCE_NUM_THREADS"] = str(spec.options.get("threads", 1))
    return settings


class OpenVinoTensors:
    """One compiled graph."""

    def __init__(self, compiled: ov.CompiledModel) -> None:
        self._request = compiled.create_infer_request()
        # Beside the name that the graph declares a tensor may have others, from inside.
        self._outputs = {name: port for port in compiled.outputs for name in port.names}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Every output by its name; copies, because the request's own buffers are written again."""
        results = self._request.infer(dict(feeds))
        return {name: np.array(results[port]) for name, port in self._outputs.items()}
