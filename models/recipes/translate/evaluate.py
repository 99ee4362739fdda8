"""What the exported model is worth: BLEU, chrF, copied names, long inputs, milliseconds."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import sacrebleu

from models.recipes.provenance import Manifest
from models.recipes.targets import Row
from models.recipes.translate import corpus
from models.recipes.translate.card import card, promises
from models.recipes.translate.corpus import DIRECTIONS, Pair
from models.recipes.translate.engine import Engine
from models.recipes.translate.names import Swapper, number_like, numbers, replace

Scores = dict[str, float]

# Names that the copying lessons never use; those that the training text happens to hold are left out.
STRANGERS = (Path(__file__).parent / "strangers.txt").read_text(encoding="utf-8").split()


@dataclass(frozen=True)
class Direction:
    """From one language to another."""

    source: str
    target: str

    @property
    def name(self) -> str:
        """As reports write it."""
        return f"{self.source}-{self.target}"

    def of(self, pairs: list[Pair]) -> list[Pair]:
        """The pairs that serve this direction."""
        return [p for p in pairs if p.language in (self.source, self.target)]


def evaluate(work: Path, out: Path, limit: int = 2000) -> list[Row]:
    """Score the model in `out` on the held-out parts, `limit` pairs a direction, and write it into its manifest."""
    engine = Engine(out)
    test, train = corpus.load(work / "test.jsonl"), corpus.load(work / "train.jsonl")
    dev = corpus.load(work / "dev.jsonl")
    report: dict[str, Any] = {
        "pairs_a_direction": limit,
        "quality": each(lambda d: quality(engine, d, d.of(test)[:limit])),
        "long": each(lambda d: quality(engine, d, [p for p in d.of(test + dev) if 15 <= words(p, d) <= 25])),
        "several": each(lambda d: quality(engine, d, several(d.of(test)[: limit // 4]))),
        "copying": copying(engine, test, Swapper(train), strangers(train)),
        "latency": latency(engine, test),
    }
    report["mean"] = {row: averages(report[row]) for row in ("quality", "long", "several")}
    print(json.dumps(report, indent=1), flush=True)
    Manifest.read(out).judged(report).publish(out, partial(card, out))
    return promises(report)


def each(score: Callable[[Direction], Scores]) -> dict[str, Scores]:
    """The same score for every direction."""
    return {d.name: score(d) for d in (Direction(*pair) for pair in DIRECTIONS)}


def averages(rows: object) -> Scores:
    """Every direction counts alike."""
    assert isinstance(rows, dict)
    return {key: round(mean(row[key] for row in rows.values()), 2) for key in ("bleu", "chrf")}


def words(pair: Pair, direction: Direction) -> int:
    """Length of the source sentence in words."""
    return len(pair.side(direction.source).split())


def quality(engine: Engine, direction: Direction, pairs: list[Pair]) -> Scores:
    """One reference a sentence, as Tatoeba has it; sacrebleu's defaults."""
    hypotheses = engine.translate([p.side(direction.source) for p in pairs], direction.target)
    references = [[p.side(direction.target) for p in pairs]]
    bleu = sacrebleu.corpus_bleu(hypotheses, references).score
    chrf = sacrebleu.corpus_chrf(hypotheses, references).score
    return {"sentences": len(pairs), "bleu": round(bleu, 2), "chrf": round(chrf, 2)}


def several(pairs: list[Pair]) -> list[Pair]:
    """Three unrelated sentences at once."""
    triples = zip(pairs[0::3], pairs[1::3], pairs[2::3], strict=False)
    return [Pair(" ".join(p.english for p in t), " ".join(p.foreign for p in t), t[0].language) for t in triples]


def strangers(train: list[Pair]) -> list[str]:
    """The names that the training text does not hold."""
    known = {word.strip(".,!?'\"") for pair in train for word in pair.english.split()}
    return [name for name in STRANGERS if name not in known]


def copying(engine: Engine, test: list[Pair], swapper: Swapper, new: list[str]) -> dict[str, Scores]:
    """The share of sentences whose names and numbers all come through: as they are, and with strangers' names."""
    rng = random.Random(7)
    rows: dict[str, Scores] = {}
    for direction in (Direction(*pair) for pair in DIRECTIONS):
        pairs = [p for p in direction.of(test) if swapper.names(p) or numbers(p)][:200]
        swapped = [estranged(p, swapper, new, rng) for p in pairs]
        rows[direction.name] = {
            "sentences": len(pairs),
            "as_they_are": survival(engine, direction, pairs, [swapper.names(p) + numbers(p) for p in pairs]),
            "strangers": survival(engine, direction, [p for p, _ in swapped], [kept for _, kept in swapped]),
        }
    return rows


def estranged(pair: Pair, swapper: Swapper, new: list[str], rng: random.Random) -> tuple[Pair, list[str]]:
    """The pair with names and numbers that training never showed, and what must come through."""
    english, foreign, kept = pair.english, pair.foreign, []
    changes = [(old, rng.choice(new)) for old in swapper.names(pair)]
    changes += [(old, number_like(old, rng)) for old in numbers(pair)]
    for old, fresh in changes:
        english, foreign = replace(english, old, fresh), replace(foreign, old, fresh)
        kept.append(fresh)
    return Pair(english, foreign, pair.language), kept


def survival(engine: Engine, direction: Direction, pairs: list[Pair], kept: list[list[str]]) -> float:
    """Substrings count, so that a German genitive `Toms` still holds `Tom`."""
    hypotheses = engine.translate([p.side(direction.source) for p in pairs], direction.target)
    whole = [all(item in text for item in items) for text, items in zip(hypotheses, kept, strict=True)]
    return round(sum(whole) / max(1, len(whole)), 4)


def latency(engine: Engine, test: list[Pair], count: int = 500) -> Scores:
    """One sentence after another on one thread. CPU time stands beside wall time, which a busy machine inflates."""
    walls, cpus = [], []
    for pair in random.Random(5).sample(test, count):
        wall, cpu = time.perf_counter(), time.process_time()
        engine.translate([pair.english], pair.language)
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    spread = {
        f"{name}_p{q}_ms": round(float(np.percentile(v, q)), 2)
        for name, v in (("wall", walls), ("cpu", cpus))
        for q in (50, 99)
    }
    began = time.process_time()
    engine.translate([p.english for p in test[:count]], "de", batch=16)
    return {**spread, "sentences_per_cpu_second_batch_16": round(count / (time.process_time() - began), 1)}
