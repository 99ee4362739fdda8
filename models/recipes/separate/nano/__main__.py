"""`python -m models.recipes.separate.nano prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes import steps
from models.recipes.machine import Machine

# Imported late: each step needs its own libraries.

FOLDER = Path(__file__).parent


def prepare(asked: argparse.Namespace) -> None:
    """Gather the sounds that training mixes."""
    from models.recipes.separate.nano.bank import prepare as run

    run(asked.data, asked.work)


def train(asked: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.separate.nano.train import SEED
    from models.recipes.separate.nano.train import train as run
    from models.recipes.training import Plan

    run(Plan(asked.work, asked.minutes, seed=SEED, ema=0.998, machine=Machine.of(asked)), asked.start)


def export(asked: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.separate.nano.export import export as run

    run(asked.data, asked.work, asked.out)


def evaluate(asked: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.separate.nano.evaluate import evaluate as run

    run(asked.data, asked.work, asked.out)


def main() -> None:
    """Read the command line and run the steps."""
    parser = steps.parser("separate", "separate-nano/1", minutes=70.0, data="folders of recordings")
    parser.set_defaults(work=FOLDER / "work")
    parser.add_argument("--start", type=Path, default=None, help="a published denoise-nano folder to begin with")
    steps.run(parser.parse_args(), {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate})


if __name__ == "__main__":
    main()
