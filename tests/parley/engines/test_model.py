import hashlib
from pathlib import Path

import pytest

from parley.engines.model import CHAIN, ModelRef, locate, read_spec
from parley.errors import BadInput, BadModel, UnknownModel
from tests.fakes import spec_of

TOML = 'name = "tiny"\nversion = "2"\nstage = "asr"\nbackend = "onnx"\n'


def version(root: Path, more: str = "", toml: str = TOML) -> Path:
    folder = root / "asr" / "tiny" / "2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.toml").write_text(toml + more)
    return folder


@pytest.mark.parametrize("text", ["", "tiny", "tiny@", "@2", "ti ny@2", "../tiny@2", "tiny@2/..", "a\\b@1"])
def test_what_is_no_reference(text: str) -> None:
    """Only name@version is an exact model, and nothing in it can leave a folder."""
    with pytest.raises(BadInput, match="name@version"):
        ModelRef.of(text)


def test_a_reference_is_written_as_it_is_read() -> None:
    """Reading and writing a reference are inverse."""
    assert str(ModelRef.of("whisper-base@3.1")) == "whisper-base@3.1"


def test_a_spec_has_its_defaults(tmp_path: Path) -> None:
    """Four lines are a model."""
    spec = read_spec(version(tmp_path))
    assert (spec.ref, spec.devices, spec.sample_rate_hz) == (ModelRef("tiny", "2"), CHAIN, 16_000)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("name = ", "is not TOML"),
        (TOML.replace('"2"', "2"), 'lacks version = "..."'),
        (TOML.replace("stage", "stag"), 'lacks stage = "..."'),
        (TOML.replace("onnx", "torch"), "write one of ctranslate2, echo, onnx, openai, openvino"),
        (TOML + 'devices = "CPU"', "devices"),
        (TOML + 'sample_rate_hz = "high"', "sample_rate_hz"),
        (TOML + 'files = ["a"]', "files"),
        (TOML + "[file]\na = 'b'", "file"),
        (TOML + '[graphs]\nvoices = "a.onnx"', "`graphs` has 'a.onnx' for 'voices'; name one of the [files]"),
    ],
)
def test_a_bad_declaration_names_the_fault(tmp_path: Path, toml: str, told: str) -> None:
    """Each fault in a model.toml is told with the file's name and what is wrong in it."""
    with pytest.raises(BadModel) as refused:
        read_spec(version(tmp_path, toml=toml))
    assert told in str(refused.value)
    assert "model.toml" in str(refused.value)


def test_no_declaration(tmp_path: Path) -> None:
    """A folder without model.toml is a bad model."""
    with pytest.raises(BadModel, match="cannot be read"):
        read_spec(tmp_path)


def test_a_model_of_several_graphs_is_opened_graph_by_graph(tmp_path: Path) -> None:
    """Each has its own files, weights beside it included; a model that declares none is its one graph."""
    files = "".join(f'"{name}" = "{"0" * 64}"\n' for name in ("a.xml", "a.bin", "b.onnx"))
    spec = read_spec(version(tmp_path, f'[files]\n{files}[graphs]\none = "a.xml"\nother = "b.onnx"'))
    assert set(spec.graph("one").files) == {"a.xml", "a.bin"}
    assert set(spec.graph("other").files) == {"b.onnx"}
    with pytest.raises(BadModel, match=r"lacks `third` under \[graphs\]"):
        spec.graph("third")
    assert spec_of().graph("one") == spec_of()


def test_what_is_checked_is_what_is_loaded(tmp_path: Path) -> None:
    """A file's bytes are given out only when they are the declared ones; else the message names the file."""
    good = hashlib.sha256(b"weights").hexdigest()
    spec = read_spec(version(tmp_path, f'[files]\n"a.onnx" = "{good}"\n"gone.onnx" = "{good}"'))
    (spec.folder / "a.onnx").write_bytes(b"weights")
    assert spec.bytes_of("a.onnx") == b"weights"
    (spec.folder / "a.onnx").write_bytes(b"Weights")
    with pytest.raises(BadModel, match=r"a\.onnx is not the file .* \(sha256 differs\)"):
        spec.bytes_of("a.onnx")
    with pytest.raises(BadModel, match=r"gone\.onnx cannot be read"):
        spec.bytes_of("gone.onnx")
    with pytest.raises(BadModel, match=r"does not list other\.onnx"):
        spec.bytes_of("other.onnx")


def test_a_broken_neighbour_costs_a_version_nothing(tmp_path: Path) -> None:
    """A version is found by its folder, whatever lies beside it; a missing one is told what there is."""
    folder = version(tmp_path)
    (tmp_path / "asr" / "tiny" / "3").mkdir()
    (tmp_path / "asr" / "tiny" / "3" / "model.toml").write_text("not toml at all")
    assert locate([tmp_path], "asr", ModelRef("tiny", "2")).folder == folder
    with pytest.raises(UnknownModel, match="has tiny@2, tiny@3"):
        locate([tmp_path], "asr", ModelRef("tiny", "4"))
    with pytest.raises(UnknownModel, match="has none"):
        locate([tmp_path], "none", ModelRef("tiny", "2"))


def test_a_version_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    """A copied folder whose model.toml still says the old version does not pass for the new one."""
    version(tmp_path).rename(tmp_path / "asr" / "tiny" / "9")
    with pytest.raises(BadModel, match="its folder says asr tiny@9"):
        locate([tmp_path], "asr", ModelRef("tiny", "9"))


def test_a_name_cannot_leave_the_models_folder() -> None:
    """Dots are no way up."""
    with pytest.raises(BadInput):
        ModelRef.of("..@..")
