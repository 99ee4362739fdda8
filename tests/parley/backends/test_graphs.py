"""Libraries that run graphs: each opens the same tiny one."""

from pathlib import Path

import numpy as np
import pytest

from parley import backends
from parley.errors import BadModel
from tests.parley.backends.tiny import graph, spec

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
    """A file that is no graph is refused with the library's own reason."""
    with pytest.raises(BadModel, match=r"runs on no device here .*CPU: "):
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
