"""Who speaks where: every corpus as speakers with their clips, and which speakers are kept from training."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.recipes import sound
from models.recipes.sound import FRAME, RATE_HZ, Audio

TEST_SHARE, HELD_SHARE = 0.15, 0.20
MARGIN = 6
PAUSE = np.zeros(RATE_HZ // 10, np.float32)

Clips = list[Audio]


def split(name: str) -> str:
    """`test`, `dev` or `train`, by the name alone; the test speakers are those other recipes keep too."""
    if sound.held_out(name, TEST_SHARE):
        return "test"
    return "dev" if sound.held_out(name, HELD_SHARE) else "train"


def speakers(folders: Sequence[Path], part: str) -> Iterator[tuple[str, str, Clips]]:
    """Corpus, speaker and what the speaker says, without the silence around it."""
    for folder in folders:
        found = meetings(folder, part) if any(folder.glob("*.rttm")) else recordings(folder, part)
        for name, clips in found.items():
            kept = [cut for cut in map(trimmed, clips) if len(cut) > RATE_HZ // 5]
            if sum(map(len, kept)) > RATE_HZ:
                yield folder.name, name, kept


def recordings(folder: Path, part: str) -> dict[str, Clips]:
    """A corpus of one speaker a file."""
    found: dict[str, Clips] = {}
    for path in sound.files(folder):
        name = named(path)
        if split(name) == part:
            found.setdefault(name, []).append(sound.read(path))
    return found


def named(path: Path) -> str:
    """Whose file this is. Spoken digits say it in the second place, speechocean762 by its folders."""
    if path.parent.name.startswith("SPEAKER"):
        return path.parent.name
    return path.stem.split("_")[1] if path.parent.name == "fsdd" else sound.speaker(path)


def meetings(folder: Path, part: str) -> dict[str, Clips]:
    """A corpus of meetings: the stretches where one person alone speaks, of the training meetings."""
    found: dict[str, Clips] = {}
    for path in sorted(folder.glob("trn*.wav")):
        audio, turns = sound.read(path), read_rttm(folder / "train.rttm", path.stem)
        for name, start, end in alone(turns):
            if split(name) == part:
                found.setdefault(name, []).append(audio[int(start * RATE_HZ) : int(end * RATE_HZ)])
    return found


Turn = tuple[str, float, float]


def read_rttm(path: Path, recording: str) -> list[Turn]:
    """The turns of one recording: speaker, start and end in seconds."""
    rows = [line.split() for line in path.read_text().splitlines()]
    return [(r[7], float(r[3]), float(r[3]) + float(r[4])) for r in rows if r[0] == "SPEAKER" and r[1] == recording]


def alone(turns: Sequence[Turn], least_s: float = 0.6) -> Iterator[Turn]:
    """The stretches during which exactly one person speaks."""
    edges = sorted({edge for _, start, end in turns for edge in (start, end)})
    for start, end in itertools.pairwise(edges):
        speaking = {name for name, a, b in turns if a < end and b > start}
        if len(speaking) == 1 and end - start >= least_s:
            yield speaking.pop(), start, end


def voiced(audio: Audio, margin: int = MARGIN) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each 20 ms holds speech, judged by level, with a margin on both sides."""
    levels = sound.frame_levels(audio)
    if not len(levels):
        return np.zeros(0, bool)
    floor, top = np.percentile(levels, [10, 95])
    loud = levels > max(top - 32, min(floor + 0.35 * (top - floor), top - 12))
    return np.convolve(loud, np.ones(2 * margin + 1))[margin : margin + len(loud)] > 0


def trimmed(audio: Audio) -> Audio:
    """From the first speech to the last."""
    at = np.flatnonzero(voiced(audio))
    return audio[at[0] * FRAME : (at[-1] + 1) * FRAME] if len(at) else audio[:0]


def dense(clips: Clips) -> Audio:
    """All of a speaker's speech with the long pauses taken out."""
    parts: Clips = []
    for clip in clips:
        keep = np.repeat(voiced(clip), FRAME)
        parts += [clip[: len(keep)][keep], PAUSE[: 320 if len(clip) > RATE_HZ else len(PAUSE)]]
    return np.concatenate(parts)
