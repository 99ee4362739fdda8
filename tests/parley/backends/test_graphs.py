"""Libraries that run graphs: each opens the same tiny one."""

from pathlib import Path

import numpy as np
import pytest

from parley.engines import backends
from parley.errors import BadModel
from tests.parley.backends.tiny import graph, node, spec, written

GRAPHS = ["onnx", "openvino"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes into a home."""
    place = tmp_path / "cache"
    monkeypatch.setattr(backends.load("openvino"), "CACHE", place)
    return place


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_runs(tmp_path: Path, name: str) -> None:
    """Any batch goes through, and every output comes back by its name."""
    placed = backends.tensors(spec(tmp_path, name, {"tiny.onnx": graph()}))
    for batch in (1, 3):
        x = np.arange(batch * 4, dtype=np.float32).reshape(batch, 4)
        assert placed.model.run({"x": x})["y"].tolist() == (2 * x).tolist()
    assert placed.device == "CPU"
    assert "NPU" in placed.reason


@pytest.mark.parametrize("name", GRAPHS)
def test_an_answer_is_not_written_over(tmp_path: Path, name: str) -> None:
    """What one run gave still stands after the next."""
    tensors = backends.tensors(spec(tmp_path, name, {"tiny.onnx": graph()})).model
    first = tensors.run({"x": np.ones((1, 4), np.float32)})["y"]
    tensors.run({"x": np.zeros((1, 4), np.float32)})
    assert first.tolist() == [[2, 2, 2, 2]]


@pytest.mark.parametrize("name", GRAPHS)
def test_an_output_has_its_declared_name(tmp_path: Path, name: str) -> None:
    """Also where the tensor has another name inside the graph, and where nothing happens to an input."""
    nodes = [node("Add", "x x", "Inner"), node("Identity", "Inner", "twice"), node("Identity", "x", "once")]
    data = written(nodes, {"x": ("batch", 4)}, dict.fromkeys(("twice", "once"), ("batch", 4)))
    out = backends.tensors(spec(tmp_path, name, {"tiny.onnx": data})).model.run({"x": np.ones((1, 4), np.float32)})
    assert out["twice"].tolist() == [[2] * 4]
    assert out["once"].tolist() == [[1] * 4]


@pytest.mark.parametrize("name", GRAPHS)
def test_single_precision_is_kept(tmp_path: Path, name: str) -> None:
    """No library falls to half precision by itself, whatever the processor offers."""
    x, weights = np.full((1, 256), 1.001, np.float32), np.full((256, 64), 1.003, np.float32)
    data = written([node("MatMul", "x w", "y")], {"x": ("batch", 256)}, {"y": ("batch", 64)}, {"w": weights})
    y = backends.tensors(spec(tmp_path, name, {"tiny.onnx": data})).model.run({"x": x})["y"]
    assert np.allclose(y, x.astype(np.float64) @ weights, rtol=1e-5)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_changed_graph_is_refused(tmp_path: Path, name: str) -> None:
    """A weight file that is not the declared one is never opened."""
    declared = spec(tmp_path, name, {"tiny.onnx": graph()})
    (tmp_path / "tiny.onnx").write_bytes(graph() + b"\0")
    with pytest.raises(BadModel, match=r"tiny\.onnx is not the file"):
        backends.tensors(declared)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("files", [{}, {"a.onnx": b"", "b.onnx": b""}])
def test_one_graph_a_model(tmp_path: Path, name: str, files: dict[str, bytes]) -> None:
    """No graph or two are a fault of model.toml, and it is named."""
    with pytest.raises(BadModel, match=rf"must list one .*, not {len(files)}"):
        backends.tensors(spec(tmp_path, name, files))


@pytest.mark.parametrize("name", GRAPHS)
def test_garbage_runs_nowhere(tmp_path: Path, name: str) -> None:
    """A file that is no graph is refused before a library sees it."""
    with pytest.raises(BadModel, match=r"is no ONNX file .*; get the file again"):
        backends.tensors(spec(tmp_path, name, {"tiny.onnx": b"no graph"}))


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_does_not_write(tmp_path: Path, name: str) -> None:
    """Who wants a generator from a library of graphs is told which library has them."""
    with pytest.raises(BadModel, match="ctranslate2"):
        backends.generator(spec(tmp_path, name, {"tiny.onnx": graph()}))


def test_openvino_does_without_a_cache(tmp_path: Path, cache: Path) -> None:
    """A home that cannot be written costs the quick second start, not the service."""
    cache.write_text("a file where the folder should be")
    placed = backends.tensors(spec(tmp_path, "openvino", {"tiny.onnx": graph()}))
    assert placed.model.run({"x": np.ones((1, 4), np.float32)})["y"].sum() == 8
