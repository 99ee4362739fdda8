"""A Whisper that has learnt nothing, in OpenAI's shape: served because its model.toml says how."""

import json
from pathlib import Path

import pytest

from parley.audio.pcm import RATE_HZ
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from services.asr.model.engine import open_engine
from services.asr.utterance import PendingJob, Recognition, Utterance
from tests.parley.backends.tiny import spec
from tests.parley.backends.whisper import POSITIONS, whisper_files
from tests.services.asr.model.test_spelling import DEFINITION
from tests.sound import noise

Asr = Engine[PendingJob, list[Recognition]]
TASK = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]


def model(folder: Path, **options: object) -> ModelSpec:
    numbers: dict[str, int] = json.loads(DEFINITION)["model"]["vocab"]
    files = whisper_files(folder, sorted(numbers, key=lambda token: numbers[token]))
    ways = {"architecture": "whisper", "features": "log-mel", "tokenizer": "tokenizer.json", "prompt": TASK}
    least = {"full_frames": 2 * POSITIONS, "tokens_per_second": 3, "compute_type": "float32"}
    return spec(folder, "ctranslate2", {**files, "tokenizer.json": DEFINITION}, **ways, **least, **options)


@pytest.fixture(params=[True, False], ids=["short", "full"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Asr:
    return open_engine(model(tmp_path, short_context=request.param)).model


def test_company_changes_nothing(engine: Asr) -> None:
    """Utterances of many lengths, finals and interims, get in a batch the words that each gets alone."""
    made = [Utterance(noise(n, seed=n), n % 3 > 0, True) for n in (100, 8000, 8001, 9000, 16_000, 20_000, 8000)]
    together = [each for job in engine.run([PendingJob(made[:3]), PendingJob(made[3:])]) for each in job]
    for utterance, heard in zip(made, together, strict=True):
        alone = engine.run([PendingJob([utterance])])[0][0]
        assert [(w.text, w.start, w.end) for w in heard.words] == [(w.text, w.start, w.end) for w in alone.words]
        assert heard.average_log_probability == pytest.approx(alone.average_log_probability, abs=1e-5)


def test_times_cost_no_words(engine: Asr) -> None:
    """Who asks for times gets the same text, and times within the sound."""
    sound = noise(RATE_HZ)
    (plain, timed) = engine.run([PendingJob([Utterance(sound), Utterance(sound, times=True)])])[0]
    assert plain.text == timed.text != ""
    edges = [edge for word in timed.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[-1] <= RATE_HZ
    assert not any(word.end for word in plain.words)


def test_what_was_said_before_is_heeded(engine: Asr) -> None:
    """Text that leads in reaches the model, and utterances with and without share a batch."""
    sound = noise(RATE_HZ)
    jobs = [PendingJob([Utterance(sound, before=text)]) for text in ("", " the cat sat on the mat")]
    bare, led = (job[0] for job in engine.run(jobs))
    assert bare.average_log_probability != led.average_log_probability
