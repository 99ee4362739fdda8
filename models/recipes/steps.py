"""A recipe's command line: its steps one by one, or all of them in order. Knows nothing of what is trained."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from models.recipes.machine import machine_arguments

HERE = Path(__file__).parent
EMBEDDED = HERE.parent / "embedded"
Step = Callable[[argparse.Namespace], None]


def parser(stage: str, model: str, *, minutes: float, data: str) -> argparse.ArgumentParser:
    """What every recipe is asked; a recipe adds questions of its own. `model` is name/version."""
    found = argparse.ArgumentParser(prog=f"models.recipes.{stage}")
    found.add_argument("step", choices=["prepare", "train", "export", "evaluate", "all"])
    found.add_argument("--data", type=Path, nargs="+", required=True, help=data)
    work = HERE / stage / "work"
    found.add_argument("--work", type=Path, default=work, help="what steps leave each other, checkpoints, results")
    found.add_argument("--out", type=Path, default=EMBEDDED / stage / model, help="the model folder")
    found.add_argument("--minutes", type=float, default=minutes, help="minutes of training in all")
    machine_arguments(found)
    return found


def field_arguments(parser: argparse.ArgumentParser) -> None:
    """The folders of recordings that are only judged on; without them that part of an examination is left out."""
    parser.add_argument("--field-voices", type=Path, nargs="+", default=(), help="folders of clean speech of others")
    parser.add_argument("--field-noises", type=Path, nargs="+", default=(), help="folders of recorded noise and music")


def run(asked: argparse.Namespace, steps: Mapping[str, Step]) -> None:
    """One step, or all of them in the order in which they are given."""
    for step in steps if asked.step == "all" else [asked.step]:
        steps[step](asked)
