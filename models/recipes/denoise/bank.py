"""Prepares sound banks: memory-mapped speech, noise and rooms that mixing only has to slice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from models.recipes import noises, sound
from models.recipes.sound import Audio, Random

CLIP = 8 * sound.RATE_HZ
# Longer than what mixing cuts off: what comes round to a clip's beginning is in what is heard and in what is wanted.
ROOM = 9600
HALL_S, HALL_DB = 1.0, 5.0  # how long the largest rooms ring, and how much louder than the voice
LEVEL_DBFS = -26.0
# Below this range a recording teaches the net to keep its noise.
CLEAN_DB = {"common-voice-mini": 48.0}
REAL = ("ami-mini", "common-voice-mini", "librispeech-mini")
REAL_SHARE = 0.3
# Recordings of noise and music alone.
RECORDED = ("blanket", "speech-commands-noise", "opsound-music", "sonic-pi-samples")
CLIPS_A_RECORDING = 24
# Voices played faster or slower are other voices.
SPEEDS = (1.0, 0.87, 1.14)
# Every draw of these is another noise, so more of them are kept.
VARIED = ("coloured", "texture", "glide", "bursts")


def is_clean(path: Path, audio: Audio) -> bool:
    """Whether a recording may be a target."""
    return sound.dynamic_range(audio) >= CLEAN_DB.get(path.parent.name, 33.0) and len(audio) > sound.RATE_HZ


def speech(folders: Sequence[Path], kept: bool) -> Iterator[tuple[Path, Audio]]:
    """Clean utterances at one level: of the held-out speakers, or of the others."""
    for folder in folders:
        if folder.name.startswith(("librispeech", "an4", "common-voice", "asterisk")):
            for path in sound.files(folder):
                audio = sound.read(path) if sound.held_out(sound.speaker(path)) == kept else np.zeros(0, np.float32)
                if len(audio) and is_clean(path, audio):
                    yield path, sound.at_level(audio - audio.mean(), LEVEL_DBFS)


def real_noise(folders: Sequence[Path], kept: bool) -> dict[str, list[Audio]]:
    """What recordings hold between the words, by corpus. Of held-out recordings, or of the others."""
    found: dict[str, list[Audio]] = {}
    for folder in folders:
        if folder.name in REAL:
            paths = [p for p in sound.files(folder) if sound.held_out(sound.speaker(p), REAL_SHARE) == kept]
            found[folder.name] = [levelled for path in paths for levelled in background(path)]
    return {name: pieces for name, pieces in found.items() if pieces}


def background(path: Path) -> list[Audio]:
    """The pauses of one recording, at one level."""
    audio = sound.read(path)
    # Clean studio speech has pauses too, but there is nothing in them to learn from.
    if path.parent.name.startswith("librispeech") and sound.dynamic_range(audio) > 33:
        return []
    return [sound.at_level(piece - piece.mean(), LEVEL_DBFS) for piece in sound.pauses(audio)]


def recordings(folders: Sequence[Path], rng: Random) -> Iterator[tuple[str, Audio]]:
    """Stretches of whole recordings of noise, at many speeds; short sounds at random times among silence."""
    for folder in (folder for folder in folders if folder.name in RECORDED):
        for path in sound.files(folder):
            audio = sound.read(path)
            count = min(CLIPS_A_RECORDING, 2 + len(audio) // sound.RATE_HZ // 4)
            for _ in range(count):
                yield folder.name, stretch(sped(audio, rng.uniform(0.8, 1.25)), rng)


def stretch(audio: Audio, rng: Random) -> Audio:
    """One clip's length of a recording; what is short is repeated with pauses."""
    if len(audio) < CLIP // 2:
        gaps = [np.zeros(int(rng.uniform(0.02, 1.0) * sound.RATE_HZ), np.float32) for _ in range(60)]
        audio = np.concatenate([part for gap in gaps for part in (audio, gap)])
    audio = np.resize(audio, max(len(audio), CLIP + 1))
    start = rng.integers(0, len(audio) - CLIP)
    return audio[start : start + CLIP]


def sped(audio: Audio, speed: float) -> Audio:
    """Faster and higher, or slower and lower."""
    return audio if speed == 1 else np.asarray(soxr.resample(audio, sound.RATE_HZ * speed, sound.RATE_HZ), np.float32)


def babble(voices: Sequence[Audio], rng: Random, samples: int) -> Audio:
    """Three to eight people talking at once, some of them far off."""
    total = np.zeros(samples, np.float32)
    for _ in range(rng.integers(3, 9)):
        voice = voices[int(rng.integers(len(voices)))]
        voice = np.resize(np.roll(voice, rng.integers(len(voice))), samples)
        total += voice * 10 ** (-rng.uniform(0, 8) / 20)
    if rng.random() < 0.5:
        total = np.convolve(total, sound.room(rng, 1600))[:samples].astype(np.float32)
    return total


def prepare(folders: Sequence[Path], work: Path, seed: int = 7) -> Path:
    """Write the banks under `work/bank`; a bank that is there is kept."""
    folder = work / "bank"
    if (folder / "kinds.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    voices = write_speech(folders, folder)
    np.save(folder / "rooms.npy", np.stack(rooms(rng)))
    kinds = write_noise(folder, voices, folders, rng)
    (folder / "kinds.json").write_text(json.dumps(kinds))
    return folder


def rooms(rng: Random) -> list[Audio]:
    """Small ones, and ones in which a voice is far away."""
    small = [sound.room(rng, ROOM) for _ in range(200)]
    return small + [sound.room(rng, ROOM, HALL_S, HALL_DB) for _ in range(200)]


def write_speech(folders: Sequence[Path], folder: Path) -> list[Audio]:
    """One array a corpus; the answer is the longer clips, for babble."""
    by_corpus: dict[str, list[Audio]] = {}
    for path, audio in tqdm(speech(folders, kept=False), desc="speech", mininterval=5):
        by_corpus.setdefault(path.parent.name, []).append(audio)
    for name, clips in by_corpus.items():
        played = [sped(clip, speed) for speed in SPEEDS for clip in clips]
        np.save(folder / f"speech-{name}.npy", np.concatenate(played).astype(np.float16))
    return [clip for clips in by_corpus.values() for clip in clips if len(clip) > 3 * sound.RATE_HZ]


def write_noise(folder: Path, voices: list[Audio], data: Sequence[Path], rng: Random) -> dict[str, list[int]]:
    """One array of clips; the answer says which kind is in which rows."""
    clips: list[NDArray[np.float16]] = []
    kinds: dict[str, list[int]] = {}

    def add(kind: str, audio: Audio) -> None:
        kinds.setdefault(kind, []).append(len(clips))
        clips.append(sound.at_level(audio - audio.mean(), LEVEL_DBFS).astype(np.float16))

    for name, make in tqdm(noises.TRAINED.items(), desc="noise", mininterval=5):
        for _ in range(120 if name in VARIED else 40):
            add(name, make(rng, CLIP))
    for _ in tqdm(range(160), desc="babble", mininterval=5):
        add("babble", babble(voices, rng, CLIP))
    for name, pieces in real_noise(data, kept=False).items():
        for _ in range(40 if name.startswith("librispeech") else 90):
            few = [pieces[int(i)] for i in rng.integers(0, len(pieces), 6)]
            add(f"real:{name}", sound.tile(few, CLIP, rng))
    for name, audio in tqdm(recordings(data, rng), desc="recordings", mininterval=5):
        if sound.rms(audio) > 1e-4:
            add(f"recorded:{name}", audio)
    np.save(folder / "noise.npy", np.stack(clips))
    return kinds
