"""What the shared trainer needs to know about recognition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.recipes.asr import bank, features, phones
from models.recipes.asr.bank import Take, evenly
from models.recipes.asr.batches import Batches, Recipe
from models.recipes.asr.labels import Labeller, assemble
from models.recipes.asr.losses import loss
from models.recipes.asr.network import Recogniser, Shape
from models.recipes.asr.pieces import Piece, surrounded
from models.recipes.asr.tokens import Tokens
from models.recipes.asr.wer import word_errors
from models.recipes.asr.windows import Window
from models.recipes.machine import moved
from models.recipes.muon import Muon
from models.recipes.published import start_from
from models.recipes.training import Plan, Task, Trainer, seed_everything

RATE = 1e-3
WATCHED = 24


def optimizer(model: Recogniser) -> Muon:
    """Muon for the matrices inside the layers, Adam for convolutions, embeddings and norms."""
    hidden: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inside = name.startswith(("encoders", "decoders")) and parameter.ndim == 2
        (hidden if inside else rest).append(parameter)
    return Muon(hidden, rest, lr=RATE)


class Dev:
    """Greedy word error rate on dev utterances of each kind, short context and as they are."""

    def __init__(self, work: Path) -> None:
        self._tokens = Tokens(work / "tokenizer.json")
        kinds = ("an4", "fsdd", "everyday", "phrases")
        self._takes = {kind: evenly(bank.read(work / "heard", f"dev-{kind}"), WATCHED) for kind in kinds}

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """One number a kind."""
        assert isinstance(model, Recogniser)
        return {kind: self._errors(model, takes) for kind, takes in self._takes.items() if takes}

    def _errors(self, model: Recogniser, takes: Sequence[Take]) -> float:
        said = transcribe(model, takes, self._tokens)
        return word_errors([take.text for take in takes], said)


def as_window(take: Take) -> Window:
    """A take as it is, with a little silence around it."""
    piece = surrounded(Piece(take.audio, take.text.split(), take.words, take.phones), 3200, 4800)
    return Window(features.log_mel(piece.audio), piece)


def transcribe(model: Recogniser, takes: Sequence[Take], tokens: Tokens, size: int = 8) -> list[str]:
    """Greedy texts, in batches of like length."""
    labeller = Labeller(tokens)
    order = sorted(range(len(takes)), key=lambda i: len(takes[i].samples))
    texts = [""] * len(takes)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        batch = assemble([labeller.example(as_window(takes[i]), None) for i in rows], tokens, None, False)
        shown = moved(batch.features, model.embedding.device.type)
        for row, ids in zip(rows, greedy(model, shown, tokens), strict=True):
            texts[row] = tokens.text(ids)
    return texts


@torch.no_grad()
def greedy(model: Recogniser, shown: torch.Tensor, tokens: Tokens, limit: int = 60) -> list[list[int]]:
    """The likeliest tokens without a cache: slow, plain and independent of any engine."""
    heard = model.encode(shown)
    ids = torch.tensor([[tokens.start, tokens.no_stamps]]).repeat(len(shown), 1)
    banned = torch.tensor(tokens.not_for_speech())
    for _ in range(min(limit, int(shown.shape[1] / 64 * 12) + 8)):
        scores = model.logits(model.decode(ids, heard)[0][:, -1])
        scores[:, banned] = -torch.inf
        ids = torch.cat([ids, scores.argmax(-1, keepdim=True)], 1)
        if bool((ids == tokens.end).any(1).all()):
            break
    return [row[: row.index(tokens.end)] if tokens.end in row else row for row in ids[:, 2:].tolist()]


@dataclass(frozen=True)
class Pace:
    """How large a batch is, in seconds of audio, and how many of them a minute sees, about: stages go by it."""

    seconds: float = 72.0
    steps_a_minute: int = 85


def train(plan: Plan, pace: Pace, start: Path | None = None) -> None:
    """Train, or go on training, until the plan's minutes are spent; `start` is a published model to begin with."""
    work = plan.work
    if start:
        # Its tokens are rows of its weights.
        shutil.copy(start / "tokenizer.json", work / "tokenizer.json")
    recipe, shape = _settings(plan, pace, start is not None)
    batches = Batches(work, recipe, plan.seed)
    # The trainer seeds too, but only after the weights are drawn.
    seed_everything(plan.seed)
    model = Recogniser(shape)
    if start:
        # Imported late: exporting, which this turns round, imports this file.
        from models.recipes.asr.export import specification

        start_from(start, model, specification)
    task = Task(model, [optimizer(model)], batches.batch, loss, Dev(work))
    Trainer(task, plan).run()


def _settings(plan: Plan, pace: Pace, schooled: bool) -> tuple[Recipe, Shape]:
    """As they were when this run began: a resumed run must go through the same stages."""
    path = plan.work / "settings.json"
    if not path.exists():
        shape = Shape(Tokens(plan.work / "tokenizer.json").size, phones=len(phones.NAMES))
        recipe = Recipe(round(plan.minutes * pace.steps_a_minute), pace.seconds)
        if schooled:
            # It has had its easy lessons.
            recipe = replace(recipe, few_until=0.0, joined_from=0.0, padded_from=0.0)
        settings: dict[str, Any] = {"shape": asdict(shape), "recipe": asdict(recipe), "rate": RATE, "seed": plan.seed}
        path.write_text(json.dumps(settings | {"minutes": plan.minutes}, indent=1))
    saved = json.loads(path.read_text())
    return Recipe(**saved["recipe"]), Shape(**saved["shape"])
