"""Whispers of any size that have learnt nothing: for how long they take, not for what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs.whisper_spec import WhisperSpec

from parley.engines.whisper import END, NO_TIMES, START

PROMPT = [START, "<|en|>", "<|transcribe|>", NO_TIMES]
SPECIALS = (  # in the order that faster-whisper takes for granted: times come last
    END,
    START,
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    NO_TIMES,
    "<|0.00|>",
)
MELS, POSITIONS, PLACES, KERNEL = 80, 1500, 448, 3
Weight = Callable[..., npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Size:
    """Of OpenAI's models."""

    name: str
    layers: int
    heads: int
    width: int


TINY, BASE = Size("tiny", 4, 6, 384), Size("base", 6, 8, 512)


def whisper(folder: Path, size: Size, words: Sequence[str]) -> None:
    """An int8 model that never ends before its limit."""
    made, random = WhisperSpec(size.layers, size.heads, size.layers, size.heads), np.random.default_rng(0)

    def weight(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.02, shape).astype(np.float32)

    vocabulary = [*words, *SPECIALS]
    _fill(made, size, len(vocabulary), weight)
    made.register_vocabulary(vocabulary)
    made.config.suppress_ids = list(range(len(words), len(vocabulary)))
    made.config.suppress_ids_begin = []
    made.config.lang_ids = [vocabulary.index("<|en|>")]
    made.config.alignment_heads = [(0, 0)]
    made.validate()
    made.optimize(quantization="int8")
    folder.mkdir(parents=True)
    made.save(str(folder))


def _fill(made: Any, size: Size, words: int, weight: Weight) -> None:
    wide = size.width
    for layer, inputs in ((made.encoder.conv1, MELS), (made.encoder.conv2, wide)):
        layer.weight, layer.bias = weight(wide, inputs, KERNEL), weight(wide)
    made.encoder.position_encodings.encodings = weight(POSITIONS, wide)
    made.decoder.position_encodings.encodings = weight(PLACES, wide)
    made.decoder.embeddings.weight = made.decoder.projection.weight = weight(words, wide)
    for side in (made.encoder, made.decoder):
        _norm(side.layer_norm, wide)
        for layer in side.layer:
            _linears(layer.self_attention, (3, 1), wide, weight)
            _norm(layer.ffn.layer_norm, wide)
            layer.ffn.linear_0.weight, layer.ffn.linear_0.bias = weight(4 * wide, wide), weight(4 * wide)
            layer.ffn.linear_1.weight, layer.ffn.linear_1.bias = weight(wide, 4 * wide), weight(wide)
    for layer in made.decoder.layer:
        _linears(layer.attention, (1, 2, 1), wide, weight)


def _linears(layer: Any, parts: tuple[int, ...], wide: int, weight: Weight) -> None:
    _norm(layer.layer_norm, wide)
    for linear, part in zip(layer.linear, parts, strict=True):
        linear.weight, linear.bias = weight(part * wide, wide), weight(part * wide)


def _norm(norm: Any, wide: int) -> None:
    norm.gamma, norm.beta = np.ones(wide, np.float32), np.zeros(wide, np.float32)
