"""`parley models quantize`: a version in fewer bits, beside the original. Must not know a stage or a library."""

import json
import os
import signal
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli import options
from parley.cli.commands.models.here import Configs, Name, Root, Stage, Store, store
from parley.cli.commands.models.verify import EXAMPLES, contract
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput, BadModel, of_code

if TYPE_CHECKING:
    from parley.engines.model import ModelSpec


class To(Enum):
    """What it is converted to."""

    INT8 = "int8"
    FP16 = "fp16"


def quantize(
    name: Name,
    to: Annotated[To, typer.Option("--to", help="int8: static, between measured scales; fp16: half precision.")],
    calibration: Annotated[
        str, typer.Option("--calibration", metavar="FOLDER", help="Recordings, of voices one a person; else examples/.")
    ] = "",
    version: Annotated[str, typer.Option("--version", help="Of what is made; else e.g. 1-int8.")] = "",
    stage: Stage = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Make an ONNX model smaller, compare it with the original, and keep it only where little is lost."""
    from parley.cli.show.steps import Steps
    from parley.engines import trust
    from parley.engines.model import ModelRef
    from parley.store import converted
    from parley.store.incoming import MODEL, free, incoming, put

    here = store(root, configs)
    found = here.find(name, stage)
    original, is_sure = found.spec, trust.of(found.spec, ships=found.ships) != trust.FIRST_USE
    ref = ModelRef.of(f"{original.ref.name}@{version or f'{original.ref.version}-{to.value}'}")
    models = here.own(original.stage) / original.stage
    place = free(models / ref.name / ref.version)
    sounds = Path(calibration).expanduser() if calibration else here.where.tree / EXAMPLES
    if not sounds.is_dir():
        raise BadInput(f"{sounds} is no folder; name one with recordings.")
    with Steps(quiet=as_json) as steps, incoming(models, f"quantize {ref}") as at:
        (at / MODEL).mkdir()
        steps.say(f"converting {original.ref} to {to.value}, and comparing both")
        measured = _measured(here, original, at / MODEL, to.value, sounds)
        _refuse_loss(original, to.value, measured)
        made = converted.write(original, ref, at / MODEL, to.value, measured, is_sure=is_sure)
        contract(here, made, steps).refuse_broken()
        put(at / MODEL, place)
    if as_json:
        print_json({"model": str(ref), "stage": original.stage, "folder": str(place), **measured})
    else:
        _print(original, str(ref), place, measured)


def _measured(here: Store, original: "ModelSpec", out: Path, to: str, sounds: Path) -> dict[str, Any]:
    """In a process of the stage's service: a library may end it."""
    words = [sys.executable, "-m", "parley.serving.convert", f"services.{original.stage}.stage:STAGE"]
    words += [str(original.folder.resolve()), str(out.resolve()), to, str(sounds.resolve())]
    env, none = here.where.environment(os.environ), subprocess.DEVNULL
    done = subprocess.run(words, env=env, stdin=none, stdout=subprocess.PIPE, stderr=none, text=True, check=False)
    if done.returncode < 0:
        how = signal.Signals(-done.returncode).name
        raise BadModel(f"{original.ref} in {to} ends the process that runs it ({how}); it is not kept.")
    message: dict[str, Any] = json.loads(done.stdout or '{"failed": "it said nothing", "code": "", "reason": ""}')
    if "failed" in message:
        raise of_code(message["code"], message["reason"])(f"{original.ref} to {to}: {message['failed']}")
    measured: dict[str, Any] = message["done"]
    return measured


def _refuse_loss(original: "ModelSpec", to: str, measured: dict[str, Any]) -> None:
    if not measured["is_good"]:
        told = f"from {measured['before']['quality']:g} to {measured['after']['quality']:g} {measured['unit']}"
        most = f"{measured['most_loss']:g} is the most that may be lost"
        raise BadModel(f"{original.ref} gets worse in {to}, {told}; {most}, and it is not kept.")


def _print(original: "ModelSpec", ref: str, place: Path, measured: dict[str, Any]) -> None:
    print_line(f"{ref} is in {place}")
    for key, unit in (("quality", measured["unit"]), ("megabytes", "MB"), ("cpu_ms", "ms of CPU for the same sound")):
        print_line(f"  {measured['before'][key]:g} -> {measured['after'][key]:g} {unit}")
    print_line(f"Serve it: parley models load {original.stage} {ref}")
