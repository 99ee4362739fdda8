"""`python -m models.recipes.asr prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes import steps
from models.recipes.machine import Machine
from parley.engines.backends.ctranslate2 import widen

TEACHER = Path(__file__).parent / "work" / "teacher.whl"


def prepare(asked: argparse.Namespace) -> None:
    """Ask the teacher; what it has answered already is kept."""
    from models.recipes.asr.prepare import prepare as run

    run(asked.wheel, asked.data, asked.work, asked.crops, max(1, asked.workers))


def train(asked: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.asr.train import train as run
    from models.recipes.training import Plan

    machine = Machine.of(asked)
    run(Plan(asked.work, asked.minutes, warmup_steps=60, decay=1.0, seed=asked.seed, machine=machine))


def export(asked: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.asr.export import export as run

    run(asked.work, asked.data, asked.out)


def evaluate(asked: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.asr.evaluate import evaluate as run

    run(asked.work, asked.data, asked.out, asked.limit)


def main() -> None:
    """Read the command line and run the steps."""
    data = "librispeech-mini, speechocean762, an4, ..."
    parser = steps.parser("asr", "whisper-tiny.en-live/1", minutes=72.0, data=data)
    parser.add_argument("--wheel", type=Path, default=TEACHER, help="the teacher's, downloaded")
    parser.add_argument("--crops", type=int, default=1750, help="pieces of speech that the teacher is asked about")
    parser.add_argument("--limit", type=int, default=150, help="utterances judged of each set, at most")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    widen()
    steps.run(asked, {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate})


if __name__ == "__main__":
    main()
