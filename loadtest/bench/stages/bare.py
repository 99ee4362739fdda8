"""Libraries called as anybody would call them, without anything of ours: what we are measured beside."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from loadtest.bench.stages.row import Skipped
from loadtest.measured.clips import RATE_HZ
from parley.engines import whisper
from parley.engines.model import ModelSpec

FULL_FRAMES, HOP, MELS = 3000, 160, 80  # of Whisper
CORES = 1  # of each engine, as our services have it
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BareGraph:
    """One of ONNX."""

    run: Callable[[Mapping[str, Any]], Sequence[Any]]
    inputs: Mapping[str, tuple[int, ...]]


def graph(path: Path) -> BareGraph:
    """On one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = CORES
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = {each.name: tuple(each.shape) for each in session.get_inputs()}
    return BareGraph(lambda feeds: session.run(None, dict(feeds)), inputs)


def translator(spec: ModelSpec, callers: int = 1) -> Callable[[str, str, str], Any]:
    """A sentence at a time for each caller, as its model.toml says: text, from, into."""
    threads = {"intra_threads": CORES, "inter_threads": callers}
    model = ctranslate2.Translator(str(spec.folder), compute_type=_type(spec), **threads)
    cut, options = _pieces(spec), spec.options

    def translate(text: str, source: str, target: str) -> Any:
        names = {"source": source, "target": target}
        around = [str(options.get(key, "")).format_map(names).split() for key in ("prefix", "suffix", "target_prefix")]
        return model.translate_batch(
            [[*around[0], *cut(text), *around[1]]],
            target_prefix=[around[2]] if around[2] else None,
            beam_size=int(options.get("beam", 1)),
            no_repeat_ngram_size=int(options.get("no_repeat_ngram", 0)),
            max_decoding_length=int(options.get("max_pieces", 128)),
        )

    return translate


def utterance(spec: ModelSpec, callers: int, seconds: float, tokens: int) -> Callable[[], Any]:
    """Whisper for each caller: so much noise encoded, in a full window where it needs one; so many tokens written."""
    threads = {"intra_threads": CORES, "inter_threads": callers}
    model = ctranslate2.models.Whisper(str(spec.folder), device="cpu", compute_type=_type(spec), **threads)
    full = int(spec.options.get("full_frames", FULL_FRAMES))
    short = 2 * round(seconds * RATE_HZ / int(spec.options.get("hop", HOP)) / 2)
    frames = min(full, short) if spec.options.get("short_context", False) else full
    noise = np.random.default_rng(0).normal(0, 0.5, (1, int(spec.options.get("n_mels", MELS)), frames))
    shown = ctranslate2.StorageView.from_array(noise.astype(np.float32))
    prompt = [token.replace(whisper.ANY, "<|en|>") for token in spec.options["prompt"]]
    never = [-1, whisper.vocabulary(spec).index(whisper.END)]
    return lambda: model.generate(
        model.encode(shown), [prompt], beam_size=1, max_length=2 * tokens, suppress_tokens=never
    )


def _pieces(spec: ModelSpec) -> Callable[[str], list[str]]:
    if spec.options.get("tokens") == "words":
        return str.split
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_proto=spec.bytes_of(spec.options["pieces"]))
    return lambda text: list(processor.encode(text, out_type=str))


def _type(spec: ModelSpec) -> str:
    return str(spec.options.get("compute_type", "int8"))


@dataclass(frozen=True)
class Stock:
    """faster-whisper: seconds that it takes for some sound."""

    alone: Callable[[Samples], float]  # WhisperModel.transcribe
    batched: Callable[[Samples], float]  # BatchedInferencePipeline


def faster_whisper(spec: ModelSpec) -> Stock:
    """On the same folder and all cores, with its defaults but for the language and our beam."""
    try:
        from faster_whisper import BatchedInferencePipeline, WhisperModel
    except ModuleNotFoundError:
        raise Skipped("faster-whisper is not installed; pip install faster-whisper") from None
    model = WhisperModel(str(spec.folder), device="cpu", compute_type=_type(spec), cpu_threads=os.cpu_count() or 1)
    pipeline, beam = BatchedInferencePipeline(model), int(spec.options.get("beam", 5))
    return Stock(
        lambda sound: _seconds(lambda: list(model.transcribe(sound, language="en", beam_size=beam)[0])),
        lambda sound: _seconds(
            lambda: list(pipeline.transcribe(sound, language="en", beam_size=beam, batch_size=16)[0])
        ),
    )


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
