"""Trains the separator on mixtures drawn on the fly, from the weights of a published enhancer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.recipes.denoise import losses
from models.recipes.denoise.train import sdr
from models.recipes.machine import moved
from models.recipes.muon import Muon
from models.recipes.separate.nano.mixing import SongMixer
from models.recipes.separate.nano.network import LATE, Separator, States
from models.recipes.separate.nano.widen import widen
from models.recipes.training import Losses, Plan, Task, Trainer, seed_everything

SEED = 25
ROWS = 40
RATE = 8e-4
# A separated track is judged by its waveform more than a cleaned one is.
WAVE = 0.1


def separated(model: nn.Module, mix: Tensor, voice: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The mix, what the net makes of it from silence, and the voice, in step."""
    assert isinstance(model, Separator)
    out, _ = model(mix, States.zeros(len(mix), model.size))
    return mix[:, :-LATE], out[:, LATE:], voice[:, :-LATE]


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Losses:
    """The loss of one batch."""
    assert isinstance(model, Separator)
    mix, out, voice = separated(model, *batch)
    found, terms = losses.total(mix, out, voice, model.window)
    wave = losses.waveform(*losses.unit_level(mix, out, voice))
    return found + WAVE * wave, terms


def watcher(mixer: SongMixer) -> Any:
    """Scores two fixed batches that training never draws."""

    def watch(model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Separator)
        gains, rests = [], []
        for step in (10**9, 10**9 + 1):
            mix, out, voice = separated(model, *moved(mixer(step), model.window.device.type))
            before = sdr(mix, voice)
            hard = (before > -6) & (before < 11)
            gains.append((sdr(out, voice) - before)[hard])
            rests.append((sdr(mix - out, mix - voice) - sdr(mix, mix - voice))[hard])
        return {"voice_db": torch.cat(gains).mean().item(), "rest_db": torch.cat(rests).mean().item()}

    return watch


def train(plan: Plan, start: Path | None) -> None:
    """Train, or go on training, until the plan's minutes are spent; `start` is a published enhancer to begin with."""
    seed_everything(SEED)
    model = Separator()
    if start:
        widen(start, model)
    mixer = SongMixer(plan.work / "bank", ROWS, SEED)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    optimizer = Muon(matrices, [p for p in model.parameters() if p.ndim < 2], lr=RATE)
    task = Task(model, [optimizer], mixer, loss, watcher(mixer))
    Trainer(task, plan).run()
