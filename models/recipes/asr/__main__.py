"""`python -m models.recipes.asr prepare|train|export|evaluate|all`: the recipe, step by step."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes.machine import Machine, machine_arguments

HERE = Path(__file__).parent
EMBEDDED = HERE.parents[1] / "embedded" / "asr"


def prepare(arguments: argparse.Namespace) -> None:
    """Synthesise, read, split; what is there already is kept."""
    from models.recipes.asr.prepare import Size
    from models.recipes.asr.prepare import prepare as run

    run(arguments.data, arguments.work, Size(arguments.everyday, arguments.phrases), arguments.workers)


def train(arguments: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.asr.train import Pace
    from models.recipes.asr.train import train as run
    from models.recipes.training import Plan

    machine = Machine.of(arguments)
    plan = Plan(arguments.work, arguments.minutes, warmup_steps=300, seed=arguments.seed, machine=machine)
    run(plan, Pace(arguments.seconds, arguments.pace), arguments.start)


def export(arguments: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.asr.export import export as run

    run(arguments.work, arguments.data, arguments.out)


def evaluate(arguments: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.asr.evaluate import evaluate as run

    run(arguments.work, arguments.out, arguments.limit)


STEPS = {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate}


def main() -> None:
    """Read the command line and run the steps."""
    parser = argparse.ArgumentParser(prog="models.recipes.asr", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "all"])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="an4, fsdd, tatoeba; librispeech-mini, ...")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="banks, checkpoint, curve, results")
    parser.add_argument("--out", type=Path, default=EMBEDDED / "whisper-nano" / "1", help="the model folder")
    parser.add_argument("--minutes", type=float, default=240.0, help="minutes of training in all")
    parser.add_argument("--start", type=Path, default=None, help="a published model folder to go on from")
    parser.add_argument("--seconds", type=float, default=72.0, help="of audio in one batch")
    parser.add_argument("--pace", type=int, default=85, help="steps a minute, about: the stages are laid out by it")
    parser.add_argument("--everyday", type=int, default=32_000, help="sentences to synthesise")
    parser.add_argument("--phrases", type=int, default=14_000, help="spellings, numbers and commands to synthesise")
    parser.add_argument("--limit", type=int, default=1000, help="utterances judged of each set, at most")
    parser.add_argument("--seed", type=int, default=1)
    machine_arguments(parser)
    arguments = parser.parse_args()
    for step in STEPS if arguments.step == "all" else [arguments.step]:
        STEPS[step](arguments)


if __name__ == "__main__":
    main()
