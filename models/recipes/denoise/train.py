"""Trains the enhancer on mixtures drawn on the fly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.recipes.denoise import losses
from models.recipes.denoise.mixing import Mixer
from models.recipes.denoise.network import HOP, Enhancer, States
from models.recipes.denoise.published import start_from
from models.recipes.machine import moved
from models.recipes.muon import Muon
from models.recipes.training import Losses, Plan, Task, Trainer, seed_everything

SEED = 20
ROWS = 48
ANEW, GOING_ON = 1e-3, 6e-4  # learning rates


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Losses:
    """The loss of one batch from silence."""
    noisy, clean = batch
    assert isinstance(model, Enhancer)
    out, _ = model(noisy, States.zeros(len(noisy), model.size))
    # The output is one hop late; the first frames have nothing to overlap with.
    return losses.total(noisy[:, :-HOP], out[:, HOP:], clean[:, :-HOP], model.window)


def gain_db(noisy: Tensor, out: Tensor, clean: Tensor) -> Tensor:
    """What enhancing won, by row."""
    return sdr(out, clean) - sdr(noisy, clean)


def sdr(out: Tensor, clean: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio of each row, in dB."""
    clean = clean - clean.mean(1, keepdim=True)
    out = out - out.mean(1, keepdim=True)
    part = (out * clean).sum(1, keepdim=True) / clean.square().sum(1, keepdim=True) * clean
    return 10 * torch.log10(part.square().sum(1) / ((out - part).square().sum(1) + 1e-12))


def watcher(mixer: Mixer) -> Any:
    """Scores two fixed batches that training never draws."""

    def watch(model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Enhancer)
        gains, values = [], []
        for step in (10**9, 10**9 + 1):
            noisy, clean = moved(mixer(step), model.window.device.type)
            out, _ = model(noisy, States.zeros(len(noisy), model.size))
            noisy, out, clean = noisy[:, :-HOP], out[:, HOP:], clean[:, :-HOP]
            before = sdr(noisy, clean)
            hard = (before > -8) & (before < 15)
            gains.append(gain_db(noisy, out, clean)[hard].mean())
            values.append(losses.total(noisy, out, clean, model.window)[0])
        return {"gain_db": torch.stack(gains).mean().item(), "loss": torch.stack(values).mean().item()}

    return watch


def train(plan: Plan, start: Path | None) -> None:
    """Train, or go on training, until the plan's minutes are spent; `start` is a published model to begin with."""
    seed_everything(SEED)
    model = Enhancer()
    if start:
        start_from(start, model)
    rate = GOING_ON if start else ANEW
    mixer = Mixer(plan.work / "bank", ROWS, SEED)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    optimizer = Muon(matrices, [p for p in model.parameters() if p.ndim < 2], lr=rate)
    task = Task(model, [optimizer], mixer, loss, watcher(mixer))
    Trainer(task, plan).run()
