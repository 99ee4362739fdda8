import json
import os
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from ctranslate2.specs import TransformerSpec

from parley.engines import backends
from parley.engines.backends import ctranslate2 as backend
from parley.engines.model import ModelSpec
from parley.engines.protocols import Decoding, Generator
from parley.errors import BadModel
from tests.parley.backends.tiny import graph, spec

VOCABULARY = ["<blank>", "<unk>", "<s>", "</s>", "eins", "zwei", "drei", "vier"]
WIDE = 8


def _fill(part: object, random: np.random.Generator) -> None:
    """Random weights of the right shapes, found by the names that CTranslate2 gives them."""
    for name, value in vars(part).items():
        if isinstance(value, list):
            for each in value:
                _fill(each, random)
        elif hasattr(value, "__dict__") and not isinstance(value, np.ndarray):
            _fill(value, random)
        elif name == "gamma":
            setattr(part, name, np.ones(WIDE, np.float32))
        elif name == "beta":
            setattr(part, name, np.zeros(WIDE, np.float32))


def _linear(layer: object, rows: int, columns: int, random: np.random.Generator) -> None:
    layer.weight = random.normal(0, 0.5, (rows, columns)).astype(np.float32)  # type: ignore[attr-defined]
    layer.bias = np.zeros(rows, np.float32)  # type: ignore[attr-defined]


def translator_files(folder: Path) -> dict[str, bytes]:
    """A transformer of one layer that has learnt nothing."""
    made, random = TransformerSpec.from_config((1, 1), 2), np.random.default_rng(0)
    _fill(made, random)
    sides = [made.encoder, made.decoder]
    for side in sides:
        embeddings = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        embeddings.weight = random.normal(0, 0.5, (len(VOCABULARY), WIDE)).astype(np.float32)
        for layer in side.layer:
            _linear(layer.self_attention.linear[0], 3 * WIDE, WIDE, random)
            _linear(layer.self_attention.linear[1], WIDE, WIDE, random)
            _linear(layer.ffn.linear_0, 16, WIDE, random)
            _linear(layer.ffn.linear_1, WIDE, 16, random)
    for layer in made.decoder.layer:
        _linear(layer.attention.linear[0], WIDE, WIDE, random)
        _linear(layer.attention.linear[1], 2 * WIDE, WIDE, random)
        _linear(layer.attention.linear[2], WIDE, WIDE, random)
    _linear(made.decoder.projection, len(VOCABULARY), WIDE, random)
    made.register_source_vocabulary(VOCABULARY)
    made.register_target_vocabulary(VOCABULARY)
    made.validate()
    out = folder / "made"
    out.mkdir()
    made.save(str(out))
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return translator_files(tmp_path_factory.mktemp("ctranslate2"))


@pytest.fixture
def model(tmp_path: Path, files: dict[str, bytes]) -> ModelSpec:
    return spec(tmp_path, "ctranslate2", files, compute_type="float32")


def test_a_translator_answers_every_source(model: ModelSpec) -> None:
    """A batch of sources of unlike length gives one answer each, the same as each alone."""
    opened = backends.generator(model)
    generator: Generator = opened.model
    sources = [["eins", "</s>"], ["zwei", "drei", "vier", "</s>"]]
    how = Decoding(longest=5)
    together = generator.generate(sources, [[], []], how)
    alone = [generator.generate([source], [[]], how)[0] for source in sources]
    assert [each.tokens for each in together] == [each.tokens for each in alone]
    assert all(len(each.tokens) <= 5 for each in together)
    assert opened.device == "CPU" if not ctranslate2.get_cuda_device_count() else "GPU"


def test_a_prompt_is_how_the_answer_begins(model: ModelSpec) -> None:
    """A target prefix is kept."""
    said = backends.generator(model).model.generate([["eins", "</s>"]], [["vier"]], Decoding(longest=5))
    assert said[0].tokens[:1] == ["vier"]


def test_it_is_loaded_from_what_was_checked(model: ModelSpec) -> None:
    """Changed weights are refused, and the message names the file."""
    (model.folder / "model.bin").write_bytes(b"other weights")
    with pytest.raises(BadModel, match=r"model\.bin is not the file"):
        backends.generator(model)


def test_a_translator_is_no_graph(tmp_path: Path) -> None:
    """Who wants a graph from a library of generators is told which libraries have them."""
    with pytest.raises(BadModel, match="onnx or openvino"):
        backends.tensors(spec(tmp_path, "ctranslate2", {"tiny.onnx": graph()}))


def test_the_files_describe_themselves(files: dict[str, bytes]) -> None:
    """What the test made is a whole CTranslate2 model."""
    assert {"model.bin", "config.json"} <= set(files)
    assert json.loads(files["config.json"])


@pytest.mark.parametrize(
    ("flags", "asked", "taken"),
    [
        ("avx2 avx512f avx512_vbmi2", None, "AVX512"),
        ("avx2 avx512f", None, None),
        ("avx512_vbmi2", "AVX2", "AVX2"),
    ],
)
def test_as_wide_as_costs_nothing(
    flags: str, asked: str | None, taken: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """512 bits at a time where the processor does not slow down for it, unless the operator wants something else."""
    processor = tmp_path / "cpuinfo"
    processor.write_text(f"flags : fpu {flags} pni\n")
    monkeypatch.setattr(backend, "PROCESSOR", processor)
    monkeypatch.setenv(backend.WIDTH, asked or "")
    if not asked:
        monkeypatch.delenv(backend.WIDTH)
    backend.widen()
    assert os.environ.get(backend.WIDTH) == taken
