"""`python -m models.recipes.translate prepare|train|export|evaluate|all`."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.recipes.machine import Machine, machine_arguments
from models.recipes.translate import corpus, pieces

HERE = Path(__file__).parent
EMBEDDED = HERE.parents[1] / "embedded" / "translate"


def prepare(arguments: argparse.Namespace) -> None:
    """Clean, split and learn the pieces."""
    arguments.work.mkdir(parents=True, exist_ok=True)
    parts = corpus.split(corpus.read(arguments.data))
    corpus.save(parts, arguments.work)
    print({name: len(pairs) for name, pairs in parts.items()}, flush=True)
    pieces.train(parts["train"], arguments.pieces, arguments.work / "pieces.model")


def train(arguments: argparse.Namespace) -> None:
    """Train, or go on from the checkpoint."""
    from models.recipes.training import Plan
    from models.recipes.translate.batches import Recipe
    from models.recipes.translate.train import train as run

    plan = Plan(arguments.work, arguments.minutes, seed=arguments.seed, machine=Machine.of(arguments))
    run(plan, Recipe(arguments.tokens), arguments.dropout, arguments.start)


def export(arguments: argparse.Namespace) -> None:
    """Make the model folder from the checkpoint."""
    from models.recipes.translate.export import export as run

    run(arguments.work, arguments.data, arguments.out)


def evaluate(arguments: argparse.Namespace) -> None:
    """Score the model folder."""
    from models.recipes.translate.evaluate import evaluate as run

    run(arguments.work, arguments.out)


STEPS = {"prepare": prepare, "train": train, "export": export, "evaluate": evaluate}


def main() -> None:
    """Read the command line and run the steps."""
    parser = argparse.ArgumentParser(prog="models.recipes.translate", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "all"])
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders with en-de.tsv.gz and en-fr.tsv.gz"
    )
    parser.add_argument("--work", type=Path, default=HERE / "work", help="splits, pieces, checkpoint, curve")
    parser.add_argument("--out", type=Path, default=EMBEDDED / "nano-tatoeba" / "1", help="the model folder")
    parser.add_argument("--minutes", type=float, default=110.0, help="minutes of training in all")
    parser.add_argument("--start", type=Path, default=None, help="a published model folder to go on from")
    parser.add_argument("--pieces", type=int, default=6144)
    parser.add_argument("--tokens", type=int, default=10_000, help="source and target together, in one batch")
    parser.add_argument("--dropout", type=float, default=0.1, help="more for many epochs")
    parser.add_argument("--seed", type=int, default=1)
    machine_arguments(parser)
    arguments = parser.parse_args()
    for step in STEPS if arguments.step == "all" else [arguments.step]:
        STEPS[step](arguments)


if __name__ == "__main__":
    main()
