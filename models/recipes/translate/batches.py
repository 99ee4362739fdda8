"""Training batches as a function of the step: augmented, bucketed by length, hardly padded."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.recipes.translate import corpus
from models.recipes.translate.corpus import Pair
from models.recipes.translate.joins import Joiner
from models.recipes.translate.names import Swapper, numbers
from models.recipes.translate.pieces import END, PAD, START, Pieces

Ids = np.ndarray
Example = tuple[Ids, Ids, str]  # source pieces, target pieces, target language


@dataclass(frozen=True)
class Recipe:
    """How much of what the model sees."""

    tokens: int = 10_000  # source and target together, in one batch
    longest: int = 120
    swapped: float = 0.6  # of the pairs that have a name or a number
    joined: float = 0.14  # extra examples, as a share of the pairs


@dataclass(frozen=True)
class Batch:
    """What one step learns from."""

    source: Tensor
    target: Tensor
    labels: Tensor
    real: Tensor  # flat positions of the labels that are not padding


class Batches:
    """`batch(step)`: the same step always gives the same batch, so nothing has to be stored to resume."""

    def __init__(self, work: Path, recipe: Recipe, seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.pieces = Pieces(work / "pieces.model")
        self.pairs = corpus.load(work / "train.jsonl")
        self.swapper, self.joiner = Swapper(self.pairs), Joiner(self.pairs)
        self.plain = list(
            zip(*(self.pieces.encode([side(p) for p in self.pairs]) for side in (_english, _foreign)), strict=True)
        )
        self.copies = [i for i, p in enumerate(self.pairs) if self.swapper.names(p) or numbers(p)]
        total = 2 * sum(len(a) + len(b) + 3 for a, b in self.plain)
        # Not exact, only fixed: an epoch that has more batches is cut, one that has fewer wraps.
        self.per_epoch = int(total * (1 + 2.2 * recipe.joined) / recipe.tokens)
        self._epoch, self._plan = -1, [np.zeros(0, dtype=np.int64)]
        self._examples: list[Example] = []

    def batch(self, step: int) -> Batch:
        """The batch of this step; opening an epoch takes some seconds."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._open(epoch)
        return assemble([self._examples[i] for i in self._plan[place % len(self._plan)]], self.pieces)

    def _open(self, epoch: int) -> None:
        rng = random.Random(f"{self.seed} {epoch}")
        encoded = self._encoded(rng) + self._joined(rng)
        self._examples = []
        for english, foreign, language in encoded:
            if max(len(english), len(foreign)) <= self.recipe.longest:
                self._examples += [(english, foreign, language), (foreign, english, "en")]
        self._plan, self._epoch = plan(self._examples, self.recipe.tokens, rng), epoch

    def _encoded(self, rng: random.Random) -> list[Example]:
        """Every pair once, some with other names and numbers."""
        examples = [(e, f, p.language) for (e, f), p in zip(self.plain, self.pairs, strict=True)]
        chosen = [i for i in self.copies if rng.random() < self.recipe.swapped]
        swapped = self._encode([self.swapper.swap(self.pairs[i], rng) for i in chosen])
        for i, example in zip(chosen, swapped, strict=True):
            examples[i] = example
        return examples

    def _joined(self, rng: random.Random) -> list[Example]:
        """Two to five pairs as one: half of the twos tied by a conjunction, the others side by side."""
        made: list[Pair] = []
        wanted = int(self.recipe.joined * len(self.pairs))
        by_language = {lang: [p for p in self.pairs if p.language == lang] for lang in corpus.FOREIGN}
        while len(made) < wanted:
            pool = by_language[self.pairs[rng.randrange(len(self.pairs))].language]
            members = [rng.choice(pool) for _ in range(rng.choice((2, 2, 2, 2, 2, 2, 3, 3, 4, 5)))]
            members = [self.swapper.swap(p, rng) if rng.random() < 0.3 else p for p in members]
            made.append(self._join(members, rng))
        return self._encode(made)

    def _join(self, members: list[Pair], rng: random.Random) -> Pair:
        if len(members) == 2 and rng.random() < 0.7:
            tied = self.joiner.tie(members[0], members[1], rng)
            if tied:
                return tied
        return Pair(" ".join(map(_english, members)), " ".join(map(_foreign, members)), members[0].language)

    def _encode(self, pairs: list[Pair]) -> list[Example]:
        sides = (self.pieces.encode([side(p) for p in pairs]) for side in (_english, _foreign))
        return [(e, f, p.language) for e, f, p in zip(*sides, pairs, strict=True)]


def _english(pair: Pair) -> str:
    return pair.english


def _foreign(pair: Pair) -> str:
    return pair.foreign


def plan(examples: list[Example], tokens: int, rng: random.Random) -> list[Ids]:
    """Index batches of nearly equal lengths and about `tokens` tokens, in random order."""
    lengths = np.array([(len(source), len(target)) for source, target, _ in examples])
    noise = np.array([rng.random() for _ in range(len(examples))])
    order = np.lexsort((noise, lengths[:, 0], lengths[:, 1]))
    batches, start = [], 0
    while start < len(order):
        first = lengths[order[start]]
        size = min(max(8, int(tokens / (first.sum() + 3)) // 8 * 8), 1024)
        batches.append(order[start : start + size])
        start += size
    rng.shuffle(batches)
    return batches


def assemble(examples: list[Example], pieces: Pieces) -> Batch:
    """Padded tensors: source `<2xx> ... </s>`, decoder input `<s> ...`, labels `... </s>`."""
    wide = max(len(source) for source, _, _ in examples) + 2
    long = max(len(target) for _, target, _ in examples) + 1
    source = np.full((len(examples), wide), PAD, dtype=np.int64)
    target = np.full((len(examples), long + 1), PAD, dtype=np.int64)
    for row, (given, wanted, language) in enumerate(examples):
        source[row, : len(given) + 2] = [pieces.prefix[language], *given, END]
        target[row, : len(wanted) + 2] = [START, *wanted, END]
    labels = torch.from_numpy(target[:, 1:].reshape(-1))
    real = torch.nonzero(labels != PAD).squeeze(1)
    return Batch(torch.from_numpy(source), torch.from_numpy(target[:, :-1].copy()), labels[real], real)
