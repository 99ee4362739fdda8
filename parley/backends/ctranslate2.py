"""Runs encoder-decoder models with CTranslate2. Must not know a stage: the options say whisper or translator."""

from collections.abc import Sequence
from typing import Any, cast

import ctranslate2
import numpy as np
import numpy.typing as npt

from parley.engine import Decoding, Generated, Generator, Tensors, Tokens
from parley.errors import BadModel
from parley.model import ModelSpec

DEVICES = {"GPU": "cuda", "CPU": "cpu"}


def devices() -> Sequence[str]:
    """CUDA where the driver answers, and the CPU."""
    return ("GPU", "CPU") if ctranslate2.get_cuda_device_count() else ("CPU",)


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """There are none."""
    raise BadModel(f"{spec.ref}: the ctranslate2 backend runs generators only; a graph needs onnx or openvino.")


def generator(spec: ModelSpec, device: str) -> Generator:
    """Load from memory, so that what was checked is what is loaded."""
    files = {name: spec.bytes_of(name) for name in spec.files}
    settings = {
        "device": DEVICES[device],
        "compute_type": spec.options.get("compute_type", "int8"),
        "inter_threads": 1,
        "intra_threads": int(spec.options.get("threads", 1)),
        # Admission is the batcher's: with a bound of its own CTranslate2 would block instead of refusing.
        "max_queued_batches": -1,
        "files": files,
    }
    if spec.options.get("architecture", "translator") == "whisper":
        return WhisperGenerator(ctranslate2.models.Whisper(str(spec.folder), **settings))
    return TextGenerator(ctranslate2.Translator(str(spec.folder), **settings))


def _search(how: Decoding) -> dict[str, Any]:
    return {
        "beam_size": how.beam,
        "repetition_penalty": how.repetition_penalty,
        "no_repeat_ngram_size": how.no_repeat_ngram,
    }


class WhisperGenerator:
    """Log-mel features in, text tokens out."""

    def __init__(self, model: "ctranslate2.models.Whisper") -> None:
        self._model = model

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source; the sources are equally long, the prompts too."""
        features = ctranslate2.StorageView.from_array(np.ascontiguousarray(sources, np.float32))
        results = self._model.generate(
            features,
            [list(prompt) for prompt in prompts],
            max_length=how.longest,
            return_scores=True,
            return_no_speech_prob=True,
            **_search(how),
        )
        return [Generated(each.sequences[0], each.scores[0], each.no_speech_prob) for each in results]


class TextGenerator:
    """Source tokens in, target tokens out; a prompt is a target prefix."""

    def __init__(self, model: ctranslate2.Translator) -> None:
        self._model = model

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source."""
        results = self._model.translate_batch(
            cast(list[list[str]], list(sources)),
            target_prefix=[list(prompt) or None for prompt in prompts],
            max_decoding_length=how.longest,
            return_scores=True,
            **_search(how),
        )
        return [Generated(each.hypotheses[0], each.scores[0]) for each in results]
