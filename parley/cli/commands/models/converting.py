"""A version of another one's weights, compared with it, kept where little is lost. Must not know a stage."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.cli.commands.models.here import Store
from parley.cli.commands.models.verify import EXAMPLES, contract
from parley.cli.processes.launcher import die_with
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput, BadModel
from parley.wire.error_names import of_code

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps
    from parley.engines.model import ModelRef, ModelSpec

SILENT = '{"failed": "it said nothing", "code": "", "reason": ""}'
UNITS = {
    "megabytes": "MB",
    "memory_mb": "MB of memory",
    "load_ms": "ms to open",
    "cpu_ms": "ms of CPU for the examples",
}


def compared(
    here: Store,
    original: "ModelSpec",
    ref: "ModelRef",
    to: str,
    out: Path,
    examples: Path,
    steps: "Steps",
    *,
    sure: bool,
) -> dict[str, Any]:
    """Written into `out`, with what was measured of both; what gets worse than its stage bears is refused."""
    from parley.store.conversion import converted

    steps.say(f"converting {original.ref} to {to}")
    done = _child(here, "convert", original, f"{original.ref} in {to}", str(out.resolve()), to, str(examples.resolve()))
    made = converted.write(original, ref, out, to, done, is_sure=sure)
    sides = {}
    for key, spec in (("before", original), ("after", made)):
        steps.say(f"measuring {spec.ref}")
        name = f"{original.ref} in {to}" if spec is made else str(spec.ref)
        sides[key] = _child(here, "measure", spec, name, str(examples.resolve()))
    measured = _measured(sides)
    _refuse_loss(original, to, measured)
    converted.tell(original, made, to, measured)
    contract(here, made, steps).refuse_broken()
    return measured


def _child(here: Store, what: str, spec: "ModelSpec", name: str, *words: str) -> dict[str, Any]:
    """In a process of the stage's service: a library may end it."""
    command = [sys.executable, "-m", f"parley.serving.offline.{what}", f"services.{spec.stage}.stage:STAGE"]
    command += [str(spec.folder.resolve()), *words]
    return said(command, here.where.environment(os.environ), name)


def said(command: Sequence[str], env: Mapping[str, str], name: str) -> dict[str, Any]:
    """What a child process has done, which dies with this one: nobody else's folder is written into."""
    none, dies = subprocess.DEVNULL, partial(die_with, os.getpid())
    done = subprocess.run(
        command, env=env, stdin=none, stdout=subprocess.PIPE, stderr=none, text=True, check=False, preexec_fn=dies
    )
    if done.returncode < 0:
        how = signal.Signals(-done.returncode).name
        raise BadModel(f"{name} ends the process that runs it ({how}); it is not kept.")
    message: dict[str, Any] = json.loads(done.stdout or SILENT)
    if "failed" in message:
        raise of_code(message["code"], message["reason"])(f"{name}: {message['failed']}")
    found: dict[str, Any] = message["done"]
    return found


def _measured(sides: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    before, after = sides["before"], sides["after"]
    unit, most = before["unit"], before["most_loss"]
    loss = round(before["quality"] - after["quality"], 3)
    told = {key: {k: v for k, v in side.items() if k not in ("unit", "most_loss")} for key, side in sides.items()}
    return {"unit": unit, "loss": loss, "most_loss": most, **told}


def _refuse_loss(original: "ModelSpec", to: str, measured: Mapping[str, Any]) -> None:
    if measured["loss"] > measured["most_loss"]:
        told = f"from {measured['before']['quality']:g} to {measured['after']['quality']:g} {measured['unit']}"
        most = f"{measured['most_loss']:g} is the most that may be lost"
        raise BadModel(f"{original.ref} gets worse in {to}, {told}; {most}, and it is not kept.")


def examples(here: Store, given: str) -> Path:
    """A folder to measure with."""
    folder = Path(given).expanduser() if given else here.where.tree / EXAMPLES
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder; name one with recordings.")
    return folder


def told(stage: str, ref: "ModelRef", place: Path, measured: Mapping[str, Any], *, as_json: bool) -> None:
    """For programs, or for people."""
    if as_json:
        return print_json({"model": str(ref), "stage": stage, "folder": str(place), **measured})
    print_line(f"{ref} is in {place}")
    for key, unit in {"quality": measured["unit"], **UNITS}.items():
        print_line(f"  {measured['before'][key]:g} -> {measured['after'][key]:g} {unit}")
    print_line(f"Serve it: parley models load {stage} {ref}")
    return None
