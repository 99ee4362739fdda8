"""Starts speaches without what only its other stages import: clients, speakers, torch. Runs in its own environment.

Whatever of those is imported is an empty stand-in, so recognition is what it always is; asking for a voice would fail.
"""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

LEFT_OUT = ("kokoro_onnx", "onnx_asr", "piper", "pyannote", "torch", "gradio")


class StandIn(ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class LeaveOut(MetaPathFinder, Loader):
    """Finds stand-ins for what was left out."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """One for each of them."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in LEFT_OUT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Empty."""
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


if __name__ == "__main__":
    sys.meta_path.insert(0, LeaveOut())
    # It reads these from where it starts: a page, and other names of models.
    Path("realtime-console/dist").mkdir(parents=True, exist_ok=True)
    Path("model_aliases.json").write_text("{}", "utf-8")
    # What it calls itself for must go through the front: within the process its routes lack what the front adds.
    os.environ["LOOPBACK_HOST_URL"] = f"http://127.0.0.1:{sys.argv[1]}"
    import uvicorn

    uvicorn.run("speaches.main:create_app", factory=True, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
