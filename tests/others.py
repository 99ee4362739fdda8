"""Programs in environments of their own, which some tests need and not every machine has: .ci/run makes them."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.contract.source import ROOT

FOLDERS = (".venv-recipes", ".venv-convert", ".venv-mlflow", ".venv-agents")


@cache
def python_with(*packages: str) -> Path:
    """An interpreter that can import all of them: OTHER_PYTHONS names some; else the test is skipped."""
    named = [Path(each) for each in os.environ.get("OTHER_PYTHONS", "").split(os.pathsep) if each]
    beside = [ROOT / folder / "bin/python" for folder in FOLDERS]
    for python in (Path(sys.executable), *named, *beside):
        words = (str(python), "-c", f"import {', '.join(packages)}")
        if python.exists() and subprocess.run(words, capture_output=True, check=False, cwd="/").returncode == 0:
            return python
    pytest.skip(f"no environment here has {' and '.join(packages)}; name its python in OTHER_PYTHONS")
