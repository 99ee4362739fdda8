import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley.audio.pcm import Format, PcmDecoder, Samples, decode
from parley.engines.stateful.engine import Frames
from parley.errors import BadModel
from parley.v1.audio_pb2 import AudioChunk, AudioEncoding, AudioFormat
from services.denoise.adapters import ADAPTERS, adapter_of
from services.denoise.engine import open_engine
from services.denoise.session import DenoiseSession
from tests.contract.source import ROOT
from tests.fakes import spec_of
from tests.services.denoise.graphs import HOP, KINDS, delay, enhancer
from tests.services.play import of, play
from tests.sound import noise

BACKENDS = ("onnx", "openvino")
FLOATS = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_F32LE)


def served(kind: str, folder: Path, backend: str, sound: Samples) -> Samples:
    """What a client gets from a model of this kind."""
    spec, form = enhancer(kind, folder, backend), Format.of(FLOATS)
    session = DenoiseSession(PcmDecoder(form), adapter_of(spec).shape, 0.0)
    said = play(session, open_engine(spec).model, [sound.tobytes()])
    return decode(b"".join(chunk.data for chunk in of(AudioChunk, said)), form)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_of_each_kind_is_served(kind: str, backend: str, tmp_path: Path) -> None:
    """Frames, spectra and overlaps add up to the sound that went in, no later than the kind says."""
    sound, late = noise(50 * HOP), delay(kind)
    out = served(kind, tmp_path, backend, sound)
    assert len(out) == len(sound)
    assert np.abs(out[late:] - sound[: len(sound) - late]).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_portions_do_not_matter(kind: str, tmp_path: Path) -> None:
    """Hop by hop, seven at a time or all at once: the same samples, and the same is remembered."""
    spec, sound = enhancer(kind, tmp_path), noise(56 * HOP)
    engine, ends = open_engine(spec).model, []
    for hops in (1, 7, 56):
        memory, parts = np.zeros(adapter_of(spec).shape.memory, np.float32), []
        for at in range(0, len(sound), hops * HOP):
            (done,) = engine.run([Frames(sound[at : at + hops * HOP], memory)])
            memory = done.memory
            parts.append(done.samples)
        ends.append(np.concatenate((*parts, memory)))
    assert max(np.abs(end - ends[0]).max() for end in ends) < 1e-6


def test_each_graph_has_its_own_file(tmp_path: Path) -> None:
    """A graph's file is found by its name, with the other files of that name, and without another graph's."""
    graphs = adapter_of(enhancer("dtln", tmp_path)).graphs
    spec = spec_of("denoise")
    spec = type(spec)(spec.ref, "denoise", "openvino", tmp_path, files={"one.xml": "", "one.bin": "", "two.xml": ""})
    assert list(graphs[0].only(spec).files) == ["one.xml", "one.bin"]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"adapter": "magic", "hop": 8}, "adapter 'magic' is not known; write waveform, gtcrn, dtln"),
        ({"hop": 8, "states": [{"name": "h"}]}, r"lacks `options\.states\.next`"),
        ({"hop": 8, "states": {"h": [3]}}, r"`options\.states` must be a list, not"),
        ({"adapter": "gtcrn", "hop": 8}, r"lacks `options\.window`"),
        ({"adapter": "gtcrn", "hop": 9, "window": 8}, "`hop` must lie between 1 and `window`, 8"),
        ({"adapter": "dtln", "hop": 8, "window": 16}, r"must list 2 \[\[options.graphs\]\], not 1"),
        ({}, r"lacks `options\.hop`"),
    ],
)
def test_a_wrong_description_is_told(options: dict[str, Any], wrong: str) -> None:
    """Who writes a model.toml is told what is wrong with it and what would be right."""
    with pytest.raises(BadModel, match=wrong):
        adapter_of(spec_of("denoise", **options))


def test_every_kind_is_shown() -> None:
    """Each description in docs/enhancers.md is one that the service takes, and no kind is without one."""
    text = (ROOT / "docs/enhancers.md").read_text("utf-8")
    options = [tomllib.loads(block.split("```")[0])["options"] for block in text.split("```toml")[1:]]
    specs = [spec_of("denoise", **each) for each in options]
    assert all(adapter_of(spec).shape.memory > 0 for spec in specs)
    assert {spec.options.get("adapter", "waveform") for spec in specs} == set(ADAPTERS)
