"""Runs one function on a stage and a version in a process of its own, and says as JSON how that went. Must not know it.

What a library says meanwhile goes to the errors: the answer is all that comes out.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from parley.engines.model import read_spec
from parley.errors import BadModel, ParleyError


def answered(function: Callable[..., Any], failure: str, name: str, folder: str, *words: str) -> int:
    """0: it was done. Of the words, those that are paths become one."""
    result = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    module, _, attribute = name.partition(":")
    try:
        stage = getattr(import_module(module), attribute)
        given = [Path(word) if os.sep in word else word for word in words]
        told: dict[str, Any] = {"done": asdict(function(stage, read_spec(Path(folder)), *given))}
    except ParleyError as error:
        told = {"failed": str(error), "code": error.code.name, "reason": error.reason}
    except Exception as error:  # a library's own complaint is about the model
        told = {"failed": f"{failure}: {error}.", "code": BadModel.code.name, "reason": BadModel.reason}
    print(json.dumps(told), file=result, flush=True)
    return 1 if "failed" in told else 0
