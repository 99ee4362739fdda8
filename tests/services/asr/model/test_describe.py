"""What a folder of Whisper's files says of the model in it."""

from pathlib import Path

import pytest

from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.errors import BadModel
from services.asr.model import describe
from services.asr.model.describe import ModelFiles
from services.asr.model.prompting import prompting
from tests.contract.source import ROOT
from tests.services.asr.untaught import folder

SPEC = ModelSpec(ModelRef("m", "1"), "asr", "ctranslate2", Path())


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((384, 80, 4, 4, False), "whisper-tiny.en"),
        ((512, 80, 6, 6, True), "whisper-base"),
        ((768, 80, 12, 4, False), "whisper-small-turbo.en"),
        ((768, 80, 12, 2, False), "distil-whisper-small.en"),
        ((1280, 80, 32, 32, True), "whisper-large"),
        ((1280, 128, 32, 32, True), "whisper-large-v3"),
        ((1280, 128, 32, 4, True), "whisper-large-v3-turbo"),
        ((1280, 128, 32, 2, True), "distil-whisper-large-v3"),
        ((16, 80, 1, 1, True), "whisper-16x1"),
    ],
)
def test_a_model_is_called_by_its_shape(shape: tuple[int, int, int, int, bool], name: str) -> None:
    """As the world calls those that it knows."""
    assert ModelFiles(SPEC, *shape).name == name


def test_what_is_written_can_be_opened(tmp_path: Path) -> None:
    """Languages, prompt, bands and sums come from the files, and the service reads them."""
    source = folder(tmp_path)
    found = describe.look(source)
    assert (found.mels, found.width, found.encoders, found.decoders, found.is_multilingual) == (80, 16, 1, 1, False)
    ref = ModelRef("mine.v2", "3")
    (source / "model.toml").write_text(describe.written(ref, found, {"rest_s": 0.5}, {"wer": 0.25}), "utf-8")
    spec = read_spec(source)
    assert (spec.ref, spec.languages, spec.options["rest_s"]) == (ref, ("en",), 0.5)
    assert set(spec.files) == {"model.bin", "config.json", "vocabulary.json", "tokenizer.json"}
    ways = prompting(spec)
    assert ways.begin("en", []) == ["<|startoftranscript|>", "<|notimestamps|>"]
    assert ways.options.reads_prompts
    assert not ways.options.short_context


def test_a_distilled_model_is_given_no_text_from_before(tmp_path: Path) -> None:
    """The first of them never saw any; those of the third kind did."""
    source = folder(tmp_path)
    for mels, reads in ((80, False), (128, True)):
        found = ModelFiles(describe.look(source).spec, 1280, mels, 32, 2, True)
        assert describe.options(found)["reads_prompts"] is reads


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"vocabulary_json": b'["a", "<|endoftext|>"]'}, r"vocabulary\.json has 2 tokens, and model\.bin knows \d+"),
        ({"config_json": b"<html>"}, r"config\.json is not JSON"),
        ({"tokenizer_json": b"<html>"}, r"tokenizer\.json cannot be read"),
        ({"model_bin": b"<html>" * 99}, r"model\.bin cannot be read: it is not a CTranslate2 weight file"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, files: dict[str, bytes], told: str) -> None:
    """An error page instead of a file, or a file of another model."""
    with pytest.raises(BadModel, match=told):
        describe.look(folder(tmp_path, **files))


def test_another_tokenizer_is_found_out(tmp_path: Path) -> None:
    """It would spell every word wrong."""
    source = folder(tmp_path)
    text = (source / "tokenizer.json").read_text("utf-8").replace("<|endoftext|>", "<|fin|>")
    (source / "tokenizer.json").write_text(text, "utf-8")
    with pytest.raises(BadModel, match=r"tokenizer\.json numbers its tokens otherwise than vocabulary\.json"):
        describe.look(source)


def test_a_translator_is_no_recogniser(tmp_path: Path) -> None:
    """CTranslate2 runs others too."""
    (weights,) = (ROOT / "models/embedded/translate").glob("*/*/model.bin")
    with pytest.raises(BadModel, match="is a TransformerSpec; a recogniser is a WhisperSpec"):
        describe.look(folder(tmp_path, model_bin=weights.read_bytes()))
