"""Trains the speaker net on sessions drawn on the fly, watching held-out voices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from models.recipes.diarize.nets.loss import LESSON_SHARE, PAIR_SHARE, Margin, apart_from, pairs
from models.recipes.diarize.nets.network import Voiceprint
from models.recipes.diarize.nets.published import rotation, start_from
from models.recipes.diarize.sound.mixing import Batch, Mixer
from models.recipes.diarize.sound.trials import Trials, eer, trials
from models.recipes.machine import half
from models.recipes.muon import Muon
from models.recipes.training import Losses, Plan, Task, Trainer, seed_everything

SEED = 30
ROWS = 96
START_STEP, START_BATCHES = 2 * 10**9, 24  # sound that training does not come to
RATE, RATE_ON = 1.5e-3, 5e-4  # from scratch, and from published weights


class Pupil(nn.Module):
    """The net, and the classes it learns by; only the net is exported."""

    def __init__(self, net: Voiceprint, classes: int, taught: Tensor | None = None) -> None:
        super().__init__()
        self.net = net
        # Where a teacher puts a voice its class begins: elsewhere the two would pull against each other.
        self.margin = Margin(torch.randn(classes, self.net.width) / self.net.width**0.5 if taught is None else taught)

    def forward(self, audio: Tensor) -> Tensor:
        """Unit rows; the products in half precision where that is fast, the features not."""
        features = self.net.features(audio)
        kind = half(audio.device.type)
        with torch.autocast(audio.device.type, kind, enabled=kind != torch.float32):
            rows = self.net.embed(features)
        return nn.functional.normalize(rows, dim=-1)


def loss(model: nn.Module, batch: Batch) -> Losses:
    """Classes apart, pairs together, and everything where a teacher says."""
    assert isinstance(model, Pupil)
    rows = model(batch.audio)
    parts = {"classes": model.margin(rows, batch.labels, batch.margin), "pairs": PAIR_SHARE * pairs(rows)}
    if batch.lessons is not None:
        parts["lessons"] = LESSON_SHARE * apart_from(rows, batch.lessons)
    return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}


def embedded(net: nn.Module, audio: Tensor) -> Tensor:
    """Rows of many windows, some at a time."""
    return torch.cat([net(part) for part in torch.split(audio, 64)])


def watch(model: nn.Module, exam: dict[str, Trials]) -> dict[str, float]:
    """Equal error rates on the development speakers."""
    assert isinstance(model, Pupil)
    found = {}
    for name, trial in exam.items():
        rows = embedded(model.net, torch.from_numpy(trial.windows).to(model.margin.centres.device)).cpu().numpy()
        found[name] = eer(*trial.by_corpus(rows).values())
    return found


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The hidden matrices, and everything else: convolutions, normalisations, class centres."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and not name.startswith("margin")]
    kept = {id(p) for p in matrices}
    return matrices, [p for _, p in named if id(p) not in kept]


def started(folder: Path, mixer: Mixer) -> Voiceprint:
    """The published net as it trains; the mixer's teacher from then on speaks in its directions."""
    net, batches = Voiceprint(), [mixer(START_STEP + i) for i in range(START_BATCHES)]
    start_from(folder, net, [batch.audio for batch in batches[:4]])
    heard = [(batch.audio, batch.lessons) for batch in batches if batch.lessons is not None]
    if heard:
        mixer.turn(rotation(net, heard))
    return net


def train(data: Sequence[Path], plan: Plan, start: Path | None = None) -> None:
    """Train, or go on training, until the plan's minutes are spent; `start`: from the weights of that model folder."""
    seed_everything(SEED)
    mixer = Mixer(plan.work / "bank", ROWS, SEED)
    net = started(start, mixer) if start else Voiceprint()
    model = Pupil(net, len(mixer.spans), mixer.taught())
    exam = trials(data, "dev", seconds=(1.5, 3.0)) if data else {}
    optimizer = Muon(*split_parameters(model), lr=RATE_ON if start else RATE)
    task = Task(model, [optimizer], mixer, loss, (lambda m: watch(m, exam)) if exam else None)
    Trainer(task, plan).run()
