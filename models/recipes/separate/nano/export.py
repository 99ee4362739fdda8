"""Writes the ONNX file from any checkpoint's averaged weights and proves it equal to the trained net."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import torch

from models.recipes.denoise.export import HOPS, TOLERANCE, Sounds, portion_error, portions
from models.recipes.denoise.network import HOP
from models.recipes.separate.nano.card import document
from models.recipes.separate.nano.graph import build, rounded
from models.recipes.separate.nano.mixtures import examination
from models.recipes.separate.nano.network import Separator, States
from models.recipes.training import averaged_weights, plot_curve, seed_everything


def export(data: Sequence[Path], work: Path, folder: Path) -> Path:
    """Write, check, and describe."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, step, minutes = averaged_weights(work)
    model = Separator().eval()
    model.load_state_dict(weights)
    rounded(model)
    onnx.save(build(model), folder / "model.onnx")
    facts = {"steps": step, "minutes": round(minutes, 1)} | check(model, folder / "model.onnx", data)
    plot_curve(work)
    document(folder, data, facts)
    print(json.dumps(facts))
    return folder


def check(model: Separator, path: Path, data: Sequence[Path]) -> dict[str, float]:
    """The largest error of the file against its twin, and of feeding it in other portions."""
    seed_everything(3)
    random: Sounds = (torch.randn(4, HOPS * HOP) * 0.1).numpy()
    size = HOPS * HOP
    real = np.stack([m.noisy[:size] for m in islice(examination(data), 8) if len(m.noisy) >= size])
    sounds = {"random": random, "real": real}
    facts = {f"max_error_{name}": twin_error(model, path, audio) for name, audio in sounds.items()}
    facts["max_error_portions"] = max(portion_error(path, audio) for audio in sounds.values())
    for name, error in facts.items():
        if error > TOLERANCE:
            raise ValueError(f"{path.name}: {name} is {error:.2g}, more than {TOLERANCE:g}")
    return facts


def twin_error(model: Separator, path: Path, audio: Sounds) -> float:
    """The file against the net, all at once."""
    with torch.no_grad():
        wanted, _ = model(torch.from_numpy(audio), States.zeros(len(audio), model.size))
    return float(np.abs(portions(path, audio, HOPS) - wanted.numpy()).max())
