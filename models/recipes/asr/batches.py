"""Training batches as a function of the step: who speaks, how many after another, hardly padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.recipes.asr import bank, splices
from models.recipes.asr.bank import Take
from models.recipes.asr.labels import Batch, Labeller, assemble
from models.recipes.asr.pieces import Piece, cut_out, follow, piece, string
from models.recipes.asr.tokens import Tokens
from models.recipes.asr.windows import Studio, Window
from models.recipes.sound import RATE_HZ, Random

# Kinds whose takes are single words, and how many of them are said after another.
WORDS = {
    "fsdd": (1, 1, 2, 3, 4, 5, 7, 10),
    "splice": (1, 2, 3, 4, 5, 6, 8),
    "digits": (1, 1, 1, 2, 3, 4, 6),
}


@dataclass(frozen=True)
class Recipe:
    """How much of what the model hears. Stages are counted in steps, of which a run has about `steps`."""

    steps: int
    seconds: float = 72.0  # of audio in one batch
    few_until: float = 0.1  # until here of the run: few voices, hardly any weather
    padded_from: float = 0.35  # from here: half of the batches as if padded to the end
    joined_from: float = 0.15
    longest_s: float = 25.0
    choice: int = 320  # windows planned for each batch: those of about one length become it
    shares: dict[str, float] = field(
        default_factory=lambda: {
            **{"everyday": 0.40, "phrases": 0.11, "nothing": 0.09},
            **{"an4": 0.15, "splice": 0.07, "fsdd": 0.11, "digits": 0.11},
        }
    )
    joined: float = 0.15
    cut_out: float = 0.5  # of AN4, whose people all take a breath first
    # How far speeds go: real voices are few, so theirs go further.
    widest: dict[str, float] = field(
        default_factory=lambda: {
            "everyday": 0.1,
            "phrases": 0.12,
            "an4": 0.2,
            "splice": 0.2,
            "fsdd": 0.22,
            "digits": 0.18,
        }
    )


@dataclass(frozen=True)
class Plan:
    """One window before it is made."""

    kind: str
    takes: tuple[int, ...]
    seconds: float


class Batches:
    """`batch(step)`: the same step always gives the same batch, so nothing has to be stored to resume."""

    def __init__(self, work: Path, recipe: Recipe, seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.tokens = Tokens(work / "tokenizer.json")
        self.studio, self.labeller = Studio(work), Labeller(self.tokens)
        kinds = ("everyday", "phrases", "an4", "fsdd", "digits")
        self.takes: dict[str, list[Take]] = {kind: bank.read(work / "bank", kind) for kind in kinds}
        self.takes["splice"] = splices.cut(self.takes["an4"])
        self._few = {kind: _few(self.takes[kind]) for kind in ("everyday", "phrases")}
        self._pools = {kind: splices.pools(self.takes[kind]) for kind in WORDS}

    def batch(self, step: int) -> Batch:
        """The batch of this step."""
        rng = np.random.default_rng([self.seed, step])
        done = step / self.recipe.steps
        windows = [self._window(plan, rng, done) for plan in self._chosen(rng, done)]
        padded = done >= self.recipe.padded_from and rng.random() < 0.5
        return assemble([self.labeller.example(w, rng) for w in windows], self.tokens, rng, padded)

    def _chosen(self, rng: Random, done: float) -> Sequence[Plan]:
        """Of many plans those of one length, so that little is padded, and each as likely as any other."""
        plans = sorted((self._plan(rng, done) for _ in range(self.recipe.choice)), key=lambda plan: plan.seconds)
        groups: list[list[Plan]] = [[]]
        for plan in plans:
            if groups[-1] and (len(groups[-1]) + 1) * plan.seconds > self.recipe.seconds:
                groups.append([])
            groups[-1].append(plan)
        return groups[int(rng.integers(len(groups)))]

    def _plan(self, rng: Random, done: float) -> Plan:
        kind = str(rng.choice(list(self.recipe.shares), p=_shares(self.recipe.shares)))
        if kind == "nothing":
            return Plan(kind, (), float(rng.uniform(0.4, 8)))
        takes = self._draw(kind, rng, int(rng.choice(WORDS[kind])) if kind in WORDS else 1, done)
        length = self._seconds(kind, takes)
        if kind not in WORDS and done >= self.recipe.joined_from and rng.random() < self.recipe.joined:
            wanted = rng.uniform(4, self.recipe.longest_s - 3)
            while length < wanted and len(takes) < 12:
                takes += self._draw(kind, rng, 1, done)
                length = self._seconds(kind, takes) + 0.6 * len(takes)
        return Plan(kind, tuple(takes), min(length, self.recipe.longest_s))

    def _draw(self, kind: str, rng: Random, count: int, done: float) -> list[int]:
        if kind in WORDS:
            pool = self._pools[kind][int(rng.integers(len(self._pools[kind])))]
        elif kind in self._few and done < self.recipe.few_until:
            pool = self._few[kind]
        else:
            return [int(i) for i in rng.integers(len(self.takes[kind]), size=count)]
        return [int(i) for i in rng.choice(pool, count)]

    def _seconds(self, kind: str, takes: Sequence[int]) -> float:
        return sum(len(self.takes[kind][i].samples) for i in takes) / RATE_HZ + 0.7

    def _window(self, plan: Plan, rng: Random, done: float) -> Window:
        if not plan.takes:
            return self.studio.nothing(int(plan.seconds * RATE_HZ), rng)
        calm = done < self.recipe.few_until and plan.kind in ("everyday", "phrases")
        widest = 0.0 if calm else self.recipe.widest[plan.kind]
        parts = [piece(self.takes[plan.kind][i], rng, widest) for i in plan.takes]
        if plan.kind == "an4" and rng.random() < self.recipe.cut_out:
            parts = [cut_out(part, rng) for part in parts]
        return self.studio.window(self._joined(plan.kind, parts, rng), rng, calm)

    def _joined(self, kind: str, parts: list[Piece], rng: Random) -> Piece:
        if kind in WORDS:
            return string(parts, rng)
        most = int(self.recipe.longest_s * RATE_HZ)
        while len(parts) > 1 and sum(len(p.audio) for p in parts) + len(parts) * RATE_HZ > most:
            parts = parts[:-1]
        return follow(parts, rng, (0.15, 1.0)) if len(parts) > 1 else parts[0]


def _shares(shares: dict[str, float]) -> list[float]:
    total = sum(shares.values())
    return [share / total for share in shares.values()]


def _few(takes: Sequence[Take]) -> np.ndarray:
    """The takes of the voices that training starts with: the first shards hold no others."""
    voices = {take.voice for take in takes[:200]}
    return np.array([i for i, take in enumerate(takes) if take.voice in voices], dtype=np.int64)
