"""Checks a version against its stage's contract, opens it, and runs it on examples whose answers are known.

`python -m parley.serving.offline.verify MODULE:STAGE FOLDER EXAMPLES` says each line as JSON, in a process of its own.
What is around the model comes by its input.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from parley.engines import contract
from parley.engines.contract import Kept, Line
from parley.engines.model import ModelSpec, read_spec
from parley.engines.surroundings import Surroundings
from parley.errors import ParleyError
from parley.serving.stage import Stage
from parley.serving.trial import opened

OPENS = "it opens, and runs once"


def verified(stage: Stage, spec: ModelSpec, examples: Path) -> Iterator[Kept]:
    """Every line; what cannot be opened is not run, and what breaks a line is not opened."""
    broken = False
    for kept in contract.check(stage.contract(spec)):
        broken = broken or bool(kept.fault)
        yield kept
    if broken:
        return
    held: list[Any] = []
    began = time.perf_counter()
    (kept,) = contract.check([Line(OPENS, contract.nothing(lambda: held.append(opened(stage.open_engine, spec))))])
    yield Kept(f"{OPENS} ({time.perf_counter() - began:.2f} s)", kept.fault)
    if held:
        yield from contract.check(stage.golden(spec, held[0].model, examples))


def main(name: str, folder: str, examples: str) -> int:
    """0: every line is kept."""
    result = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries say this and that
    module, _, attribute = name.partition(":")
    broken = False
    try:
        spec = replace(read_spec(Path(folder)), around=Surroundings.heard(sys.stdin.read()))
        for kept in verified(getattr(import_module(module), attribute), spec, Path(examples)):
            broken = broken or bool(kept.fault)
            print(json.dumps({"asks": kept.asks, "fault": kept.fault}), file=result, flush=True)
    except ParleyError as error:
        print(json.dumps({"asks": "model.toml is right", "fault": str(error)}), file=result, flush=True)
        return 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
