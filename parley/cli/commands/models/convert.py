"""`parley models convert`: a model for another library, compared with the original. Must not know how it is run."""

import os
import subprocess
import sys
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli import options
from parley.cli.commands.models import converting
from parley.cli.commands.models.here import Configs, Root, Stage, Store, store
from parley.cli.commands.models.quantize import Calibration, Version, converted_version
from parley.cli.processes.launcher import die_with
from parley.errors import BadConfig, BadInput, BadModel
from parley.extras import install

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps
    from parley.engines.model import ModelSpec
    from parley.store.conversion.hugging_face import Checkpoint

CONVERTER, CODES = "ctranslate2.converters.transformers", "nllb-200-distilled-600m"
ASKS = "import ctranslate2, torch, transformers"
EXTRA = "convert"


class For(Enum):
    """What it becomes."""

    OPENVINO = "openvino"
    INT8 = "int8"
    INT8_FLOAT32 = "int8_float32"
    FP16 = "fp16"


def convert(
    source: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION]|FOLDER", help="A version that lies here; or Hugging Face's files.")
    ],
    to: Annotated[For, typer.Option("--to", help="openvino, of ONNX; of Hugging Face's files the numbers.")] = For.INT8,
    name: Annotated[str, typer.Option("--name", help="What to call what a folder becomes; else as the folder.")] = "",
    languages: Annotated[str, typer.Option("--languages", help="Of a translator, e.g. en,de or en,fi=fin_Latn.")] = "",
    python: Annotated[
        str, typer.Option("--python", metavar="PROGRAM", help="That has torch, transformers and ctranslate2.")
    ] = sys.executable,
    calibration: Calibration = "",
    version: Version = "",
    stage: Stage = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Make a model one for another library, compare both, and keep it where little is lost.

    A Whisper, an OPUS-MT (Marian) or an NLLB as Hugging Face's transformers has it becomes one of CTranslate2; an ONNX
    version that lies here becomes one of OpenVINO.
    """
    from parley.store.conversion import hugging_face

    folder = Path(source).expanduser()
    if hugging_face.is_checkpoint(folder):
        if to is For.OPENVINO:
            raise BadInput("Hugging Face's files become a model of CTranslate2; give --to int8, int8_float32 or fp16.")
        wanted = _Wanted(hugging_face.look(folder), name or folder.resolve().name, version or "1", languages, python)
        _checkpoint(store(root, configs), wanted, to.value, calibration, as_json)
    elif to is For.OPENVINO:
        converted_version(source, to.value, calibration, version, stage, root, configs, as_json)
    else:
        raise BadInput(
            f"{source} is no folder with Hugging Face's files; `parley models quantize` is for versions that lie here."
        )


class _Wanted:
    """What a folder becomes."""

    def __init__(self, checkpoint: "Checkpoint", name: str, version: str, languages: str, python: str) -> None:
        from parley.engines.model import ModelRef

        self.checkpoint, self.ref, self.python = checkpoint, ModelRef.of(f"{name}@{version}"), python
        self.languages = [each.strip() for each in languages.split(",") if each.strip()]


def _checkpoint(here: Store, wanted: _Wanted, to: str, calibration: str, as_json: bool) -> None:
    """Converted as it is; that is measured, then made smaller, and both are compared."""
    from parley.cli.show.steps import Steps
    from parley.store.incoming import MODEL, free, incoming, put

    stage, ref = wanted.checkpoint.stage, wanted.ref
    place = free(here.own(stage) / stage / ref.name / ref.version)
    measured_with = converting.examples(here, calibration)
    _check_python(wanted.python)
    with Steps(quiet=as_json) as steps, incoming(here.own(stage) / stage, f"convert {ref}") as at:
        (at / MODEL).mkdir()
        original = _whole(here, wanted, at / MODEL / "as-it-is", steps)
        (at / MODEL / "model").mkdir()
        measured = converting.compared(here, original, ref, to, at / MODEL / "model", measured_with, steps, sure=True)
        put(at / MODEL / "model", place)
    converting.told(stage, ref, place, measured, as_json=as_json)


def _whole(here: Store, wanted: _Wanted, out: Path, steps: "Steps") -> "ModelSpec":
    """In full precision, with a model.toml."""
    from parley.cli.commands.models.adopting import adopted
    from parley.engines.model import read_spec
    from parley.store import catalogue
    from parley.store.conversion import hugging_face

    checkpoint, ref = wanted.checkpoint, wanted.ref
    provenance = {"source": {"from": str(checkpoint.folder), "trust": "pinned"}}
    steps.say(f"converting {checkpoint.folder.name} to CTranslate2")
    shown = checkpoint.shown(out.with_name("shown"))
    words = [
        wanted.python,
        "-m",
        CONVERTER,
        "--model",
        str(shown),
        "--output_dir",
        str(out),
        "--quantization",
        "float32",
    ]
    _run([*words, *(["--copy_files", *checkpoint.along] if checkpoint.stage == "asr" else [])], checkpoint)
    if checkpoint.stage == "asr":
        adopted(here.where, out, ref.name, ref.version, provenance, steps)
    else:
        codes = catalogue.read(here.where.catalogue).known(CODES).options["codes"]
        head: dict[str, Any] = {"name": ref.name, "version": ref.version, "stage": checkpoint.stage}
        head |= {"backend": "ctranslate2", **checkpoint.options(wanted.languages, codes), **provenance}
        hugging_face.joined(checkpoint, out, head)
    return read_spec(out)


def _check_python(python: str) -> None:
    done = subprocess.run([python, "-c", ASKS], capture_output=True, text=True, check=False)
    if done.returncode:
        lacks = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        how = f"{install(EXTRA)}, or name a Python that has them with --python"
        raise BadConfig(f"Hugging Face's files are read by torch and transformers, and {python} says {lacks!r}; {how}.")


def _run(words: list[str], checkpoint: "Checkpoint") -> None:
    """It reads files alone: no hub is asked."""
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "USE_TF": "0"}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        words, env=env, capture_output=True, text=True, check=False, preexec_fn=partial(die_with, os.getpid())
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise BadModel(f"{checkpoint.folder} cannot be converted: {why}.")
