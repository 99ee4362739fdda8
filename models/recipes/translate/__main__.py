"""`python -m models.recipes.translate prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes import steps
from models.recipes.machine import Machine
from models.recipes.translate import corpus, pieces


def prepare(asked: argparse.Namespace) -> None:
    """Clean, split and learn the pieces."""
    asked.work.mkdir(parents=True, exist_ok=True)
    parts = corpus.split(corpus.read(asked.data))
    corpus.save(parts, asked.work)
    print({name: len(pairs) for name, pairs in parts.items()}, flush=True)
    pieces.train(parts["train"], asked.pieces, asked.work / "pieces.model")


def train(asked: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.training import Plan
    from models.recipes.translate.batches import Recipe
    from models.recipes.translate.train import train as run

    plan = Plan(asked.work, asked.minutes, seed=asked.seed, machine=Machine.of(asked))
    run(plan, Recipe(asked.tokens), asked.dropout, asked.start)


def export(asked: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.translate.export import export as run

    run(asked.work, asked.data, asked.out)


def evaluate(asked: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.translate.evaluate import evaluate as run

    run(asked.work, asked.out)


def main() -> None:
    """Read the command line and run the steps."""
    data = "folders with en-de.tsv.gz and en-fr.tsv.gz"
    parser = steps.parser("translate", "nano-tatoeba/1", minutes=110.0, data=data)
    parser.add_argument("--start", type=Path, default=None, help="a published model folder to go on from")
    parser.add_argument("--pieces", type=int, default=6144)
    parser.add_argument("--tokens", type=int, default=10_000, help="source and target together, in one batch")
    parser.add_argument("--dropout", type=float, default=0.1, help="more for many epochs")
    parser.add_argument("--seed", type=int, default=1)
    steps.run(parser.parse_args(), {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate})


if __name__ == "__main__":
    main()
