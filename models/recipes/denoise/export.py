"""Writes the ONNX file from any checkpoint's averaged weights and proves it equal to the trained net."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from models.recipes.denoise.card import FOLDER, document
from models.recipes.denoise.graph import build
from models.recipes.denoise.mixtures import examination
from models.recipes.denoise.network import HOP, Enhancer, States
from models.recipes.denoise.runner import Stream, session
from models.recipes.training import averaged_weights, plot_curve, seed_everything

TOLERANCE = 1e-4
HOPS = 14 * 7

Sounds = NDArray[np.float32]


def export(data: Sequence[Path], work: Path, out: Path | None) -> Path:
    """Write, check, and describe."""
    folder = out or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    weights, step, minutes = averaged_weights(work)
    model = Enhancer().eval()
    model.load_state_dict(weights)
    onnx.save(build(model), folder / "model.onnx")
    facts = {"steps": step, "minutes": round(minutes, 1)} | check(model, folder / "model.onnx", data)
    plot_curve(work)
    document(folder, data, facts)
    print(json.dumps(facts))
    return folder


def check(model: Enhancer, path: Path, data: Sequence[Path]) -> dict[str, float]:
    """The largest error of the file against its twin, and of feeding it in other portions."""
    seed_everything(3)
    random: Sounds = (torch.randn(4, HOPS * HOP) * 0.1).numpy()
    sounds = {"random": random, "real": real(data)}
    facts = {f"max_error_{name}": twin_error(model, path, audio) for name, audio in sounds.items()}
    facts["max_error_portions"] = max(portion_error(path, audio) for audio in sounds.values())
    for name, error in facts.items():
        if error > TOLERANCE:
            raise ValueError(f"{path.name}: {name} is {error:.2g}, more than {TOLERANCE:g}")
    return facts


def real(data: Sequence[Path]) -> Sounds:
    """Held-out mixtures, cut to one length."""
    found = [m.noisy[: HOPS * HOP] for m in islice(examination(data), 8) if len(m.noisy) >= HOPS * HOP]
    return np.stack(found)


def twin_error(model: Enhancer, path: Path, audio: Sounds) -> float:
    """The file against the net, all at once."""
    with torch.no_grad():
        wanted, _ = model(torch.from_numpy(audio), States.zeros(len(audio), model.size))
    return float(np.abs(portions(path, audio, HOPS) - wanted.numpy()).max())


def portion_error(path: Path, audio: Sounds) -> float:
    """Frame by frame, in blocks of seven, or all at once must be the same; so must one stream alone."""
    whole = portions(path, audio, HOPS)
    alone = np.concatenate([portions(path, row[None], 7) for row in audio])
    others = [portions(path, audio, 1), portions(path, audio, 7), alone]
    return max(float(np.abs(other - whole).max()) for other in others)


def portions(path: Path, audio: Sounds, hops: int) -> Sounds:
    """The output of feeding `hops` at a time."""
    stream = Stream(session(path), len(audio))
    cuts = range(0, audio.shape[1], hops * HOP)
    return np.concatenate([stream.feed(audio[:, at : at + hops * HOP]) for at in cuts], axis=1)
