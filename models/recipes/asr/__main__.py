"""`python -m models.recipes.asr prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes.machine import Machine, machine_arguments
from parley.engines.backends.ctranslate2 import widen

HERE = Path(__file__).parent
EMBEDDED = HERE.parents[1] / "embedded" / "asr"


def prepare(arguments: argparse.Namespace) -> None:
    """Ask the teacher; what it has answered already is kept."""
    from models.recipes.asr.prepare import prepare as run

    run(arguments.wheel, arguments.data, arguments.work, arguments.crops, max(1, arguments.workers))


def train(arguments: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.asr.train import train as run
    from models.recipes.training import Plan

    machine = Machine.of(arguments)
    run(Plan(arguments.work, arguments.minutes, warmup_steps=60, decay=1.0, seed=arguments.seed, machine=machine))


def export(arguments: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.asr.export import export as run

    run(arguments.work, arguments.data, arguments.out)


def evaluate(arguments: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.asr.evaluate import evaluate as run

    run(arguments.work, arguments.data, arguments.out, arguments.limit)


STEPS = {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate}


def main() -> None:
    """Read the command line and run the steps."""
    parser = argparse.ArgumentParser(prog="models.recipes.asr", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "all"])
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="librispeech-mini, speechocean762, an4, ..."
    )
    parser.add_argument("--wheel", type=Path, default=HERE / "work" / "teacher.whl", help="the teacher's, downloaded")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="lessons, checkpoint, curve, results")
    parser.add_argument("--out", type=Path, default=EMBEDDED / "whisper-tiny.en-live" / "1", help="the model folder")
    parser.add_argument("--minutes", type=float, default=72.0, help="minutes of training in all")
    parser.add_argument("--crops", type=int, default=1750, help="pieces of speech that the teacher is asked about")
    parser.add_argument("--limit", type=int, default=150, help="utterances judged of each set, at most")
    parser.add_argument("--seed", type=int, default=1)
    machine_arguments(parser)
    arguments = parser.parse_args()
    widen()
    for step in STEPS if arguments.step == "all" else [arguments.step]:
        STEPS[step](arguments)


if __name__ == "__main__":
    main()
