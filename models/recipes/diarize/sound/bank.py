"""Prepares the bank: every training voice and its shifted copies, noises and rooms, memory-mapped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.recipes import noises, sound
from models.recipes.diarize.sound.shifts import shifted, variants
from models.recipes.diarize.sound.speakers import Clips, dense, speakers
from models.recipes.sound import RATE_HZ, Audio, Random

CLIP = 4 * RATE_HZ
ROOM = 3200
LEVEL_DBFS = -26.0
LONGEST_S = 120
REAL = ("ami-mini", "common-voice-mini")
# Draws per kind of noise: those that differ most from draw to draw get more.
DRAWS, MANY = 16, 48
VARIED = ("coloured", "texture", "bursts", "music")

# A teacher hears every voice in cuts this long, this far apart; training cuts there too.
REACH, GRID = 24000, 24000

Sample = NDArray[np.int16]


def prepare(folders: Sequence[Path], work: Path, teacher: Path | None = None) -> Path:
    """Write the bank under `work/bank`, and what a teacher says of its voices; what is there is kept."""
    folder = work / "bank"
    if not (folder / "classes.json").exists():
        fill(folders, folder)
    if teacher and not (folder / "teacher.json").exists():
        teach(folder, teacher)
    return folder


def teach(folder: Path, wheel: Path) -> None:
    """A lesson for each cut of each class, and where it comes from."""
    # Imported late: without a teacher preparing does not wait for torch.
    from models.recipes.diarize.nets.campplus import CamPlusPlus, source
    from models.recipes.diarize.nets.teacher import lessons

    teacher, beside = CamPlusPlus.of(wheel), folder / "lessons.tmp.npy"
    lessons(teacher, all_cuts(folder), cuts_of(folder), beside, teacher.width)
    beside.rename(folder / "lessons.npy")
    (folder / "teacher.json").write_text(json.dumps(source(wheel)))


def all_cuts(folder: Path) -> Iterator[Sample]:
    """Class after class; what is too short goes round."""
    classes = json.loads((folder / "classes.json").read_text())
    voices = np.memmap(folder / "voices.pcm", np.int16, "r")
    for each in tqdm(classes, desc="teacher", mininterval=5):
        voice = voices[each["start"] : each["end"]]
        long = np.resize(voice, max(len(voice), REACH))
        for place in range(places(len(voice))):
            yield long[place * GRID : place * GRID + REACH]


def cuts_of(folder: Path) -> int:
    """How many cuts all classes have."""
    classes = json.loads((folder / "classes.json").read_text())
    return sum(places(each["end"] - each["start"]) for each in classes)


def places(samples: int) -> int:
    """How many cuts a voice of this length has."""
    return max(1, 1 + (samples - REACH) // GRID)


def fill(folders: Sequence[Path], folder: Path, seed: int = 11) -> None:
    """Voices, rooms and noises."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    np.save(folder / "rooms.npy", np.stack([sound.room(rng, ROOM) for _ in range(300)]))
    voices = {f"{corpus}/{name}": clips for corpus, name, clips in speakers(folders, "train")}
    np.save(folder / "noise.npy", np.stack([pcm(clip) for clip in noise_clips(folders, voices, rng)]))
    classes = write_voices(voices, folder / "voices.pcm")
    (folder / "classes.json").write_text(json.dumps(classes))


def write_voices(voices: dict[str, Clips], path: Path) -> list[dict[str, object]]:
    """All classes end to end in one file; the answer says where each begins and ends."""
    classes: list[dict[str, object]] = []
    at = 0
    with path.open("wb") as out:
        for name, clips in tqdm(voices.items(), desc="voices", mininterval=5):
            for speed, formants in variants(name.partition("/")[0]):
                samples = pcm(variant(clips, speed, formants))
                out.write(samples.tobytes())
                entry = {"voice": name, "speed": speed, "formants": formants, "start": at, "end": at + len(samples)}
                classes.append(entry)
                at += len(samples)
    return classes


def variant(clips: Clips, speed: float, formants: float) -> Audio:
    """One voice's speech, shifted, every clip at the same level."""
    levelled = [sound.at_level(clip - clip.mean(), LEVEL_DBFS) for clip in clips]
    return shifted(dense(levelled)[: LONGEST_S * RATE_HZ], speed, formants)


def pcm(audio: Audio) -> Sample:
    """16 bits."""
    return np.asarray(np.round(np.clip(audio, -1, 1) * 32767), np.int16)


def noise_clips(folders: Sequence[Path], voices: dict[str, Clips], rng: Random) -> Iterator[Audio]:
    """Generated noises, babble, and what real rooms hold between the words."""
    for name, make in tqdm(noises.TRAINED.items(), desc="noise", mininterval=5):
        for _ in range(MANY if name in VARIED else DRAWS):
            yield levelled(make(rng, CLIP))
    talk = [np.concatenate(clips) for clips in voices.values() if sum(map(len, clips)) > CLIP]
    for _ in range(96):
        yield levelled(babble(talk, rng))
    for pieces in real_noise(folders):
        for _ in range(48):
            yield levelled(sound.tile([pieces[int(i)] for i in rng.integers(0, len(pieces), 6)], CLIP, rng))


def levelled(audio: Audio) -> Audio:
    """At the level of the voices."""
    return sound.at_level(audio - audio.mean(), LEVEL_DBFS)


def babble(talk: Sequence[Audio], rng: Random) -> Audio:
    """Three to eight people at once."""
    total = np.zeros(CLIP, np.float32)
    for _ in range(rng.integers(3, 9)):
        voice = talk[int(rng.integers(len(talk)))]
        start = int(rng.integers(0, len(voice) - CLIP + 1))
        total += sound.at_level(voice[start : start + CLIP], LEVEL_DBFS) * np.float32(rng.uniform(0.4, 1))
    return total


def real_noise(folders: Sequence[Path]) -> Iterator[Clips]:
    """The pauses of a corpus's training recordings, by corpus."""
    for folder in folders:
        if folder.name in REAL:
            paths = [p for p in sound.files(folder) if not p.stem.startswith("dev") and not sound.held_out(p.stem, 0.3)]
            pieces = [levelled(piece) for path in paths for piece in sound.pauses(sound.read(path))]
            if pieces:
                yield pieces
