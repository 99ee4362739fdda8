"""`python -m models.recipes.denoise prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes import steps
from models.recipes.machine import Machine

# Imported late: each step needs its own libraries.


def prepare(asked: argparse.Namespace) -> None:
    """Gather the sounds that training mixes."""
    from models.recipes.denoise.bank import prepare as run

    run(asked.data, asked.work)


def train(asked: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.denoise.train import SEED
    from models.recipes.denoise.train import train as run
    from models.recipes.training import Plan

    run(Plan(asked.work, asked.minutes, seed=SEED, ema=0.9985, machine=Machine.of(asked)), asked.start)


def export(asked: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.denoise.export import export as run

    run(asked.data, asked.work, asked.out)


def evaluate(asked: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.denoise.evaluate import evaluate as run
    from models.recipes.denoise.field import Field

    run(asked.data if asked.only != "field" else (), Field.of(asked), asked.work, asked.references, asked.out)


def main() -> None:
    """Read the command line and run the steps."""
    parser = steps.parser("denoise", "denoise-nano/2", minutes=95.0, data="folders of recordings")
    parser.add_argument("--references", type=Path, default=None, help="folder of models to measure beside")
    parser.add_argument("--only", choices=["field"], help="judge field recordings alone; other scores stay")
    steps.field_arguments(parser)
    parser.add_argument("--start", type=Path, default=None, help="a published model folder to go on from")
    steps.run(parser.parse_args(), {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate})


if __name__ == "__main__":
    main()
