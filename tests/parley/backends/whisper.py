"""A tiny Whisper that has learnt nothing: for how it is asked, not for what it says."""

from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec

SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    "<|0.00|>",
)
WIDE, MELS, POSITIONS = 16, 80, 100


def whisper_files(folder: Path, words: list[str], seed: int = 0) -> dict[str, bytes]:
    """A model folder's files; its tokens are these words and the specials."""
    vocabulary, made, random = [*words, *SPECIALS], WhisperSpec(1, 2, 1, 2), np.random.default_rng(seed)
    _dimensions(made, len(vocabulary), random)
    made.register_vocabulary(vocabulary)
    made.config.lang_ids = [vocabulary.index("<|en|>"), vocabulary.index("<|de|>")]
    made.config.suppress_ids = list(range(len(words) + 1, len(vocabulary)))
    made.config.suppress_ids_begin = [len(words)]
    made.config.alignment_heads = [(0, 1)]
    made.validate()
    out = folder / "made"
    out.mkdir()
    made.save(str(out))
    return {path.name: path.read_bytes() for path in out.iterdir()}


def _dimensions(made: Any, tokens: int, random: np.random.Generator) -> None:
    def weight(*shape: int) -> np.ndarray[Any, Any]:
        return random.normal(0, 0.5, shape).astype(np.float32)

    made.encoder.conv1.weight, made.encoder.conv1.bias = weight(WIDE, MELS, 3) / 10, weight(WIDE)
    made.encoder.conv2.weight, made.encoder.conv2.bias = weight(WIDE, WIDE, 3), weight(WIDE)
    made.encoder.position_encodings.encodings = weight(POSITIONS, WIDE)
    made.decoder.position_encodings.encodings = weight(448, WIDE)
    made.decoder.embeddings.weight = made.decoder.projection.weight = weight(tokens, WIDE)
    for side in (made.encoder, made.decoder):
        _norm(side.layer_norm)
        for layer in side.layer:
            _attention(layer.self_attention, (3, 1), weight)
            _attention(layer.ffn, (), weight)
            layer.ffn.linear_0.weight, layer.ffn.linear_1.weight = weight(WIDE, WIDE), weight(WIDE, WIDE)
    for layer in made.decoder.layer:
        _attention(layer.attention, (1, 2, 1), weight)


def _attention(layer: Any, parts: tuple[int, ...], weight: Any) -> None:
    _norm(layer.layer_norm)
    for linear, part in zip(getattr(layer, "linear", ()), parts, strict=False):
        linear.weight = weight(part * WIDE, WIDE)


def _norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(WIDE, np.float32), np.zeros(WIDE, np.float32)
