"""Writes the trained net as ONNX: in single precision, and with its matrix products in eight bits."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnxruntime
import torch
from onnxruntime import quantization

from models.recipes.diarize.nets.network import Voiceprint
from models.recipes.diarize.nets.runner import Rows

OPSET = 17
WINDOW_S = 1.5
# The spectrum spans too many decibels for eight bits; after the statistics nothing is worth it.
EXACT = ("/features/", "/statistics/")


def write(model: Voiceprint, path: Path) -> None:
    """The graph with free batch and length, constants folded."""
    example = torch.randn(2, round(WINDOW_S * 16000)) * 0.1
    axes = {"audio": {0: "windows", 1: "samples"}, "embedding": {0: "windows"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            model.eval(),
            (example,),
            str(raw),
            input_names=["audio"],
            output_names=["embedding"],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        simplify(raw, path)


def simplify(raw: Path, path: Path) -> None:
    """Fold constants and nothing else, so that the file runs anywhere."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(raw), options, providers=["CPUExecutionProvider"])


class Calibration(quantization.CalibrationDataReader):
    """Windows by which the scales are set, some at a time."""

    def __init__(self, windows: Rows, at_once: int = 16) -> None:
        self.parts: Iterator[Rows] = (windows[at : at + at_once] for at in range(0, len(windows), at_once))

    def get_next(self) -> dict[str, Rows] | None:
        """The next feed, or nothing more."""
        part = next(self.parts, None)
        return None if part is None else {"audio": part}


def quantise(path: Path, out: Path, windows: Rows) -> None:
    """Static scales, so that no row's scale depends on its neighbours."""
    graph = onnx.load(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    chosen = [node.name for node in products if not node.name.startswith(EXACT)]
    quantization.quantize_static(
        str(path),
        str(out),
        Calibration(windows),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"],
        nodes_to_quantize=chosen,
        per_channel=True,
        # Seven bits of weight: processors without dot products of bytes would saturate at eight.
        reduce_range=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        # Sums stay exact: bias and ReLU follow in single precision.
        extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"]},
    )
