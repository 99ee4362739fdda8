"""The recogniser's whole way as a process: Silero, log-mel, a Whisper, words. Its Whisper has learnt nothing."""

import asyncio
import json
from pathlib import Path

from models.recipes.provenance import Manifest
from parley.audio import media
from parley.v1.asr_pb2 import AsrResponse
from tests.contract.source import ROOT
from tests.e2e.process import Running, running
from tests.parley.backends.whisper import POSITIONS, whisper_files
from tests.services.asr.model.test_spelling import DEFINITION
from tests.sound import cut

RECORDING = media.read((ROOT / "examples/two-speakers.flac").read_bytes(), 60)
CONFIG = {"word_times": True, "interim_results": True, "format": {"sample_rate_hz": RECORDING.rate_hz}}
OPTIONS = {
    "architecture": "whisper",
    "compute_type": "float32",
    "features": "log-mel",
    "tokenizer": "tokenizer.json",
    "prompt": ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"],
    "short_context": True,
    "full_frames": 2 * POSITIONS,
    "longest_s": 2.0,  # its encoder has so many places
    "tokens_per_second": 3,
}


def models_root(folder: Path) -> Path:
    """A model folder as the recipes write them."""
    place = folder / "models/asr/tiny/1"
    place.mkdir(parents=True)
    numbers: dict[str, int] = json.loads(DEFINITION)["model"]["vocab"]
    files = whisper_files(folder, sorted(numbers, key=lambda token: numbers[token])) | {"tokenizer.json": DEFINITION}
    for name, data in files.items():
        (place / name).write_bytes(data)
    made = Manifest("tiny", "1", "asr", "ctranslate2", "", 16_000, ["en"], list(files), {}, options=OPTIONS)
    made.write(place)
    return folder / "models"


async def said(service: Running, step: int) -> list[AsrResponse]:
    """What is answered to the recording in pieces of so many samples, but for guesses."""
    answers = await service.ask(CONFIG, cut(RECORDING.data, range(0, len(RECORDING.data), step), 2))
    return [each for each in answers if each.WhichOneof("event") != "transcript" or each.transcript.is_final]


async def test_people_are_heard_alike_whoever_listens_along(tmp_path: Path) -> None:
    """Speech of two people begins, ends and has words in order; company and chunks change no answer."""
    root = models_root(tmp_path)
    async with running("asr", tmp_path, PARLEY_MODELS_ROOT=str(root), PARLEY_MODELS="tiny@1") as service:
        alone = await said(service, 100_000)
        together = await asyncio.gather(*(said(service, step) for step in (700, 1600, 4000, 9999, 16_000, 100_000)))
    kinds = [each.WhichOneof("event") for each in alone]
    assert kinds.count("speech_started") == kinds.count("speech_ended") >= 2
    words = [word for each in alone for word in each.transcript.words]
    edges = [edge.ToTimedelta() for word in words for edge in (word.interval.start, word.interval.end)]
    assert edges == sorted(edges)
    assert edges[-1].total_seconds() <= RECORDING.duration_s
    texts = [each.transcript.text for each in alone if each.transcript.text]
    assert len(texts) >= 2
    assert [[each.transcript.text for each in answers if each.transcript.text] for answers in together] == [texts] * 6
