"""python -m models.recipes.denoise <prepare|train|export|evaluate|all>: the recipe, step by step."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from models.recipes.machine import Machine, machine_arguments

HERE = Path(__file__).parent
STEPS = ("prepare", "train", "export", "evaluate")


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="models.recipes.denoise", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "all"])
    parser.add_argument("--data", nargs="*", type=Path, default=[], help="folders of recordings")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="banks, checkpoints and results")
    parser.add_argument("--minutes", type=float, default=95.0, help="minutes of training in all")
    parser.add_argument("--references", type=Path, default=None, help="folder of models to measure beside")
    parser.add_argument("--out", type=Path, default=None, help="where the model folder goes")
    machine_arguments(parser)
    return parser.parse_args(given)


def main() -> None:
    """Run the steps asked for, in order."""
    args = arguments()
    for step in STEPS if args.step == "all" else (args.step,):
        run(step, args)


def run(step: str, args: argparse.Namespace) -> None:
    """Run one step."""
    # Imported late: each step needs its own libraries, and preparing should not wait for torch.
    if step == "prepare":
        from models.recipes.denoise.bank import prepare

        prepare(args.data, args.work)
    elif step == "train":
        from models.recipes.denoise.train import SEED, train
        from models.recipes.training import Plan

        train(Plan(args.work, args.minutes, seed=SEED, ema=0.9985, machine=Machine.of(args)))
    elif step == "export":
        from models.recipes.denoise.export import export

        export(args.data, args.work, args.out)
    else:
        from models.recipes.denoise.evaluate import evaluate

        evaluate(args.data, args.work, args.references, args.out)


if __name__ == "__main__":
    main()
