"""The trained weights as a CTranslate2 Whisper model, checked against the PyTorch twin token by token."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.specs.whisper_spec import WhisperSpec

from models.recipes.asr import bank, features
from models.recipes.asr.bank import Take, evenly
from models.recipes.asr.card import document
from models.recipes.asr.engine import Engine, batch
from models.recipes.asr.network import Convolution, Recogniser, Shape
from models.recipes.asr.timing import start_errors
from models.recipes.asr.tokens import Tokens
from models.recipes.asr.train import as_window, greedy
from models.recipes.sound import RATE_HZ
from models.recipes.specification import array, fill
from models.recipes.training import averaged_weights

Heads = list[tuple[int, int]]

SAMPLE = 60  # utterances of the check
LISTENED = 60  # utterances that choose the alignment heads
MEDIANS = (3, 5, 7)


def export(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write the int8 model to `out`, from whatever checkpoint there is."""
    twin, step, minutes = load_twin(work)
    tokens = Tokens(work / "tokenizer.json")
    for folder, quantization in ((work / "float", None), (out, "int8")):
        write(twin, tokens, folder, quantization)
        shutil.copy(work / "tokenizer.json", folder / "tokenizer.json")
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(), indent=1))
    report = {"step": step, "cpu_minutes": round(minutes, 1), **check(twin, tokens, work, out)}
    report |= choose_heads(twin.shape, work, out)
    print(report, flush=True)
    document(work, data, out, report)


def preprocessor() -> dict[str, int]:
    """What faster-whisper's feature extractor reads."""
    return {
        "feature_size": features.MELS,
        "sampling_rate": RATE_HZ,
        "hop_length": features.HOP,
        "n_fft": features.FFT,
        "chunk_length": 30,
    }


def load_twin(work: Path) -> tuple[Recogniser, int, float]:
    """The averaged weights in float32, ready to be compared."""
    shape = Shape(**json.loads((work / "settings.json").read_text())["shape"])
    weights, step, minutes = averaged_weights(work)
    twin = Recogniser(shape)
    twin.load_state_dict(weights)
    twin.compute = torch.float32
    return twin.eval(), step, minutes


def write(twin: Recogniser, tokens: Tokens, folder: Path, quantization: str | None) -> None:
    """One CTranslate2 model folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = specification(twin)
    spec.register_vocabulary(tokens.vocabulary())
    spec.config.suppress_ids = tokens.not_for_speech()
    # Silence is answered with nothing: neither a blank nor the end is suppressed at the start.
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [tokens.id("<|en|>")]
    spec.config.alignment_heads = [(twin.shape.decoders - 1, 0)]
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


def specification(twin: Recogniser) -> WhisperSpec:
    """The twin's weights under CTranslate2's names."""
    shape = twin.shape
    spec = WhisperSpec(shape.encoders, shape.heads, shape.decoders, shape.heads)
    _convolution(spec.encoder.conv1, twin.first)
    _convolution(spec.encoder.conv2, twin.second)
    spec.encoder.position_encodings.encodings = array(twin.positions)
    spec.decoder.position_encodings.encodings = array(twin.places)
    spec.decoder.embeddings.weight = array(twin.embedding)
    spec.decoder.projection.weight = array(twin.embedding)
    fill(spec, twin)
    return spec


def _convolution(spec: Any, made: Convolution) -> None:
    """[outputs, taps * inputs] as CTranslate2 has it: [outputs, inputs, taps]."""
    outputs = made.weight.shape[0]
    spec.weight = array(made.weight.view(outputs, 3, -1).transpose(1, 2).contiguous())
    spec.bias = array(made.bias)


def sample(work: Path, part: str, count: int) -> list[Take]:
    """Some utterances of every kind."""
    kinds = ("an4", "fsdd", "everyday", "phrases")
    parts = [bank.read(work / "heard", f"{part}-{kind}") for kind in kinds]
    return [take for takes in parts for take in evenly(takes, count // len(kinds))]


def check(twin: Recogniser, tokens: Tokens, work: Path, out: Path) -> dict[str, float]:
    """How many real utterances come out of each export with exactly the twin's greedy tokens."""
    takes = sample(work, "test", SAMPLE)
    shown = [batch([as_window(take).features], False) for take in takes]
    wanted = [greedy(twin, torch.from_numpy(each), tokens, 40)[0] for each in shown]
    report: dict[str, float] = {"compared": len(takes)}
    for name, folder, compute in (("float32", work / "float", "float32"), ("int8", out, "int8")):
        engine = Engine(folder, compute=compute, beam=1)
        got = [_ids(engine, each) for each in shown]
        report[f"{name}_same"] = round(float(np.mean([a == b for a, b in zip(wanted, got, strict=True)])), 4)
    assert report["float32_same"] >= 0.95, report
    return report


def _ids(engine: Engine, shown: np.ndarray) -> list[int]:
    limit = min(40, int(shown.shape[1] / 64 * 12) + 8)
    return [token for token in engine.generate(shown, limit)[0].tokens if token != engine.tokens.end]


def choose_heads(shape: Shape, work: Path, out: Path) -> dict[str, Any]:
    """The heads, and the width of the median, that tell dev words' starts best: tried in the engine itself."""
    takes = bank.read(work / "heard", "dev-everyday")[:LISTENED]
    singles = [(layer, head) for layer in range(shape.decoders) for head in range(shape.heads)]
    guided = [head for head in singles if head[0] == shape.decoders - 1]
    options: list[Heads] = [[head] for head in singles] + [list(pair) for pair in combinations(guided, 2)]
    # Stock engines always smooth by seven: heads are chosen there, then the width for those that may choose.
    scored = [(_median_error(out, heads, takes, 7), heads) for heads in options]
    error, heads = min(scored, key=lambda each: each[0])
    widths = {width: _median_error(out, heads, takes, width) for width in MEDIANS}
    best = min(widths, key=lambda width: widths[width])
    return {"alignment_heads": heads, "alignment_error_ms": error, "median": best, "median_error_ms": widths[best]}


def _median_error(folder: Path, heads: Heads, takes: Sequence[Take], median: int) -> float:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"alignment_heads": heads}, indent=1))
    return round(1000 * float(np.median(start_errors(Engine(folder), takes, False, median))), 1)
