import io
from pathlib import Path

import pytest
import sentencepiece

from parley.engines.model import ModelSpec
from parley.errors import BadModel
from services.translate.tokens import open_tokenizer
from tests.parley.backends.tiny import spec

TEXTS = ["Where is the station?", "Wo ist der Bahnhof?", 'Tom\'s "hat" is 12 years old.', "Gut, danke!"]


def vocabulary(*control: str) -> bytes:
    """A SentencePiece model that has read four sentences."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20),
        model_writer=model,
        vocab_size=320,
        byte_fallback=True,
        hard_vocab_limit=False,
        control_symbols=",".join(control),
        minloglevel=2,
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def pieces() -> bytes:
    return vocabulary("<2de>", "<2en>")


def of(folder: Path, files: dict[str, bytes], **options: object) -> ModelSpec:
    return spec(folder, "ctranslate2", files, pieces="pieces.model", **options)


def test_a_source_as_the_embedded_model_wants_it(tmp_path: Path, pieces: bytes) -> None:
    """The wanted language, the cleaned text's pieces, the end; and back without them."""
    tokens = open_tokenizer(of(tmp_path, {"pieces.model": pieces}, prefix="<2{target}>", suffix="</s>"))
    source = tokens.source("Tom’s “hat”", "en", "de")
    assert (source[0], source[-1]) == ("<2de>", "</s>")
    assert tokens.text(source[1:-1]) == 'Tom\'s "hat"'
    assert tokens.prompt("", "en", "de") == []


def test_languages_in_the_answer(tmp_path: Path, pieces: bytes) -> None:
    """A model such as NLLB is told the source before the text and the target in the answer, by its own codes."""
    codes = {"en": "eng_Latn", "de": "deu_Latn"}
    options = {"prefix": "{source}", "suffix": "</s>", "target_prefix": "{target}", "codes": codes, "clean": False}
    tokens = open_tokenizer(of(tmp_path, {"pieces.model": pieces}, **options))
    source = tokens.source("“Gut”", "en", "de")
    assert (source[0], source[-1], tokens.text(source[1:-1])) == ("eng_Latn", "</s>", "“Gut”")
    prompt = tokens.prompt("Gut", "en", "de")
    assert (prompt[0], tokens.text(prompt[1:])) == ("deu_Latn", "Gut")


def test_a_vocabulary_for_each_side(tmp_path: Path, pieces: bytes) -> None:
    """A model such as OPUS-MT reads with one vocabulary and writes with another."""
    other = vocabulary("<other>")
    files = {"pieces.model": pieces, "target.spm": other}
    tokens = open_tokenizer(of(tmp_path, files, target_pieces="target.spm"))
    written = sentencepiece.SentencePieceProcessor(model_proto=other).encode("Gut, danke!", out_type=str)
    assert tokens.text(written) == "Gut, danke!"
    assert tokens.source("Gut", "", "") == tokens.source("Gut", "en", "de")


def test_what_a_user_types_is_no_command(tmp_path: Path, pieces: bytes) -> None:
    """A language token in the text stays text."""
    tokens = open_tokenizer(of(tmp_path, {"pieces.model": pieces}, prefix="<2{target}>"))
    assert tokens.source("<2en> Gut", "de", "de").count("<2en>") == 0
    assert tokens.text(tokens.source("<2en> Gut", "de", "de")[1:]) == "<2en> Gut"


def test_strange_options_are_refused(tmp_path: Path, pieces: bytes) -> None:
    """Tokens that nobody can make, a vocabulary that is not listed and an unknown place name what is wrong."""
    with pytest.raises(BadModel, match="write one of sentencepiece, words"):
        open_tokenizer(of(tmp_path, {}, tokens="letters"))
    with pytest.raises(BadModel, match=r"does not list pieces\.model under"):
        open_tokenizer(of(tmp_path, {}))
    with pytest.raises(BadModel, match=r"only \{source\} and \{target\} are known"):
        open_tokenizer(of(tmp_path, {"pieces.model": pieces}, prefix="<{goal}>"))
