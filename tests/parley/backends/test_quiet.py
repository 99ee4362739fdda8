import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.source import ROOT


@pytest.mark.parametrize("backend", ["ctranslate2", "onnx", "openvino"])
def test_no_library_writes_into_the_home_or_calls_home(backend: str, tmp_path: Path) -> None:
    """Nobody who serves speech here has asked to be counted."""
    env = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"} | {"HOME": str(tmp_path)}
    code = f"from parley.engines import backends; backends.load({backend!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
    assert list(tmp_path.rglob("*")) == []
