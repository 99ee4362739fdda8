"""One training loop for every recipe: budgeted, resumable, averaged. Knows nothing of speech or text.

A recipe hands over a `Task`; batches are a function of the step number, so resuming needs no reader
state. The budget is CPU time: a trainer that was stopped, niced or starved loses nothing. On a card it is the clock's.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models.recipes.machine import Machine

Losses = tuple[Tensor, dict[str, Tensor | float]]


@dataclass(frozen=True)
class Task:
    """What a recipe trains. `watch` scores the averaged weights now and then on held-out data.

    `run`: so many batches after another are best made by one process.
    """

    model: nn.Module
    optimizers: Sequence[Optimizer]
    batch: Callable[[int], Any]
    loss: Callable[[nn.Module, Any], Losses]
    watch: Callable[[nn.Module], dict[str, float]] | None = None
    run: int = 1


@dataclass(frozen=True)
class Plan:
    """How long and how.

    Learning rates hold, then fall to `final` over the last `decay` of the budget, so a run can be
    extended or cut by resuming with other `minutes`.
    """

    work: Path
    minutes: float
    warmup_steps: int = 200
    decay: float = 0.4
    final: float = 0.02
    clip: float = 1.0
    ema: float = 0.999
    seed: int = 1
    save_s: float = 120.0
    watches: int = 12
    machine: Machine = field(default_factory=Machine)

    def rate(self, step: int, spent_s: float) -> float:
        """The factor on every learning rate at this step and after this much time."""
        left = 1.0 - spent_s / (60 * self.minutes)
        return min(1.0, (step + 1) / self.warmup_steps, max(self.final, left / self.decay))


@dataclass
class Progress:
    """What a checkpoint holds besides tensors."""

    step: int = 0
    spent_s: float = 0.0
    sums: dict[str, Tensor | float] = field(default_factory=dict)
    count: int = 0

    def add(self, terms: dict[str, Tensor | float]) -> None:
        """Take in one step. Tensors stay tensors: to ask a card for a number is to wait for it."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.count += 1

    def means(self) -> dict[str, float]:
        """Means since last asked."""
        means = {name: float(total) / max(self.count, 1) for name, total in self.sums.items()}
        self.sums, self.count = {}, 0
        return means


class Averaged:
    """An exponential moving average of the weights: these are what is exported."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the current weights; early on, fast."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1 - decay)
            else:
                self.weights[name].copy_(value)


class Trainer:
    """Runs a Task under a Plan. SIGTERM and SIGINT mean: checkpoint, then leave."""

    def __init__(self, task: Task, plan: Plan) -> None:
        self.task, self.plan, self.progress = task, plan, Progress()
        self.leaving = False
        plan.work.mkdir(parents=True, exist_ok=True)
        seed_everything(plan.seed)
        torch.set_default_device(plan.machine.device)
        task.model.to(plan.machine.device)
        self.bases = [[group["lr"] for group in opt.param_groups] for opt in task.optimizers]
        self.averaged = Averaged(task.model, plan.ema)
        if self.path.exists():
            self.resume()

    @property
    def path(self) -> Path:
        """Where the checkpoint is."""
        return self.plan.work / "checkpoint.pt"

    def run(self) -> None:
        """Train until the budget is spent or someone asks to leave."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: setattr(self, "leaving", True))
        saved, watched = time.monotonic(), self.progress.spent_s
        batches = self.plan.machine.batches(self.task.batch, self.progress.step, self.task.run)
        while not self.leaving and self.progress.spent_s < 60 * self.plan.minutes:
            self.step(batches)
            if time.monotonic() - saved > self.plan.save_s:
                self.save()
                saved = time.monotonic()
            if self.task.watch and self.progress.spent_s - watched > 60 * self.plan.minutes / self.plan.watches:
                self.note({"watch": self.watch()})
                watched = self.progress.spent_s
        self.save()

    def step(self, batches: Iterator[Any]) -> None:
        """One batch, one update."""
        began = self.plan.machine.clock()
        self.set_rates()
        self.task.model.train()
        loss, terms = self.task.loss(self.task.model, next(batches))
        for opt in self.task.optimizers:
            opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.task.model.parameters(), self.plan.clip)
        # One poisoned batch must not cost an hour of training.
        if torch.isfinite(norm):
            for opt in self.task.optimizers:
                opt.step()
            self.averaged.update(self.task.model, self.progress.step)
            self.progress.add({"loss": loss.detach(), "norm": norm, **terms})
        self.progress.step += 1
        self.progress.spent_s += self.plan.machine.clock() - began
        if self.progress.step % 50 == 0:
            self.note(self.progress.means())

    def set_rates(self) -> None:
        """Scale every learning rate by the plan."""
        factor = self.plan.rate(self.progress.step, self.progress.spent_s)
        for opt, bases in zip(self.task.optimizers, self.bases, strict=True):
            for group, base in zip(opt.param_groups, bases, strict=True):
                group["lr"] = base * factor

    def watch(self) -> dict[str, float]:
        """Score the averaged weights, then put the current ones back."""
        assert self.task.watch
        kept = {name: value.clone() for name, value in self.task.model.state_dict().items()}
        self.task.model.load_state_dict(self.averaged.weights)
        self.task.model.eval()
        with torch.no_grad():
            scores = self.task.watch(self.task.model)
        self.task.model.load_state_dict(kept)
        return scores

    def note(self, values: dict[str, Any]) -> None:
        """One line for people, one for the curve."""
        at = {"step": self.progress.step, "minutes": round(self.progress.spent_s / 60, 2)}
        line = json.dumps(at | rounded(values))
        with (self.plan.work / "curve.jsonl").open("a") as out:
            out.write(line + "\n")
        print(time.strftime("%H:%M:%S"), f"of {self.plan.minutes:g} min", line, flush=True)

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "model": self.task.model.state_dict(),
            "averaged": self.averaged.weights,
            "optimizers": [opt.state_dict() for opt in self.task.optimizers],
            "torch_rng": torch.get_rng_state(),
            "step": self.progress.step,
            "spent_s": self.progress.spent_s,
        }
        # Written beside and renamed: a kill in the middle leaves the last good one.
        beside = self.path.with_suffix(".tmp")
        torch.save(state, beside)
        os.replace(beside, self.path)

    def resume(self) -> None:
        """Go on from the checkpoint."""
        state = torch.load(self.path, map_location=self.plan.machine.device, weights_only=True)
        self.task.model.load_state_dict(state["model"])
        self.averaged.weights = state["averaged"]
        for opt, saved in zip(self.task.optimizers, state["optimizers"], strict=True):
            opt.load_state_dict(saved)
        torch.set_rng_state(state["torch_rng"].cpu())
        self.progress = Progress(state["step"], state["spent_s"])
        keep_curve(self.plan.work / "curve.jsonl", state["step"])


def keep_memory() -> None:
    """Tell glibc to keep big blocks. Handing them back and faulting them in again costs half a step."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    trim_threshold, mmap_max = -1, -4
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)


def seed_everything(seed: int) -> None:
    """One thread, one seed, no denormals."""
    keep_memory()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def keep_curve(path: Path, step: int) -> None:
    """Drop what came after the checkpoint, or the curve would tell those steps twice."""
    if path.exists():
        lines = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= step]
        path.write_text("".join(line + "\n" for line in lines))


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Four decimals are enough for a curve."""
    return {k: rounded(v) if isinstance(v, dict) else round(v, 4) for k, v in values.items()}


def averaged_weights(work: Path) -> tuple[dict[str, Tensor], int, float]:
    """The weights to export from any checkpoint, with its step and minutes."""
    state = torch.load(work / "checkpoint.pt", map_location="cpu", weights_only=True)
    return state["averaged"], state["step"], state["spent_s"] / 60


def plot_curve(work: Path) -> Path:
    """Draw the training loss and every watched score beside it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = [json.loads(line) for line in (work / "curve.jsonl").read_text().splitlines()]
    losses = [line for line in lines if "loss" in line]
    watched = [line for line in lines if "watch" in line]
    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot([line["minutes"] for line in losses], [line["loss"] for line in losses])
    axes.set(xlabel="minutes", ylabel="training loss")
    beside = axes.twinx()
    for name in sorted({name for line in watched for name in line["watch"]}):
        beside.plot([w["minutes"] for w in watched], [w["watch"].get(name) for w in watched], "--", label=name)
    if watched:
        beside.legend()
    figure.savefig(work / "curve.png", dpi=100, bbox_inches="tight")
    return work / "curve.png"
