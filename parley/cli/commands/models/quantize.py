"""`parley models quantize`: a version in fewer bits, beside the original. Must not know a stage or a library."""

from enum import Enum
from typing import Annotated

import typer

from parley.cli import options
from parley.cli.commands.models import converting
from parley.cli.commands.models.here import Configs, Name, Root, Stage, store

Calibration = Annotated[
    str,
    typer.Option("--calibration", metavar="FOLDER", help="Of recordings or sentences to measure with; else examples/."),
]
Version = Annotated[str, typer.Option("--version", help="Of what is made; else e.g. 1-int8.")]


class To(Enum):
    """What numbers its weights become."""

    INT8 = "int8"
    INT8_FLOAT32 = "int8_float32"
    FP16 = "fp16"


def quantize(
    name: Name,
    to: Annotated[To, typer.Option("--to", help="int8, int8_float32 (not of ONNX), or fp16: half precision.")],
    calibration: Calibration = "",
    version: Version = "",
    stage: Stage = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Make an ONNX or CTranslate2 model smaller, compare it with the original, and keep it where little is lost."""
    converted_version(name, to.value, calibration, version, stage, root, configs, as_json)


def converted_version(
    name: str, to: str, calibration: str, version: str, stage: str, root: str, configs: str, as_json: bool
) -> None:
    """A version that lies here, in another form beside it."""
    from parley.cli.show.steps import Steps
    from parley.engines import trust
    from parley.engines.model import ModelRef
    from parley.store.incoming import MODEL, free, incoming, put

    here = store(root, configs)
    found = here.find(name, stage)
    original, sure = found.spec, trust.of(found.spec, ships=found.ships) != trust.FIRST_USE
    ref = ModelRef.of(f"{original.ref.name}@{version or f'{original.ref.version}-{to}'}")
    models = here.own(original.stage) / original.stage
    place = free(models / ref.name / ref.version)
    measured_with = converting.examples(here, calibration)
    with Steps(quiet=as_json) as steps, incoming(models, f"quantize {ref}") as at:
        (at / MODEL).mkdir()
        measured = converting.compared(here, original, ref, to, at / MODEL, measured_with, steps, sure=sure)
        put(at / MODEL, place)
    converting.told(original.stage, ref, place, measured, as_json=as_json)
