"""The sound bank: shards of 16-bit audio with texts and times, written once, read through a memory map."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.recipes.asr.speech import Speech
from models.recipes.sound import RATE_HZ, Audio

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Take:
    """One utterance as it lies in the bank: `words` are [n, 2] and `phones` [n, 2] (id, end), times in samples."""

    text: str
    voice: str
    kind: str
    samples: NDArray[np.int16]
    words: Ints
    phones: Ints

    @property
    def audio(self) -> Audio:
        """As floats."""
        return np.asarray(self.samples / np.float32(32768), np.float32)


@dataclass(frozen=True)
class Line:
    """What is to be kept of one utterance."""

    text: str
    voice: str
    kind: str
    speech: Speech


def write(folder: Path, name: str, lines: Iterable[Line]) -> None:
    """One shard: audio, then the index, whose presence says that the shard is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    index, at = [], 0
    with (folder / f"{name}.pcm").open("wb") as out:
        for line in lines:
            pcm = (np.clip(line.speech.audio, -1, 1) * 32767).astype(np.int16)
            out.write(pcm.tobytes())
            index.append(_entry(line, at, len(pcm)))
            at += len(pcm)
    beside = folder / f"{name}.tmp"
    beside.write_text("\n".join(map(json.dumps, index)))
    os.replace(beside, folder / f"{name}.jsonl")


def _entry(line: Line, at: int, samples: int) -> dict[str, object]:
    words = [[round(a * RATE_HZ), round(b * RATE_HZ)] for a, b in line.speech.words]
    phones = [[phone, round(until * RATE_HZ)] for phone, until in line.speech.phones]
    head = {"text": line.text, "voice": line.voice, "kind": line.kind}
    return {**head, "at": at, "samples": samples, "words": words, "phones": phones}


def is_written(folder: Path, name: str) -> bool:
    """Whether this shard is whole."""
    return (folder / f"{name}.jsonl").exists()


def read(folder: Path, prefix: str = "") -> list[Take]:
    """Every utterance of the shards whose name starts so, in order."""
    return [take for path in sorted(folder.glob(f"{prefix}*.jsonl")) for take in _shard(path)]


def _shard(path: Path) -> list[Take]:
    lines = path.read_text().splitlines()
    if not lines:
        return []
    audio = np.memmap(path.with_suffix(".pcm"), np.int16, "r")
    return [_take(json.loads(line), audio) for line in lines]


def _take(entry: dict[str, object], audio: NDArray[np.int16]) -> Take:
    at, samples = entry["at"], entry["samples"]
    assert isinstance(at, int)
    assert isinstance(samples, int)
    pairs = [np.array(entry[key], np.int32).reshape(-1, 2) for key in ("words", "phones")]
    head = [str(entry[key]) for key in ("text", "voice", "kind")]
    return Take(head[0], head[1], head[2], audio[at : at + samples], *pairs)  # type: ignore[arg-type]


def seconds(takes: Sequence[Take]) -> float:
    """How much there is."""
    return sum(len(take.samples) for take in takes) / RATE_HZ


def evenly(takes: Sequence[Take], count: int) -> list[Take]:
    """So many of them, spread over the whole list: banks are in order of name."""
    return list(takes[:: max(1, len(takes) // count)])[:count]
