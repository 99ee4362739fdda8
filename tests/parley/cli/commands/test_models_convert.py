"""`parley models convert`: Hugging Face's files for CTranslate2, ONNX for OpenVINO; what cannot be is one sentence."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli.outcome import Exit
from parley.engines.model import read_spec
from parley.errors import BadInput
from parley.store.conversion import hugging_face
from services.denoise.engine import open_engine
from tests.others import python_with

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def convert(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "convert", *map(str, arguments)])


def checkpoint(kind: str, folder: Path) -> Path:
    """A tiny model that has learnt nothing, and the Python that made it."""
    python = python_with("torch", "transformers", "ctranslate2", "sentencepiece")
    script = Path(__file__).with_name("checkpoint.py")
    subprocess.run((python, script, kind, folder), capture_output=True, check=True, cwd="/")
    return python


def test_an_opus_mt_becomes_one_of_ctranslate2(home: Path, tmp_path: Path) -> None:
    """Its languages are those that its tokenizer names; both sides are measured; it says from what it was made."""
    python = checkpoint("marian", tmp_path / "opus-fi-et")
    (tmp_path / "sentences.tsv").write_text("fi\tet\ntalo on pieni\tmaja on väike\n")
    done = convert(tmp_path / "opus-fi-et", "--to", "fp16", "--python", python, "--calibration", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    spec = read_spec(home / "models/translate/opus-fi-et/1")
    assert (told["model"], told["unit"], spec.languages) == ("opus-fi-et@1", "BLEU", ("fi", "et"))
    assert told["after"]["megabytes"] < told["before"]["megabytes"]
    assert spec.options["pairs"] == [["fi", "et"]]
    assert set(spec.files) >= {"model.bin", "source.spm", "target.spm"}
    assert spec.source["converted"] == "fp16"
    again = convert(tmp_path / "opus-fi-et", "--python", python)
    assert (again.exit_code, "is there already" in again.output) == (Exit.BAD_INPUT, True)


def test_a_whisper_is_converted_and_must_hear(home: Path, tmp_path: Path) -> None:
    """One that has learnt nothing gets as far as the golden recordings, and is kept nowhere."""
    python = checkpoint("whisper", tmp_path / "whisper")
    done = convert(tmp_path / "whisper", "--to", "fp16", "--python", python)
    assert done.exit_code == Exit.FAILED
    assert "breaks the contract of asr: of three English recordings at most 50% of the words are wrong" in done.output
    assert not list(home.rglob("*.bin"))


def test_graphs_become_openvinos(home: Path) -> None:
    """Which is as good; options that name a graph's file name the new one."""
    pytest.importorskip("openvino")
    done = convert("denoise-nano", "--to", "openvino", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    spec = read_spec(home / "models/denoise/denoise-nano/2-openvino")
    open_engine(spec)
    assert (spec.backend, set(spec.files)) == ("openvino", {"model.xml", "model.bin"})
    assert abs(told["loss"]) <= 0.1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nano-tatoeba", "--to", "openvino"), "A model of the backend ctranslate2 cannot become openvino"),
        (("nano-tatoeba",), "`parley models quantize` is for versions that lie here"),
        (("no-such", "--to", "openvino"), "No no-such lies here"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence(home: Path, arguments: tuple[object, ...], told: str) -> None:
    """And nothing of it lies where a service looks."""
    done = convert(*arguments)
    assert done.exit_code in (Exit.BAD_INPUT, Exit.FAILED)
    assert told in done.output, done.output
    assert not list(home.rglob("*.bin"))


def test_a_python_without_torch_is_named(tmp_path: Path, home: Path) -> None:
    """With the extra that brings it."""
    written(tmp_path, "marian", "model.safetensors", "source.spm")
    (tmp_path / "python").write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1\n")
    (tmp_path / "python").chmod(0o755)
    done = convert(tmp_path, "--python", tmp_path / "python", "--languages", "fi,et")
    assert "No module named 'torch'" in done.output
    assert 'pip install "parley-speech[convert]"' in done.output


def written(folder: Path, kind: str, *files: str) -> Path:
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    for name in files:
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("kind", "files", "told"),
    [
        ("marian", ("pytorch_model.bin", "source.spm"), "are pickles, which can run any program"),
        ("marian", ("model.safetensors",), "lacks source.spm"),
        ("llama", ("model.safetensors",), "is a model of the type 'llama'; converted are whisper, marian"),
    ],
)
def test_what_is_not_converted_is_said(tmp_path: Path, kind: str, files: tuple[str, ...], told: str) -> None:
    """Before anything of it is read by a library."""
    with pytest.raises(BadInput, match=told):
        hugging_face.look(written(tmp_path, kind, *files))


def test_pickles_and_programs_are_not_shown(tmp_path: Path) -> None:
    """The converter sees what it needs, in a folder of its own."""
    (tmp_path / "in").mkdir()
    found = hugging_face.look(
        written(tmp_path / "in", "marian", "model.safetensors", "source.spm", "pytorch_model.bin", "modeling_x.py")
    )
    assert {path.name for path in found.shown(tmp_path / "out").iterdir()} == {
        "config.json",
        "model.safetensors",
        "source.spm",
    }


def test_languages_and_their_codes(tmp_path: Path) -> None:
    """NLLB's own names are known for some, and can be given for others."""
    found = hugging_face.look(written(tmp_path, "m2m_100", "model.safetensors", "sentencepiece.bpe.model"))
    told = found.options(["en", "fi=fin_Latn"], {"en": "eng_Latn", "de": "deu_Latn"})
    assert (told["languages"], told["options"]["codes"]) == (["en", "fi"], {"en": "eng_Latn", "fi": "fin_Latn"})
    assert found.options([], {"de": "deu_Latn"})["languages"] == ["de"]
    with pytest.raises(BadInput, match="What does the model call et"):
        found.options(["et"], {})
    with pytest.raises(BadInput, match=r"say which, e\.g\. --languages en,de"):
        hugging_face.look(written(tmp_path, "marian", "source.spm")).options([], {})
