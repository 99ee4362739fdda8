from pathlib import Path
from typing import Any, cast

import ctranslate2
import numpy as np
import pytest

from parley.engines import backends
from parley.engines.backends import ctranslate2 as engines
from parley.engines.backends.ctranslate2 import Options, WhisperGenerator
from parley.engines.protocols import Decoding, Generated, Generator
from parley.engines.whisper import END
from parley.errors import BadModel
from tests.parley.backends.tiny import spec
from tests.parley.backends.whisper import MELS, SPECIALS, whisper_files

WORDS = [f"\u0120{letter}" for letter in "abcdefgh"]
PROMPT = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return whisper_files(tmp_path_factory.mktemp("whisper"), WORDS)


@pytest.fixture
def generator(tmp_path: Path, files: dict[str, bytes]) -> Generator:
    made = spec(tmp_path, "ctranslate2", files, architecture="whisper", compute_type="float32", alignment_median=3)
    return backends.generator(made).model


def sounds(count: int, frames: int = 64) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(0, 1, (count, frames, MELS)).astype(np.float32)


@pytest.mark.parametrize("beam", [1, 3])
def test_company_changes_nothing(generator: Generator, beam: int) -> None:
    """In a batch every sound gets the answer that it gets alone."""
    sources, how = sounds(12), Decoding(beam, 12, align=[64, 0, 30, 64, 1, 64] * 2)
    together = generator.generate(sources, [PROMPT] * 12, how)
    for n, answer in enumerate(together):
        (alone,) = generator.generate(sources[n : n + 1], [PROMPT], Decoding(beam, 12, align=how.align[n : n + 1]))
        assert (alone.tokens, alone.alignment.frames) == (answer.tokens, answer.alignment.frames)
        assert (alone.score, alone.no_speech) == pytest.approx((answer.score, answer.no_speech), abs=1e-6)
        assert alone.alignment.chances == pytest.approx(answer.alignment.chances, abs=1e-6)


@pytest.mark.parametrize("beam", [1, 3])
def test_an_answer_begins_as_it_is_told(generator: Generator, beam: int) -> None:
    """However long its own beginning and its neighbours' are, every answer has it and goes on as it would alone."""
    begun = [WORDS[: n % 5] for n in range(12)]
    together = generator.generate(sounds(12), [PROMPT] * 12, Decoding(beam, 12, begun=begun))
    for n, answer in enumerate(together):
        how = Decoding(beam, 12, begun=begun[n : n + 1])
        (alone,) = generator.generate(sounds(12)[n : n + 1], [PROMPT], how)
        assert alone.tokens == answer.tokens
        assert answer.tokens[: len(begun[n])] == begun[n]
    assert any(len(answer.tokens) > len(given) > 0 for answer, given in zip(together, begun, strict=True))


@pytest.mark.parametrize("longest", [1, 5, 60])
def test_as_many_tokens_as_allowed(generator: Generator, longest: int) -> None:
    """A model that never ends is stopped exactly at the limit, however long the prompt is."""
    before = ["<|startofprev|>", *WORDS]
    for prompt in (PROMPT, before + PROMPT):
        said = generator.generate(sounds(4), [prompt] * 4, Decoding(1, longest))
        assert max(len(each.tokens) for each in said) <= longest
        assert any(len(each.tokens) == longest for each in said)


def check(said: Generated, frames: int) -> None:
    assert len(said.alignment.frames) == len(said.tokens) + 1
    assert len(said.alignment.chances) == len(said.tokens)
    assert sorted(said.alignment.frames) == list(said.alignment.frames)
    assert all(0 <= frame <= frames for frame in said.alignment.frames)
    assert all(0 <= chance <= 1 for chance in said.alignment.chances)


def test_tokens_have_their_place(generator: Generator) -> None:
    """Asked for, every token gets a frame, in order, inside the sound; unasked, none."""
    said = generator.generate(sounds(3), [PROMPT] * 3, Decoding(2, 9, align=[64, 40, 0]))
    check(said[0], 64)
    check(said[1], 40)
    assert not said[2].alignment.frames


def test_only_text_comes_back(generator: Generator) -> None:
    """Special tokens are no text."""
    said = generator.generate(sounds(4), [PROMPT] * 4, Decoding(1, 20))
    assert {token for each in said for token in each.tokens} <= set(WORDS)


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_nothing_is_an_answer(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the end is the likeliest beginning nothing is said, however wide the search, and no score is infinite."""
    monkeypatch.setattr(engines, "MAY_BE_SILENT", -1.0)  # random weights cannot tell whether somebody speaks
    files = whisper_files(tmp_path, WORDS, seed)
    ways = {"architecture": "whisper", "compute_type": "float32", "suppress_blank": False}
    generator = backends.generator(spec(tmp_path, "ctranslate2", files, **ways)).model
    greedy, wide = (generator.generate(sounds(4), [PROMPT] * 4, Decoding(beam, 12)) for beam in (1, 3))
    assert [bool(each.tokens) for each in wide] == [bool(each.tokens) for each in greedy]
    assert not all(each.tokens for each in wide)
    assert np.isfinite([each.score for each in wide + greedy]).all()


@pytest.mark.parametrize(("silent", "runs"), [(0.1, 1), (0.5, 2)])
def test_whether_anybody_spoke_is_asked_where_it_is_in_doubt(generator: Generator, silent: float, runs: int) -> None:
    """Likely words of somebody who was heard are believed: another run of the decoder costs as much as a word."""

    class Said:
        sequences, sequences_ids, scores, no_speech_prob = [["a"]], [[0]], [-0.2], silent

    class Counting:
        device, encode, runs = "cpu", cast(WhisperGenerator, generator)._model.encode, 0

        def generate(self, *_: Any, **__: Any) -> list[Said]:
            self.runs += 1
            return [Said()]

    model = Counting()
    WhisperGenerator(cast(Any, model), [*WORDS, END], Options()).generate(sounds(1), [PROMPT], Decoding(3, 12))
    assert model.runs == runs


class Polyglot:
    """The model, with 99 languages: CTranslate2 detects no language with fewer."""

    def __init__(self, model: Any) -> None:
        self.encode, self.generate, self.align = model.encode, model.generate, model.align
        self.device = model.device

    def detect_language(self, memory: ctranslate2.StorageView) -> list[list[tuple[str, float]]]:
        likelier = ["de" if row[0, 0] > 0 else "en" for row in np.array(memory)]
        return [[(f"<|{each}|>", 0.75), (f"<|{'en' if each == 'de' else 'de'}|>", 0.25)] for each in likelier]


def test_a_language_left_open_is_found_out(files: dict[str, bytes]) -> None:
    """Where the prompt leaves it open the model names a language, and answers as if it had been asked in it."""
    model = Polyglot(ctranslate2.models.Whisper("tiny", compute_type="float32", files=files))
    generator = WhisperGenerator(model, [*WORDS, *SPECIALS], Options())
    said = generator.generate(sounds(6), [[PROMPT[0], "<|language|>", *PROMPT[2:]]] * 6, Decoding(1, 6, align=[64] * 6))
    assert {each.language for each in said} == {"en", "de"}
    for n, each in enumerate(said):
        prompt = [PROMPT[0], f"<|{each.language}|>", *PROMPT[2:]]
        (asked,) = generator.generate(sounds(6)[n : n + 1], [prompt], Decoding(1, 6, align=[64]))
        assert (asked.tokens, asked.alignment.frames, asked.language) == (each.tokens, each.alignment.frames, "")


def test_some_languages_are_likelier_than_others(files: dict[str, bytes]) -> None:
    """What may not be is not heard; what is likely beforehand needs less to be; each source for itself."""
    model = Polyglot(ctranslate2.models.Whisper("tiny", compute_type="float32", files=files))
    generator, prompt = (
        WhisperGenerator(model, [*WORDS, *SPECIALS], Options()),
        [PROMPT[0], "<|language|>", *PROMPT[2:]],
    )
    open_ = generator.generate(sounds(6), [prompt] * 6, Decoding(1, 6))
    assert {each.language_confidence for each in open_} == {0.75}
    among: list[dict[str, float]] = [{"de": 1.0}, {"en": 10.0, "de": 1.0}, {"en": 2.0, "de": 2.0}] * 2
    said = generator.generate(sounds(6), [prompt] * 6, Decoding(1, 6, languages=among))
    assert [each.language for each in said] == ["de", "en", open_[2].language, "de", "en", open_[5].language]
    assert (said[0].language_confidence, said[2].language_confidence) == (1.0, 0.75)
    assert said[1].language_confidence == pytest.approx(30 / 31 if open_[1].language == "en" else 10 / 13)


def test_a_vocabulary_is_needed(tmp_path: Path, files: dict[str, bytes]) -> None:
    """A folder that does not list its tokens, or whose tokens are not Whisper's, is a bad model."""
    without = {name: data for name, data in files.items() if not name.startswith("vocabulary")}
    with pytest.raises(BadModel, match=r"one vocabulary\.json"):
        backends.generator(spec(tmp_path, "ctranslate2", without, architecture="whisper"))
    other = {**files, "vocabulary.json": b'["a"]'}
    with pytest.raises(BadModel, match="which a Whisper model has"):
        backends.generator(spec(tmp_path, "ctranslate2", other, architecture="whisper"))


def test_other_features_than_it_was_taught_are_refused(tmp_path: Path) -> None:
    """A model of 80 bands that is told to be shown 128 says which it hears."""
    files = whisper_files(tmp_path, ["a"])
    with pytest.raises(BadModel, match="hears 80 mel bands; write n_mels = 80"):
        backends.generator(spec(tmp_path, "ctranslate2", files, architecture="whisper", n_mels=128))
