"""Conversations made from held-out voices, with who speaks when."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.recipes import noises, sound
from models.recipes.diarize.sound.codecs import line
from models.recipes.diarize.sound.speakers import Clips, Turn, read_rttm, speakers, voiced
from models.recipes.diarize.sound.trials import CORPORA
from models.recipes.sound import FRAME, RATE_HZ, Audio, Random

LONGEST_S = 75.0
PAUSE_S = 0.3
LEVEL_DBFS = -26.0
BACKGROUNDS = ("pink", "coloured", "fan", "hum")

# Something somebody says, and the stretches of it that are speech.
Saying = tuple[Audio, list[tuple[float, float]]]


@dataclass(frozen=True)
class Conversation:
    """Sound and the truth about it."""

    name: str
    audio: Audio
    turns: Sequence[Turn]


def conversations(folders: Sequence[Path], part: str, count: int, condition: str) -> list[Conversation]:
    """Two, three and four people of one corpus in turn, clean or over a telephone."""
    known: dict[str, list[tuple[str, Clips]]] = {}
    for corpus, name, clips in speakers(folders, part):
        if corpus in CORPORA and sum(map(len, clips)) > 9 * RATE_HZ:
            known.setdefault(corpus, []).append((name, clips))
    made = []
    for i in range(count):
        people = known[sorted(known)[i % len(known)]]
        rng = np.random.default_rng([zlib.crc32(part.encode()), i])
        few = rng.choice(len(people), min(2 + i // len(known) % 3, len(people)), replace=False)
        audio, turns = conversation([people[int(j)] for j in few], rng)
        audio = line(audio, rng) if condition == "telephone" else audio
        made.append(Conversation(f"{part} {i} {condition}", sound.quantised(sound.at_level(audio, LEVEL_DBFS)), turns))
    return made


def meetings(folders: Sequence[Path]) -> list[Conversation]:
    """The development meetings, as they were recorded."""
    return [
        Conversation(path.stem, sound.read(path), read_rttm(folder / "dev.rttm", path.stem))
        for folder in folders
        for path in sorted(folder.glob("dev*.wav"))
    ]


def conversation(people: Sequence[tuple[str, Clips]], rng: Random) -> tuple[Audio, list[Turn]]:
    """People taking turns, now and then too early, in one room with one background."""
    waiting = {name: sayings(clips, rng) for name, clips in people}
    gains = {name: 10 ** (rng.uniform(-3, 3) / 20) for name, _ in people}
    rooms = {name: sound.room(rng) if rng.random() < 0.7 else np.ones(1, np.float32) for name, _ in people}
    out = np.zeros(int((LONGEST_S + 10) * RATE_HZ), np.float32)
    turns: list[Turn] = []
    end, last = 0.3, ""
    while end < LONGEST_S and (name := following(waiting, last, rng)):
        audio, stretches = waiting[name].pop()
        start = max(0.1, end + (-rng.uniform(0.2, 1.0) if last and rng.random() < 0.2 else rng.uniform(0.1, 0.8)))
        heard = np.convolve(audio, rooms[name])[: len(audio)] * np.float32(gains[name])
        at = int(start * RATE_HZ)
        out[at : at + len(heard)] += heard[: len(out) - at]
        turns += [(name, start + a, start + b) for a, b in stretches]
        end, last = start + len(audio) / RATE_HZ, name
    return background(out[: int((end + 0.3) * RATE_HZ)], rng), turns


def following(waiting: dict[str, list[Saying]], last: str, rng: Random) -> str:
    """Who speaks next: mostly somebody else; nobody when the others have nothing left to say."""
    others = [name for name, left in waiting.items() if left and name != last]
    if not others:
        return ""
    same = bool(last and waiting[last] and rng.random() < 0.15)
    return last if same else others[int(rng.integers(len(others)))]


def sayings(clips: Clips, rng: Random) -> list[Saying]:
    """What a person says in portions of a second to six, cut at pauses; in random order."""
    found: list[Saying] = []
    for clip in clips:
        level = sound.at_level(clip - clip.mean(), LEVEL_DBFS)
        group: list[tuple[float, float]] = []
        for start, end in stretches(level):
            if group and end - group[0][0] > rng.uniform(1.5, 6):
                found.append(portion(level, group))
                group = []
            group.append((start, end))
        found += [portion(level, group)] if group else []
    found = [saying for saying in found if len(saying[0]) > 0.5 * RATE_HZ]
    return [found[int(i)] for i in rng.permutation(len(found))]


def portion(audio: Audio, group: list[tuple[float, float]]) -> Saying:
    """The piece of a recording that holds these stretches, and them relative to it."""
    first = group[0][0]
    return audio[int(first * RATE_HZ) : int(group[-1][1] * RATE_HZ)], [(a - first, b - first) for a, b in group]


def stretches(audio: Audio) -> list[tuple[float, float]]:
    """Where there is speech, short pauses included."""
    speech = np.concatenate([[False], voiced(audio, margin=2), [False]])
    edges = np.flatnonzero(np.diff(speech.astype(int))) * FRAME / RATE_HZ
    found: list[tuple[float, float]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] < PAUSE_S:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def background(audio: Audio, rng: Random) -> Audio:
    """A quiet noise under everything."""
    noise = noises.TRAINED[BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))]](rng, len(audio))
    dbfs = 20 * np.log10(sound.rms(audio)) - rng.uniform(20, 35)
    return audio + sound.at_level(noise - noise.mean(), dbfs)
