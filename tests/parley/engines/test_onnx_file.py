"""What an ONNX file may ask for before a library sees it."""

from pathlib import Path
from typing import Any

import pytest

from parley.compat import onnx_pb2 as format
from parley.engines import onnx_file
from parley.engines.model import ModelRef, ModelSpec
from parley.engines.onnx_file import OnnxFile
from parley.errors import BadModel

HERE = Path("/models/model.onnx")


def model() -> Any:
    """A graph that adds."""
    made = format.Model(ir_version=8, opset_import=[format.OperatorSet(domain="", version=17)])
    made.graph.node.add(op_type="Add")
    made.graph.initializer.add(name="weight")
    for name, values in (("audio", made.graph.input), ("weight", made.graph.input), ("out", made.graph.output)):
        kind = values.add(name=name).type.tensor_type
        kind.elem_type = 1
        kind.shape.dim.add(dim_param="streams")
        kind.shape.dim.add(dim_value=257)
    return made


def read(made: Any, *files: str) -> OnnxFile:
    spec = ModelSpec(ModelRef("a", "1"), "denoise", "onnx", HERE.parent, files=dict.fromkeys(files, "0" * 64))
    return onnx_file.read(HERE, made.SerializeToString(), spec)


def test_what_it_takes_and_gives_is_known() -> None:
    """Without its weights, which old files list as inputs."""
    found = read(model()).signature
    assert {name: str(port) for name, port in found.inputs.items()} == {"audio": "float32 [any, 257]"}
    assert {name: str(port) for name, port in found.outputs.items()} == {"out": "float32 [any, 257]"}


def test_noise_is_no_file() -> None:
    """Whatever it is."""
    with pytest.raises(BadModel, match="is no ONNX file"):
        onnx_file.read(HERE, b"\xff" * 100, ModelSpec(ModelRef("a", "1"), "denoise", "onnx", HERE.parent))


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_file_format_is_refused(version: int) -> None:
    """With those that can be read."""
    made = model()
    made.ir_version = version
    with pytest.raises(BadModel, match=rf"its file format has version {version}; export it with 3 to 13"):
        read(made)


@pytest.mark.parametrize("version", [1, 6, 99])
def test_operators_of_another_time_are_refused(version: int) -> None:
    """And so are those to come."""
    made = model()
    made.opset_import[0].version = version
    with pytest.raises(BadModel, match=rf"its operators have version {version}; export it with opset 7 to 26"):
        read(made)


@pytest.mark.parametrize("where", ["graph", "branch", "function"])
def test_operators_of_others_are_refused(where: str) -> None:
    """Wherever they hide: they would be programs."""
    made = model()
    branch = made.graph.node[0].attribute.add().g
    nodes = {"graph": made.graph.node, "branch": branch.node, "function": made.functions.add(domain="own").node}
    made.graph.node.add(op_type="Mine", domain="own")
    read(made)
    nodes[where].add(op_type="Steal", domain="evil.example")
    with pytest.raises(BadModel, match=r"it uses evil\.example\.Steal: operators of others are programs"):
        read(made)


@pytest.mark.parametrize("location", ["../../etc/passwd", "/etc/passwd", "weights.bin", ""])
@pytest.mark.parametrize("where", ["weight", "sparse", "constant"])
def test_weights_outside_the_model_are_refused(where: str, location: str) -> None:
    """Whatever file it is: it would be read, and its sum is nowhere."""
    made = model()
    tensors = {
        "weight": made.graph.initializer[0],
        "sparse": made.graph.sparse_initializer.add().values,
        "constant": made.graph.node[0].attribute.add().tensors.add(),
    }
    tensors[where].data_location = 1
    tensors[where].external_data.add(key="location", value=location)
    with pytest.raises(BadModel, match="which is no file of this model"):
        read(made)


def test_weights_in_a_file_of_the_model_are_known() -> None:
    """They are read, checked and handed over like the graph itself."""
    made = model()
    made.graph.initializer[0].external_data.add(key="location", value="model.data")
    assert read(made, "model.data").others == ("model.data",)
