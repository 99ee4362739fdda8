"""What a model.toml may say under [options]: a mistake is one sentence with what would be right."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.audio.pcm import RATE_HZ
from parley.engines.model import ModelSpec
from parley.engines.whisper import ENGLISH_ALONE
from parley.errors import BadModel
from services.asr.model.prompting import prompting
from services.asr.options import AsrOptions
from services.diarize.options import DiarizeOptions
from tests.fakes import spec_of
from tests.parley.backends.tiny import spec
from tests.services.asr.model.test_spelling import DEFINITION

START, ANY, SAY, BARE = "<|startoftranscript|>", "<|language|>", "<|transcribe|>", "<|notimestamps|>"
TASKS = ["<|translate|>", SAY, "<|startofprev|>", "<|nospeech|>", BARE]
GOOD = {"architecture": "whisper", "features": "log-mel", "tokenizer": "tokenizer.json"}


def model(folder: Path, *languages: str, english: bool = False, spelt: bytes = DEFINITION, **options: Any) -> ModelSpec:
    """One with OpenAI's special tokens; for English alone it has as many as those have."""
    tokens = ["<|endoftext|>", START, "<|en|>", "<|de|>", *TASKS]
    tokens = [f"t{n}" for n in range(ENGLISH_ALONE + (not english) - len(tokens))] + tokens
    files = {"vocabulary.txt": "\n".join(tokens).encode(), "tokenizer.json": spelt}
    prompt = {"prompt": [START, BARE] if english else [START, ANY, SAY, BARE]}
    known = languages or (("en",) if english else ("en", "de"))
    return replace(spec(folder, "ctranslate2", files, **{**GOOD, **prompt, **options}), languages=known)


@pytest.mark.parametrize("english", [True, False])
def test_what_is_right_is_read(tmp_path: Path, english: bool) -> None:
    """A faster-whisper folder needs five options; the others have defaults."""
    ways = prompting(model(tmp_path, english=english, doubts={"no_speech": 1}))
    doubts = ways.options.doubts
    assert ways.begin("de", []) == ([START, BARE] if english else [START, "<|de|>", SAY, BARE])
    assert (ways.options.full_frames, ways.window(1), doubts.no_speech, doubts.compression) == (3000, 3000, 1.0, 2.4)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"promt": []}, "`options.promt` is not known; did you mean `options.prompt`?"),
        ({"doubts": {"no_speach": 1}}, "`options.doubts.no_speach` is not known; did you mean `options.doubts.no_spee"),
        ({"beam": "5"}, "`options.beam` must be a int, not '5'"),
        ({"beam": 0}, "`options.beam` is 0; write 1 to 32."),
        ({"architecture": ""}, "`options.architecture` is ''; write one of translator, whisper."),
        ({"architecture": "translator"}, 'write architecture = "whisper".'),
        ({"features": ""}, 'options.features is missing; write features = "log-mel".'),
        ({"features": "log_mel"}, "options.features is 'log_mel'; write one of frames, log-mel."),
        ({"tokenizer": ""}, 'options.tokenizer is missing; write tokenizer = "tokenizer.json"'),
        ({"spelt": b"<html>"}, "tokenizer.json is no tokenizer"),
        ({"tokenizer": "tokeniser.json"}, "does not list tokeniser.json under [files]"),
        ({"prompt": []}, f'write prompt = ["{START}", "{ANY}", "{SAY}", "{BARE}"].'),
        ({"prompt": [SAY]}, f"options.prompt must begin with {START}"),
        ({"prompt": [START, "<|transcribe"]}, f"the vocabulary lacks; did you mean `{SAY}`?"),
        ({"english": True, "prompt": [START, ANY]}, f'knows English alone; write prompt = ["{START}", "{BARE}"].'),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, wrong: dict[str, Any], right: str) -> None:
    """It names the file and says what would be right."""
    with pytest.raises(BadModel) as refused:
        prompting(model(tmp_path, **wrong))
    assert right in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_languages_are_those_that_the_vocabulary_can_name(tmp_path: Path) -> None:
    """None, or one that it lacks, is refused with those that there are."""
    with pytest.raises(BadModel, match=r"`languages` has 'fr', which the vocabulary lacks; known here: en, de\."):
        prompting(model(tmp_path, "en", "fr"))
    with pytest.raises(BadModel, match=r'`languages` is missing; write languages = \["en", "de"\]'):
        prompting(replace(model(tmp_path), languages=()))


@pytest.mark.parametrize(
    ("options", "windows"),
    [
        ({}, [3000, 3000, 3000]),
        ({"short_context": True}, [50, 450, 3000]),
        ({"least_window_s": 12.0}, [1200, 1200, 3000]),
        ({"least_window_s": 4.0}, [400, 3000, 3000]),
        ({"least_window_s": 4.5, "rest_s": 0.5}, [450, 3000, 3000]),
        ({"least_window_s": 60.0}, [3000, 3000, 3000]),
        ({"short_context": True, "least_window_s": 2.0}, [200, 450, 3000]),
        ({"short_context": True, "least_window_s": 60.0}, [3000, 3000, 3000]),
    ],
)
def test_a_window_is_never_shorter_than_the_model_bears(
    tmp_path: Path, options: dict[str, Any], windows: list[int]
) -> None:
    """Weights that need much context get it, and no more than they need."""
    ways = prompting(model(tmp_path, **options))
    assert [ways.window(round(seconds * RATE_HZ / ways.features.hop)) for seconds in (0.1, 4.2, 40)] == windows


@pytest.mark.parametrize("read", [AsrOptions.of, DiarizeOptions.of])
def test_a_listener_hears_one_rate(read: Callable[[ModelSpec], object]) -> None:
    """Only an enhancer may take another rate than 16 kHz: a model of a listener that says so is refused."""
    options = {"window_s": 1.6, "same": 0.5, "ward_height": 1.0} if read == DiarizeOptions.of else {}
    right = replace(spec_of("asr"), options=options)
    read(right)
    with pytest.raises(BadModel, match="`sample_rate_hz` is 48000; models of asr take 16000"):
        read(replace(right, sample_rate_hz=48_000))


def test_every_shipped_model_says_only_what_is_known() -> None:
    """The options of the models in the repository are read like anybody's."""
    from parley.engines.model import read_spec
    from tests.contract.source import ROOT

    specs = [read_spec(path.parent) for path in (ROOT / "models/embedded/asr").glob("*/*/model.toml")]
    assert specs
    for each in specs:
        assert AsrOptions.of(each).features
