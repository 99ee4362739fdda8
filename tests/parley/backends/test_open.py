"""The device chain, the same for every library."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from parley.engines import backends
from parley.engines.declared import Declared, declared
from parley.engines.model import ModelSpec
from parley.errors import BadConfig, BadModel
from tests.fakes import spec_of


class Machine:
    """A library on a machine with these devices, of which some refuse."""

    def __init__(self, present: Sequence[str], refusing: Sequence[str] = ()) -> None:
        self.present, self.refusing = present, refusing
        self.tried: list[str] = []

    def devices(self) -> Sequence[str]:
        return self.present

    def tensors(self, spec: ModelSpec, device: str) -> object:
        self.tried.append(device)
        if device in self.refusing:
            raise RuntimeError("driver too old")
        return SimpleNamespace(device=device)


def place(monkeypatch: pytest.MonkeyPatch, machine: Machine, *devices: str) -> backends.Placed[object]:
    monkeypatch.setattr(backends, "load", lambda name: machine)
    return backends.tensors(replace(spec_of(), devices=devices or ("NPU", "GPU", "CPU")))


def test_the_first_device_that_is_there_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """NPU before GPU before CPU, and why an earlier one was passed over is kept."""
    placed = place(monkeypatch, Machine(["CPU", "GPU"]))
    assert (placed.device, placed.reason) == ("GPU", "NPU: not on this machine")


def test_a_device_that_refuses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library's complaint costs the device, not the model, and is reported."""
    machine = Machine(["NPU", "GPU", "CPU"], ["NPU", "GPU"])
    placed = place(monkeypatch, machine)
    assert machine.tried == ["NPU", "GPU", "CPU"]
    assert (placed.device, placed.reason) == ("CPU", "NPU: driver too old; GPU: driver too old")


def test_only_allowed_devices_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that allows the GPU alone does not end up on the CPU; the message says what to allow."""
    with pytest.raises(BadModel, match=r"runs on no device here \(GPU: driver too old\); allow another"):
        place(monkeypatch, Machine(["GPU", "CPU"], ["GPU"]), "GPU")


def test_a_bad_model_is_not_tried_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong checksum is wrong on every device."""
    machine = Machine(["GPU", "CPU"])

    def refuse(spec: ModelSpec, device: str) -> object:
        machine.tried.append(device)
        raise BadModel("sha256 differs")

    monkeypatch.setattr(machine, "tensors", refuse)
    with pytest.raises(BadModel, match="sha256"):
        place(monkeypatch, machine)
    assert machine.tried == ["GPU"]


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install, as the backend's file declares it."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "parley.engines.backends.onnx", raising=False)
    with pytest.raises(BadModel, match=r'needs the package onnxruntime; pip install "parley-speech\['):
        backends.load("onnx")


def test_a_backend_that_nobody_wrote_is_told() -> None:
    """With the nearest one that somebody did."""
    with pytest.raises(BadModel, match="did you mean `openvino`"):
        backends.load("openvno")


def test_a_backend_declares_what_it_needs(tmp_path: Path) -> None:
    """It is read without running the file, and a file that says nothing is refused."""
    file = tmp_path / "loud.py"
    file.write_text("import a_library_that_nobody_has\nLIBRARIES = ('loud',)\nEXTRAS = ('cpu', 'loud')\n")
    assert declared(file) == Declared("loud", ("loud",), ("cpu", "loud"))
    file.write_text("LIBRARIES = ('loud',)\n")
    with pytest.raises(BadConfig, match="must declare LIBRARIES and EXTRAS"):
        declared(file)


def test_what_holds_a_model_lies_where_it_lies() -> None:
    """An engine around a model reports the model's device."""
    assert backends.Placed(1, "NPU", "why").holding("x") == backends.Placed("x", "NPU", "why")
