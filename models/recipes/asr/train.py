"""What the shared trainer needs to know about learning to hear short windows."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.recipes.asr import lessons
from models.recipes.asr.losses import Pupil, loss
from models.recipes.asr.network import Decoder, Encoder
from models.recipes.asr.teacher import weights
from models.recipes.asr.windows import Lessons
from models.recipes.training import Plan, Task, Trainer

RATE = 7e-5


def pupil(folder: Path, dtype: torch.dtype = torch.bfloat16) -> Pupil:
    """The teacher's twin, ready to learn."""
    stored = weights(folder)
    return Pupil(Encoder(stored, dtype), Decoder(stored, dtype))


def train(plan: Plan) -> None:
    """Train, or go on training, until the plan's minutes are spent."""
    made = lessons.read(plan.work / "lessons")
    model = pupil(plan.work / "teacher")
    optimizer = torch.optim.AdamW(trained(model), RATE, weight_decay=0.0)
    Trainer(Task(model, [optimizer], Lessons(made, plan.seed).batch, loss), plan).run()


def trained(model: Pupil) -> list[nn.Parameter]:
    """All of the encoder but its positions, which are sines and stay so."""
    named = model.encoder.named_parameters()
    return [parameter for name, parameter in named if "position_encodings" not in name]
