"""Each stage says in one place what it asks of a model: what ships keeps it, and what is broken is named."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from parley.engines import contract
from parley.engines.contract import Kept
from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.serving.stage import Stage
from tests.contract.source import ROOT
from tests.parley.backends.tiny import node, written

EMBEDDED = ROOT / "models/embedded"
VERSIONS = sorted(path.parent for path in EMBEDDED.glob("*/*/*/model.toml"))


def stage(name: str) -> Stage:
    found: Stage = import_module(f"services.{name}.stage").STAGE
    return found


def lines(spec: ModelSpec) -> list[Kept]:
    return list(contract.check(stage(spec.stage).contract(spec)))


def broken(spec: ModelSpec) -> dict[str, str]:
    return {kept.asks: kept.fault for kept in lines(spec) if kept.fault}


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: str(path.relative_to(EMBEDDED)))
def test_what_ships_keeps_its_contract(folder: Path) -> None:
    """Every line; and there is at least one."""
    spec = read_spec(folder)
    assert lines(spec)
    assert broken(spec) == {}


def enhancer(folder: Path, graph: bytes, **more: Any) -> ModelSpec:
    (folder / "a.onnx").write_bytes(graph)
    options = {"hop": 256, "states": [{"name": "past", "next": "past_next", "shape": [8]}], **more}
    files = {"a.onnx": hashlib.sha256(graph).hexdigest()}
    return ModelSpec(ModelRef("a", "1"), "denoise", "onnx", folder, files=files, options=options)


def graph(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> bytes:
    nodes = [node("Identity", name, other) for name, other in zip(inputs, outputs, strict=False)]
    return written(nodes, inputs, outputs)


AUDIO, PAST = ("streams", "samples"), ("streams", 8)
RIGHT = {"audio": AUDIO, "past": PAST}, {"audio": AUDIO, "past_next": PAST}
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "another name": (
        {"sound": AUDIO, "past": PAST},
        RIGHT[1],
        "a.onnx takes `audio`: float32 [streams, samples]",
        "it takes 'sound', 'past'",
    ),
    "another shape": (
        {"audio": AUDIO, "past": ("streams", 9)},
        RIGHT[1],
        "a.onnx takes `past`: float32 [streams, 8]",
        "it is float32 [any, 9]",
    ),
    "no axis of streams": (
        {"audio": (1, "samples"), "past": PAST},
        RIGHT[1],
        "a.onnx takes `audio`: float32 [streams, samples]",
        "it is float32 [1, any]",
    ),
    "nothing comes back": (
        RIGHT[0],
        {"audio": AUDIO},
        "a.onnx gives `past_next`: float32 [streams, 8]",
        "it gives 'audio'",
    ),
    "more than anybody feeds": (
        {**RIGHT[0], "gain": (1,)},
        RIGHT[1],
        "a.onnx takes nothing but audio, past",
        "it takes 'gain' too",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_enhancers_broken_line_is_named(tmp_path: Path, what: str) -> None:
    """With what was found instead."""
    inputs, outputs, asks, fault = WRONG[what]
    assert broken(enhancer(tmp_path, graph(*RIGHT))) == {}
    assert broken(enhancer(tmp_path, graph(inputs, outputs)))[asks] == fault


def test_another_kind_of_numbers_is_named(tmp_path: Path) -> None:
    """Half precision looks the same until it runs."""
    data = graph(*RIGHT).replace(b"\x08\x01\x12", b"\x08\x0a\x12")
    assert "it is float16 [any, any]" in broken(enhancer(tmp_path, data)).values()


def test_a_changed_file_breaks_every_line_about_it(tmp_path: Path) -> None:
    """It is not even read."""
    spec = enhancer(tmp_path, graph(*RIGHT))
    (tmp_path / "a.onnx").write_bytes(b"other")
    assert all("sha256 differs" in fault for fault in broken(spec).values())
    assert broken(spec)


def test_voices_of_another_width_are_named() -> None:
    """The model says 192, and its options another number."""
    spec = read_spec(EMBEDDED / "diarize/voice-nano/1")
    wrong = replace(spec, options={**spec.options, "width": 256})
    assert broken(wrong) == {"model.onnx gives `embedding`: float32 [windows, 256]": "it is float32 [any, 192]"}


def test_a_recogniser_that_is_shown_other_bands_is_named() -> None:
    """As many as its encoder takes."""
    spec = read_spec(EMBEDDED / "asr/whisper-tiny.en-live/1")
    wrong = replace(spec, options={**spec.options, "n_mels": 128})
    assert broken(wrong) == {"n_mels is as many bands as the encoder takes": "it takes 80, and n_mels is 128"}


def test_a_recogniser_is_no_translator() -> None:
    """And the other way round."""
    spec = read_spec(EMBEDDED / "translate/nano-tatoeba/1")
    whisper = read_spec(EMBEDDED / "asr/whisper-tiny.en-live/1")
    wrong = replace(spec, folder=whisper.folder, files=whisper.files)
    assert broken(wrong)["model.bin is a TransformerSpec, and is whole"] == "it is a WhisperSpec"


def test_a_row_that_depends_on_its_neighbours_is_found() -> None:
    """By a run: no shape shows it."""
    spec = read_spec(EMBEDDED / "diarize/voice-nano/1")

    class Leaky:
        def run(self, jobs: Any) -> Any:
            return [job.windows[:, :192] + job.windows[:, :192].sum(0) for job in jobs]

    found = list(contract.check(stage("diarize").golden(spec, Leaky(), ROOT / "examples")))
    assert "beside a louder voice it is another one" in found[-1].fault
