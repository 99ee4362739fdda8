"""What the shared trainer needs to know about translation."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from models.recipes.machine import moved
from models.recipes.muon import Muon
from models.recipes.published import start_from
from models.recipes.training import Losses, Plan, Task, Trainer, seed_everything
from models.recipes.translate import corpus
from models.recipes.translate.batches import Batch, Batches, Recipe, assemble
from models.recipes.translate.loss import cross_entropy
from models.recipes.translate.model import Shape, Translator
from models.recipes.translate.pieces import Pieces

SMOOTHING = 0.1
RATE = 2e-3


def loss(model: nn.Module, batch: Batch) -> Losses:
    """What the trainer minimises, and how many tokens the batch had."""
    assert isinstance(model, Translator)
    hidden = model(batch.source, batch.target).flatten(0, 1)
    if len(batch.real) < len(hidden):
        hidden = hidden[batch.real]
    value = cross_entropy(hidden, model.embedding, batch.labels, SMOOTHING)
    return value, {"tokens": float(batch.source.numel() + batch.target.numel())}


def optimizer(model: Translator) -> Muon:
    """Muon for matrices inside the layers, Adam for embeddings and norms."""
    hidden: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        (hidden if parameter.ndim == 2 and name != "embedding" else rest).append(parameter)
    return Muon(hidden, rest, lr=RATE)


class DevLoss:
    """Nats a piece on the dev part, direction by direction."""

    def __init__(self, work: Path) -> None:
        pieces = Pieces(work / "pieces.model")
        pairs = corpus.load(work / "dev.jsonl")
        self.batches: dict[str, list[Batch]] = {}
        for source, target in corpus.DIRECTIONS:
            mine = sorted((p for p in pairs if p.language in (source, target)), key=lambda p: len(p.side(target)))
            sides = [pieces.encode([p.side(language) for p in mine]) for language in (source, target)]
            examples = [(a, b, target) for a, b in zip(*sides, strict=True)]
            self.batches[f"{source}-{target}"] = [
                assemble(examples[i : i + 125], pieces) for i in range(0, len(examples), 125)
            ]

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """One number a direction."""
        return {name: self._mean(model, batches) for name, batches in self.batches.items()}

    def _mean(self, model: nn.Module, batches: list[Batch]) -> float:
        device = next(model.parameters()).device.type
        sums = [(loss(model, moved(batch, device))[0].item() * len(batch.real), len(batch.real)) for batch in batches]
        mean: float = sum(total for total, _ in sums) / sum(count for _, count in sums)
        return mean


def train(plan: Plan, recipe: Recipe, dropout: float, start: Path | None = None) -> None:
    """Train, or go on training, until the plan's minutes are spent; `start` is a published model to begin with."""
    work, seed = plan.work, plan.seed
    if start:
        # Its pieces are rows of its weights.
        shutil.copy(start / "pieces.model", work / "pieces.model")
    batches = Batches(work, recipe, seed)
    shape = Shape(len(batches.pieces), dropout=dropout)
    settings: dict[str, Any] = {
        "shape": asdict(shape),
        "recipe": asdict(recipe),
        "rate": RATE,
        "smoothing": SMOOTHING,
        "seed": seed,
        "minutes": plan.minutes,
        "steps_per_epoch": batches.per_epoch,
    }
    (work / "settings.json").write_text(json.dumps(settings, indent=1))
    # The trainer seeds too, but only after the weights are drawn.
    seed_everything(seed)
    model = Translator(shape)
    if start:
        # Imported late: it needs the library that serves, which training from nothing does not.
        from models.recipes.translate.export import specification

        start_from(start, model, specification)
    Trainer(_task(model, batches, work), plan).run()


def _task(model: Translator, batches: Batches, work: Path) -> Task:
    return Task(model, [optimizer(model)], batches.batch, loss, DevLoss(work), batches.per_epoch)
