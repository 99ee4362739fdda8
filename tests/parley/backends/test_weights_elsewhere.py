"""A graph whose weights lie in another file of the model: both are checked, and the library opens neither by itself."""

from pathlib import Path

import numpy as np
import pytest

from parley.engines import backends
from parley.errors import BadModel
from tests.parley.backends.tiny import _int, _part, node, spec, written

BIAS = np.arange(4, dtype=np.float32)


def graph(location: str) -> bytes:
    """`y` is `x` and four numbers of another file."""
    pair = _part(1, b"location") + _part(2, location.encode())
    tensor = _int(1, 4) + _int(2, 1) + _part(8, b"bias") + _part(13, pair) + _int(14, 1)
    plain = written([node("Add", "x bias", "y")], {"x": ("batch", 4)}, {"y": ("batch", 4)})
    return plain + _part(7, _part(5, tensor))  # what is appended is merged


def test_weights_of_another_file_are_used(tmp_path: Path) -> None:
    """From memory: no file of that name lies where the process runs."""
    files = {"tiny.onnx": graph("tiny.data"), "tiny.data": BIAS.tobytes()}
    model = backends.tensors(spec(tmp_path, "onnx", files)).model
    assert model.run({"x": np.ones((1, 4), np.float32)})["y"].tolist() == [[1, 2, 3, 4]]


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    """Like a changed graph."""
    made = spec(tmp_path, "onnx", {"tiny.onnx": graph("tiny.data"), "tiny.data": BIAS.tobytes()})
    (tmp_path / "tiny.data").write_bytes((2 * BIAS).tobytes())
    with pytest.raises(BadModel, match=r"tiny\.data is not the file that model\.toml declares"):
        backends.tensors(made)


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "other.data"])
def test_a_file_that_is_none_of_the_model_is_not_read(tmp_path: Path, location: str) -> None:
    """Wherever it lies."""
    with pytest.raises(BadModel, match="which is no file of this model"):
        backends.tensors(spec(tmp_path, "onnx", {"tiny.onnx": graph(location)}))


def test_openvino_takes_one_file(tmp_path: Path) -> None:
    """It would look for the other by itself."""
    files = {"tiny.onnx": graph("tiny.data"), "tiny.data": BIAS.tobytes()}
    with pytest.raises(BadModel, match="has weights in other files"):
        backends.tensors(spec(tmp_path, "openvino", files))
