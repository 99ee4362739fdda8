from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.recipes.asr import graphs
from parley.engines import backends
from parley.engines.protocols import Decoding, Generator
from parley.errors import BadModel
from tests.parley.backends.test_whisper import PROMPT, WORDS, check, sounds
from tests.parley.backends.tiny import spec
from tests.parley.backends.whisper import whisper_files

SEED = 3
WAYS: dict[str, Any] = {"architecture": "whisper", "compute_type": "float32", "alignment_median": 3}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return whisper_files(tmp_path_factory.mktemp("whisper"), WORDS, SEED)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> dict[str, bytes]:
    folder, out = tmp_path_factory.mktemp("from"), tmp_path_factory.mktemp("to")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    graphs.write(folder, out)
    kept = {name: files[name] for name in ("config.json", "vocabulary.json")}
    return kept | {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture
def generator(tmp_path: Path, exported: dict[str, bytes]) -> Generator:
    return backends.generator(spec(tmp_path, "openvino", exported, **WAYS)).model


@pytest.fixture
def other(tmp_path: Path, files: dict[str, bytes]) -> Generator:
    folder = tmp_path / "ctranslate2"
    folder.mkdir()
    return backends.generator(spec(folder, "ctranslate2", files, **WAYS)).model


@pytest.mark.parametrize("beam", [1, 2, 4])
@pytest.mark.parametrize("before", [[], ["<|startofprev|>", *WORDS[:3]]])
def test_both_libraries_say_the_same(generator: Generator, other: Generator, beam: int, before: list[str]) -> None:
    """The exported graphs give the tokens, the scores and the doubts that CTranslate2 gives."""
    how, prompts = Decoding(beam, 10), [[*before, *PROMPT]] * 8
    pairs = zip(generator.generate(sounds(8), prompts, how), other.generate(sounds(8), prompts, how), strict=True)
    for mine, theirs in pairs:
        assert mine.tokens == theirs.tokens
        assert (mine.score, mine.no_speech) == pytest.approx((theirs.score, theirs.no_speech), abs=1e-3)


def test_both_go_on_from_the_same_beginning(generator: Generator, other: Generator) -> None:
    """What an answer begins with may be given, with lengths of all kinds in a batch; both go on alike."""
    how = Decoding(1, 10, begun=[WORDS[: n % 4] for n in range(8)])
    mine, theirs = (each.generate(sounds(8), [PROMPT] * 8, how) for each in (generator, other))
    assert [each.tokens for each in mine] == [each.tokens for each in theirs]
    assert all(each.tokens[: len(given)] == given for each, given in zip(mine, how.begun, strict=True))


def test_both_find_the_tokens_in_the_same_places(generator: Generator, other: Generator) -> None:
    """Times and chances of tokens are CTranslate2's own, but for a few ties."""
    how = Decoding(1, 9, align=[64, 40, 0, 64, 30, 1, 64, 64])
    mine, theirs = (each.generate(sounds(8), [PROMPT] * 8, how) for each in (generator, other))
    for n, (one, another) in enumerate(zip(mine, theirs, strict=True)):
        if how.align[n] and one.tokens:
            check(one, how.align[n])
            assert one.alignment.chances == pytest.approx(another.alignment.chances, abs=1e-3)
    apart = [abs(np.subtract(a.alignment.frames, b.alignment.frames)) for a, b in zip(mine, theirs, strict=True)]
    assert np.median(np.concatenate(apart)) <= 2


def test_a_language_left_open_is_found_out(generator: Generator) -> None:
    """Where the prompt leaves it open the model names a language, and answers as if it had been asked in it."""
    said = generator.generate(sounds(6), [[PROMPT[0], "<|language|>", *PROMPT[2:]]] * 6, Decoding(1, 6))
    for n, each in enumerate(said):
        assert each.language in ("en", "de")
        prompt = [PROMPT[0], f"<|{each.language}|>", *PROMPT[2:]]
        (asked,) = generator.generate(sounds(6)[n : n + 1], [prompt], Decoding(1, 6))
        assert (asked.tokens, asked.language) == (each.tokens, "")


def test_some_languages_are_likelier_than_others(generator: Generator) -> None:
    """What may not be is not heard, and what is likely beforehand needs less to be."""
    prompts = [[PROMPT[0], "<|language|>", *PROMPT[2:]]] * 4
    first = generator.generate(sounds(4), prompts, Decoding(1, 6))
    assert all(0.5 <= each.language_confidence <= 1.0 for each in first)
    for language in ("en", "de"):
        among: list[dict[str, float]] = [{language: 1.0}, {"en": 1.0, "de": 1.0, language: 1e9}] * 2
        said = generator.generate(sounds(4), prompts, Decoding(1, 6, languages=among))
        assert [each.language for each in said] == [language] * 4
        assert all(each.language_confidence == pytest.approx(1.0, abs=1e-3) for each in said)


def test_other_writers_are_refused(tmp_path: Path, exported: dict[str, bytes]) -> None:
    """A translator has no graphs here, and says which library has."""
    with pytest.raises(BadModel, match="others need ctranslate2"):
        backends.generator(spec(tmp_path, "openvino", exported))
