"""The speaker model that ships can be trained on, since its file goes back into the net."""

import json
import os
import subprocess
from functools import cache

from tests.contract.source import ROOT
from tests.others import python_with


@cache
def numbers() -> dict[str, float]:
    python = python_with("torch", "onnx", "onnxruntime")
    run = (python, "-m", "tests.models.voices_again")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(run, capture_output=True, check=True, cwd=ROOT, env=environment)
    return dict(json.loads(done.stdout))


def test_the_net_says_what_the_file_says() -> None:
    """Eight bits and folded normalisations undone."""
    assert numbers()["file"] > 0.98


def test_the_net_says_the_same_while_it_trains() -> None:
    """Every normalisation takes from its sound what it was told before."""
    assert numbers()["training"] > 0.999


def test_a_teacher_is_turned_to_where_the_net_points() -> None:
    """By a rotation: who says the same in other directions says the same."""
    assert numbers()["before"] < 0.5
    assert numbers()["turned"] > 0.999
