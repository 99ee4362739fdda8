"""Writes the file from any checkpoint's averaged weights and proves it equal to the trained net."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.recipes.diarize.card import FOLDER, document
from models.recipes.diarize.nets.cost import cpu_ms
from models.recipes.diarize.nets.graph import quantise, write
from models.recipes.diarize.nets.network import Voiceprint
from models.recipes.diarize.nets.runner import Rows, Runner
from models.recipes.diarize.sound.mixing import Mixer
from models.recipes.diarize.sound.trials import eer, trials
from models.recipes.training import averaged_weights, plot_curve, seed_everything

TOLERANCE = 1e-4
# Eight bits must point where the net points, and may not cost more than this on the development speakers.
LEAST_COSINE = 0.98
COSTS_POINTS = 0.3
CALIBRATION_STEP = 10**9

Facts = dict[str, float | str]


def export(data: Sequence[Path], work: Path, out: Path | None, start: Path | None = None) -> Path:
    """Write both precisions, check them, keep the better one; `start` is what training went on from."""
    seed_everything(5)
    folder = out or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    model, step, minutes = trained(work)
    mixer = Mixer(work / "bank", 96, seed=77)
    single, small = work / "single.onnx", work / "int8.onnx"
    write(model, single)
    quantise(single, small, np.concatenate([mixed(mixer, CALIBRATION_STEP + i, 24000) for i in range(6)]))
    sounds = [mixed(mixer, CALIBRATION_STEP + 100 + i, size) for i, size in enumerate((24000, 48000))]
    facts: Facts = {"steps": step, "minutes": round(minutes, 1), "classes": len(mixer.spans)}
    facts |= check(model, single, small, sounds) | compare(single, small, data)
    shutil.copy(small if facts["precision"] == "int8" else single, folder / "model.onnx")
    plot_curve(work)
    document(folder, data, facts, read_json(work / "bank" / "teacher.json"), start)
    print(json.dumps(facts))
    return folder


def read_json(path: Path) -> dict[str, str]:
    """What a file says, if it is there."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def trained(work: Path) -> tuple[Voiceprint, int, float]:
    """The averaged net without its classes."""
    weights, step, minutes = averaged_weights(work)
    model = Voiceprint().eval()
    model.load_state_dict({k.removeprefix("net."): v for k, v in weights.items() if k.startswith("net.")})
    return model, step, minutes


def mixed(mixer: Mixer, step: int, size: int) -> Rows:
    """Real sessions of the length asked for: the training mix under steps that training never reaches."""
    while (batch := mixer(step).audio).shape[1] != size:
        step += 1000
    sound: Rows = batch.numpy()
    return sound


def check(model: Voiceprint, single: Path, small: Path, sounds: list[Rows]) -> Facts:
    """Each file against the net, and every row against itself alone."""
    random = np.random.default_rng(3).standard_normal((16, 24000), np.float32) * np.float32(0.1)
    facts: Facts = {
        "max_error_random": twin_error(model, single, random),
        "max_error_real": max(twin_error(model, single, audio) for audio in sounds),
        "max_error_neighbours": max(neighbour_error(single, audio) for audio in [random, *sounds]),
        "int8_max_error_neighbours": max(neighbour_error(small, audio) for audio in [random, *sounds]),
        "int8_least_cosine": min(least_cosine(model, small, audio) for audio in sounds),
    }
    for name, error in facts.items():
        if "max_error" in name and float(error) > TOLERANCE:
            raise ValueError(f"{name} is {error:.2g}, more than {TOLERANCE:g}")
    return facts


def wanted(model: Voiceprint, audio: Rows) -> Rows:
    """What the trained net says."""
    with torch.no_grad():
        return np.asarray(model(torch.from_numpy(audio)).numpy())


def twin_error(model: Voiceprint, path: Path, audio: Rows) -> float:
    """The largest difference between file and net."""
    return float(np.abs(Runner(path).run(audio) - wanted(model, audio)).max())


def least_cosine(model: Voiceprint, path: Path, audio: Rows) -> float:
    """How far the file's rows turn away from the net's at the most."""
    rows = Runner(path).run(audio)
    return float((rows * wanted(model, audio)).sum(1).min())


def neighbour_error(path: Path, audio: Rows) -> float:
    """A row must not depend on the rows beside it."""
    runner = Runner(path)
    together = runner.run(audio)
    alone = np.concatenate([runner.run(row[None]) for row in audio])
    beside = runner.run(np.concatenate([audio[:1], 3 * np.roll(audio[1:], 1, 0)]))[:1]
    return float(max(np.abs(together - alone).max(), np.abs(together[:1] - beside).max()))


def compare(single: Path, small: Path, data: Sequence[Path]) -> Facts:
    """Which precision is served: eight bits if they are faster and cost next to nothing in errors."""
    exam = trials(data, "dev", seconds=(1.5, 3.0))
    errors = {
        path: float(np.mean([eer(*t.by_corpus(Runner(path)(t.windows)).values()) for t in exam.values()]))
        for path in (single, small)
    }
    times = {path: cpu_ms(path) for path in (single, small)}
    better = errors[small] <= errors[single] + COSTS_POINTS and times[small] < times[single]
    return {
        "dev_eer_single": round(errors[single], 3),
        "dev_eer_int8": round(errors[small], 3),
        "ms_single": round(times[single], 3),
        "ms_int8": round(times[small], 3),
        "precision": "int8" if better else "single",
    }
