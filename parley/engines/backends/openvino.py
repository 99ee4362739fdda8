"""Runs graphs with OpenVINO, on an NPU or GPU where there is one. Must not know what a graph is for."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated

import numpy as np
import numpy.typing as npt

# Its converter comes along, makes an identifier for this machine and reports to its makers, unless it finds this.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as ov

from parley.config import Within
from parley.engines import onnx_file, options, whisper
from parley.engines.beam_search import Hypothesis, Scores, Step, search
from parley.engines.model import ModelSpec
from parley.engines.protocols import Alignment, Array, Decoding, Generated, Generator, Tensors, Tokens
from parley.engines.whisper import ANY, END, NO_TIMES, START, STRIDE
from parley.engines.word_alignment import places
from parley.errors import BadModel

LIBRARIES = ("openvino",)
EXTRAS = ("openvino",)


@dataclass(frozen=True)
class Options:
    """What a model may say of how it is run."""

    architecture: str = ""  # of what writes: whisper
    threads: Annotated[int, Within(1, 256)] = 1  # of one run
    suppress_blank: bool = True
    alignment_median: Annotated[int, Within(1, 99)] = 7


CACHE = Path.home() / ".cache" / "parley" / "openvino"


def devices() -> Sequence[str]:
    """What OpenVINO sees: GPU.0 counts as GPU."""
    return sorted({name.split(".")[0] for name in ov.Core().available_devices})


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """Compile the .onnx file, or the .xml with its .bin, that the spec lists."""
    graphs = [name for name in spec.files if name.endswith((".onnx", ".xml"))]
    if len(graphs) != 1:
        raise BadModel(f"{spec.folder / 'model.toml'} must list one .onnx or .xml file, not {len(graphs)}.")
    return _compiled(spec, graphs[0], device)


def written(spec: ModelSpec, graph: str, out: Path) -> None:
    """An .onnx as an .xml and a .bin, its weights in half precision; int8 between scales stays what it is."""
    data = spec.bytes_of(graph)
    if onnx_file.read(spec.folder / graph, data, spec).others:
        raise BadModel(f"{spec.folder / graph} has weights in other files; save it as one, then convert it.")
    ov.save_model(ov.Core().read_model(data, b""), out / graph.replace(".onnx", ".xml"), compress_to_fp16=True)


def generator(spec: ModelSpec, device: str) -> Generator:
    """Whisper as two graphs, encoder.xml and decoder.xml, each with its .bin."""
    if options.part(Options, spec).architecture != "whisper":
        raise BadModel(f"{spec.ref}: the openvino backend writes with whisper models only; others need ctranslate2.")
    encoder, decoder = (_compiled(spec, f"{name}.xml", device) for name in ("encoder", "decoder"))
    return WhisperGraphs(encoder, decoder, spec)


def _compiled(spec: ModelSpec, graph: str, device: str) -> "OpenVinoTensors":
    core = ov.Core()
    weights = () if graph.endswith(".onnx") else (spec.bytes_of(graph.removesuffix(".xml") + ".bin"),)
    data = spec.bytes_of(graph)
    if graph.endswith(".onnx") and onnx_file.read(spec.folder / graph, data, spec).others:
        raise BadModel(f"{spec.folder / graph} has weights in other files; save it as one, or convert it to .xml.")
    model = core.read_model(data, *weights)
    return OpenVinoTensors(core.compile_model(model, device, _settings(spec, device)))


def _settings(spec: ModelSpec, device: str) -> dict[str, str]:
    settings = {"PERFORMANCE_HINT": "LATENCY"}
    with suppress(OSError):  # a read-only home costs the quick second start, no more
        CACHE.mkdir(parents=True, exist_ok=True)
        settings["CACHE_DIR"] = str(CACHE)
    if device == "CPU":
        # Where the processor has half precision OpenVINO takes it unasked: a recurrent state drifts off with it.
        settings["INFERENCE_PRECISION_HINT"] = "f32"
        settings["INFERENCE_NUM_THREADS"] = str(options.part(Options, spec).threads)
    return settings


class OpenVinoTensors:
    """One compiled graph."""

    def __init__(self, compiled: ov.CompiledModel) -> None:
        self._request, self._one_at_a_time = compiled.create_infer_request(), Lock()
        # Beside the name that the graph declares a tensor may have others, from inside.
        self._outputs = {name: port for port in compiled.outputs for name in port.names}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Every output by its name; copies, because the request's own buffers are written again."""
        with self._one_at_a_time:
            results = self._request.infer(dict(feeds))
            return {name: np.array(results[port]) for name, port in self._outputs.items()}


class WhisperGraphs:
    """Log-mel features in, text tokens out: the graphs score, and what CTranslate2 has inside is done here."""

    def __init__(self, encoder: Tensors, decoder: Tensors, spec: ModelSpec) -> None:
        self._encoder, self._decoder, self._options = encoder, decoder, options.part(Options, spec)
        self._tokens = whisper.vocabulary(spec)
        self._numbers = {token: number for number, token in enumerate(self._tokens)}
        self._config: dict[str, list[int]] = json.loads(spec.bytes_of("config.json"))

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source; the sources are equally long, the prompts too."""
        shown = np.asarray(sources, np.float32).transpose(0, 2, 1)
        memory = self._encoder.run({"features": np.ascontiguousarray(shown)})
        spoken = self._languages(memory, prompts, how)
        begun = [self._numbered(prompt, language) for prompt, (language, _) in zip(prompts, spoken, strict=True)]
        forced = [[self._numbers[token] for token in given] for given in how.begun]
        found = search(self._step(memory, len(begun[0]), how.beam), begun, how, self._numbers[END], forced)
        silence = self._silence(memory, begun)
        align = how.align or [0] * len(found)
        return [
            Generated(
                self._text(each.tokens),
                each.score,
                float(silence[n]),
                *spoken[n],
                self._align({name: rows[n : n + 1] for name, rows in memory.items()}, begun[n], each, align[n]),
            )
            for n, each in enumerate(found)
        ]

    def _numbered(self, prompt: Tokens, language: str) -> list[int]:
        return [self._numbers[whisper.token(language) if token == ANY else token] for token in prompt]

    def _text(self, numbers: Sequence[int]) -> Tokens:
        """Without times and the like, which are all numbered after the end."""
        return [self._tokens[number] for number in numbers if number < self._numbers[END]]

    def _logits(self, memory: Mapping[str, Array], rows: Array) -> npt.NDArray[np.float32]:
        logits: npt.NDArray[np.float32] = self._decoder.run({"tokens": rows, **memory})["logits"]
        if np.isfinite(logits[:, -1]).all():
            return logits
        # Of some shapes, after others, OpenVINO 2026.4 makes NaN of several rows at once; of the same rows alone never.
        both = {"tokens": rows, **memory}
        alone = ({name: table[n : n + 1] for name, table in both.items()} for n in range(len(rows)))
        return np.concatenate([self._decoder.run(each)["logits"] for each in alone])

    def _languages(
        self, memory: Mapping[str, Array], prompts: Sequence[Tokens], how: Decoding
    ) -> list[tuple[str, float]]:
        """For prompts that leave it open, the likeliest language, and how sure it is; for others nothing."""
        if not any(ANY in prompt for prompt in prompts):
            return [("", 0.0)] * len(prompts)
        known = self._config["lang_ids"]
        scores = self._logits(memory, np.full((len(prompts), 1), self._numbers[START], np.int64))[:, 0, known]
        names, before = [whisper.bare(self._tokens[n]) for n in known], how.languages or [{}] * len(prompts)
        chances = [dict(zip(names, row.tolist(), strict=True)) for row in np.exp(_log_softmax(scores))]
        return [
            whisper.heard(chances[n], before[n]) if ANY in prompt else ("", 0.0) for n, prompt in enumerate(prompts)
        ]

    def _silence(self, memory: Mapping[str, Array], begun: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """How likely it is that nobody spoke: what the model would say first of all."""
        name = "<|nospeech|>" if "<|nospeech|>" in self._numbers else "<|nocaptions|>"
        first = begun[0].index(self._numbers[START])
        logits = self._logits(memory, np.array(begun, np.int64))[:, first]
        chances: npt.NDArray[np.float32] = np.exp(_log_softmax(logits)[:, self._numbers[name]])
        return chances

    def _step(self, memory: Mapping[str, Array], prompt: int, beam: int) -> Step:
        """What the search asks for, again and again."""
        wide = {name: np.repeat(rows, beam, 0) for name, rows in memory.items()}
        banned = self._config["suppress_ids"]
        first = self._config["suppress_ids_begin"] if self._options.suppress_blank else []

        def step(rows: npt.NDArray[np.int64]) -> Scores:
            logits = self._logits(wide, rows)[:, -1].copy()
            logits[:, banned + (first if rows.shape[1] == prompt else [])] = -np.inf
            return _log_softmax(logits)

        return step

    def _align(self, memory: Mapping[str, Array], begun: list[int], found: Hypothesis, frames: int) -> Alignment:
        text = [number for number in found.tokens if number < self._numbers[END]]
        if not text or not frames:
            return Alignment()
        if frames < STRIDE:  # less sound than one position
            frames = STRIDE
        task = [self._numbers[token] for token in whisper.task([self._tokens[number] for number in begun])]
        rows = np.array([[*task, self._numbers[NO_TIMES], *text, self._numbers[END]]], np.int64)
        outputs = self._decoder.run({"tokens": rows, **memory})
        scores = _log_softmax(outputs["logits"][0, len(task) : -2, : self._numbers[END]])
        chances = np.exp(scores[np.arange(len(text)), text]).tolist()
        looks = outputs["looks"][0, :, :, : frames // STRIDE]
        begins = places(looks, len(task), self._options.alignment_median)
        return Alignment([STRIDE * place for place in begins], chances)


def _log_softmax(logits: npt.NDArray[np.float32]) -> Scores:
    shifted = logits - logits.max(-1, keepdims=True)
    scores: Scores = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return scores
