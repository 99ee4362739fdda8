"""The trained encoder before the original's decoder as a CTranslate2 model, checked against the PyTorch twin."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import torch
from ctranslate2.specs.whisper_spec import WhisperSpec
from torch import Tensor

from models.recipes.asr import corpus, teacher
from models.recipes.asr.card import document
from models.recipes.asr.corpus import TEST
from models.recipes.asr.losses import Pupil
from models.recipes.asr.network import HEADS, Weights, layers
from models.recipes.asr.teacher import END, NO_TIMES, START
from models.recipes.asr.train import pupil
from models.recipes.asr.window import Window, view
from models.recipes.sound import read
from models.recipes.training import averaged_weights

CHECKED, LONGEST, REST_S = 30, 60, 0.5
COPIED = ("tokenizer.json", "vocabulary.txt")
BLANK = 220


def export(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write the int8 model to `out`, from whatever checkpoint there is."""
    averaged, step, minutes = averaged_weights(work)
    model = pupil(work / "teacher", torch.float32)
    model.load_state_dict(averaged)
    for folder, quantization in ((work / "float", "float32"), (out, "int8")):
        write(work / "teacher", trained(averaged), folder, quantization)
    report = {"step": step, "cpu_minutes": round(minutes, 1), **check(model, data, work / "float", out)}
    print(report, flush=True)
    document(work, data, out, report)


def trained(averaged: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The learnt weights by stored name."""
    return {Weights.stored_name(name.removeprefix("encoder.")): value for name, value in averaged.items()}


def write(original: Path, learnt: Mapping[str, Tensor], folder: Path, quantization: str) -> None:
    """One model folder: the original's vocabulary and settings beside new weights."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stored = {**teacher.weights(original), **{name: value.numpy() for name, value in learnt.items()}}
    spec = specification(stored)
    spec.register_vocabulary(corpus.lines(original / "vocabulary.txt"))
    config = json.loads((original / "config.json").read_text())
    # The original may not begin with the end; this one answers silence with nothing.
    for key, value in {**config, "suppress_ids_begin": [BLANK]}.items():
        setattr(spec.config, key, value)
    spec.validate()
    spec._alias_variables()  # the embeddings are the projection, too
    # Convolutions stay as they are: an engine computes them in single precision anyway.
    spec._quantize(quantization, lambda name: "conv" not in name)
    spec.save(str(folder))
    (folder / "vocabulary.json").unlink()  # the original's list says the same
    for name in COPIED:
        shutil.copy(original / name, folder / name)


def specification(stored: Mapping[str, Any]) -> WhisperSpec:
    """Every weight where its stored name says: the names are paths through the specification."""
    encoders, decoders = (len(layers(stored, f"{part}/")) for part in ("encoder", "decoder"))
    spec = WhisperSpec(encoders, HEADS, decoders, HEADS)
    for name, value in stored.items():
        *path, last = re.sub(r"/(layer|linear)_(\d+)", _step, name).split("/")
        place = spec
        for step in path:
            place = place[int(step)] if step.isdigit() else getattr(place, step)
        # What is not a matrix or a vector is a setting, which the specification has already.
        if value.ndim and last != "alignment_heads":
            setattr(place, last, np.ascontiguousarray(value, np.float32))
    return spec


def _step(found: re.Match[str]) -> str:
    """Layers and the projections of an attention are lists; those of a feed-forward part are not."""
    before = found.string[: found.start()]
    is_list = found[1] == "layer" or before.endswith("attention")
    return f"/{found[1]}/{found[2]}" if is_list else found[0]


def check(model: Pupil, data: Sequence[Path], floats: Path, out: Path) -> dict[str, float]:
    """How many real utterances come out of each export with exactly the twin's greedy tokens."""
    some = [each for each in corpus.recordings(data) if each.part == TEST and each.corpus != "fsdd"]
    windows = [Window.of(read(each.path)) for each in some[:: max(1, len(some) // CHECKED)][:CHECKED]]
    shown = [view(window.rows, window.length(REST_S)) for window in windows]
    wanted = [greedy(model, torch.from_numpy(each)) for each in shown]
    report: dict[str, float] = {"compared": len(shown)}
    for name, folder, compute in (("float32", floats, "float32"), ("int8", out, "int8")):
        engine = ctranslate2.models.Whisper(str(folder), compute_type=compute, intra_threads=1)
        same = [_tokens(engine, each) == ids for each, ids in zip(shown, wanted, strict=True)]
        report[f"{name}_same"] = round(float(np.mean(same)), 4)
    assert report["float32_same"] >= 0.95, report
    return report


@torch.no_grad()
def greedy(model: Pupil, shown: Tensor) -> list[int]:
    """The likeliest tokens without a cache and without rules: slow, plain and independent of any engine."""
    heard, tokens = model.encoder(shown), [START, NO_TIMES]
    while tokens[-1] != END and len(tokens) < LONGEST:
        hidden = model.decoder(torch.tensor([tokens]), heard)[:, -1]
        tokens.append(int(model.decoder.logits(hidden).argmax()))
    return tokens[2:]


def _tokens(engine: ctranslate2.models.Whisper, shown: np.ndarray) -> list[int]:
    result = engine.generate(
        ctranslate2.StorageView.from_array(shown),
        [list(teacher.PROMPT)],
        beam_size=1,
        suppress_blank=False,
        suppress_tokens=[],
        max_length=2 * (LONGEST - 2),
    )[0]
    ids: list[int] = result.sequences_ids[0]
    return ids if len(ids) == LONGEST - 2 else [*ids, END]
