"""Each kind of graph, by graphs whose answers are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley.audio.pcm import Samples
from parley.engines.contract import check
from parley.engines.model import ModelSpec
from parley.errors import BadModel
from services.separate.contract import contract
from services.separate.engine import open_engine
from tests.fakes import spec_of
from tests.parley.backends.tiny import node, spec, written
from tests.sound import noise

SPECTRUM = {"window": 64, "hop": 16, "bins": 25, "frames": 8, "segment": 1024}


def mask(folder: Path, share: float) -> ModelSpec:
    """The same share of everything."""
    shape = ("windows", 2, "frames", 25)
    nodes = [node("Mul", "magnitudes nothing", "zeros"), node("Add", "zeros share", "voice")]
    numbers = {"nothing": np.zeros(1, np.float32), "share": np.array([share], np.float32)}
    data = written(nodes, {"magnitudes": shape}, {"voice": shape}, numbers)
    return made(folder, data, **SPECTRUM)


def waveform(folder: Path, *, sources: int = 0) -> ModelSpec:
    """Turns the sound upside down; with `sources`, the last of so many is that."""
    nodes = [node("Neg", "mix", "turned")]
    shape: tuple[int | str, ...] = (1, 2, 1024)
    if sources:
        nodes += [node("Unsqueeze", "mix axis", "first"), node("Unsqueeze", "turned axis", "last")]
        nodes.append(node("Concat", "first first last", "sources", axis=1))
        shape = (1, 3, 2, 1024)
    name = "sources" if sources else "turned"
    data = written(nodes, {"mix": (1, 2, 1024)}, {name: shape}, {"axis": np.array([1])} if sources else {})
    source = max(0, sources - 1)
    return made(folder, data, adapter="waveform", input="mix", output=name, source=source, segment=1024)


def made(folder: Path, data: bytes, **options: object) -> ModelSpec:
    """A model of this stage."""
    return replace(spec(folder, "onnx", {"tiny.onnx": data}, **options), stage="separate")


def faults(model: ModelSpec) -> list[str]:
    """What its contract complains of."""
    return [line.fault for line in check(contract(model)) if line.fault]


def heard(model: ModelSpec, length: int, mix: Samples | None = None) -> tuple[Samples, Samples]:
    """What goes in, and what comes out."""
    mix = np.stack((noise(length, seed=1), noise(length, seed=2)), 1) if mix is None else mix
    (found,) = open_engine(model).model.run([mix])
    return mix, found


@pytest.mark.parametrize("length", [1, 63, 64, 1000, 1024])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_a_share_of_every_spectrum_is_that_share_of_the_sound(tmp_path: Path, length: int, share: float) -> None:
    """Whatever the length: frames overlap so that nothing of the first and the last sample is lost."""
    mix, found = heard(mask(tmp_path, share), length)
    assert np.abs(found - share * mix).max() < 1e-5


@pytest.mark.parametrize("sources", [0, 3])
@pytest.mark.parametrize("length", [1, 1000, 1024])
def test_a_graph_of_samples_takes_segments_of_one_length(tmp_path: Path, length: int, sources: int) -> None:
    mix, found = heard(waveform(tmp_path, sources=sources), length)
    assert np.array_equal(found, -mix)


def test_the_contract_is_kept_by_both_and_says_what_is_wrong(tmp_path: Path) -> None:
    assert faults(waveform(tmp_path, sources=3)) == []
    right = mask(tmp_path, 1.0)
    assert faults(right) == []
    assert faults(replace(right, options={**SPECTRUM, "output": "voices"})) == ["it gives 'voice'"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"segment": 1024, "overlap": 600}, "at most half of `segment`"),
        ({"segment": 1024, "window": 64, "bins": 40, "hop": 16}, "half of `window`"),
        ({"segment": 1030, "hop": 16, "window": 64, "bins": 8}, "must divide `segment`"),
        ({"segment": 1024, "hop": 128, "window": 64, "bins": 8}, "at most `window`"),
        ({"segment": 1024, "tracks": ["voice", "voice"]}, "must be two words"),
        ({"segment": 1024, "tracks": ["voice", "../music"]}, "must be two words"),
        ({"segment": 1024, "adapter": "magic"}, "write mask, magnitudes, parts, waveform, stream"),
    ],
)
def test_options_that_contradict_themselves_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadModel, match=reason):
        open_engine(spec_of("separate", **options))
