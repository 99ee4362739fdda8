"""Plays pieces: MIDI through FluidSynth and its General MIDI sounds. Knows nothing of how they are composed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr

from models.recipes import sound
from models.recipes.separate.nano.midi import Piece, write
from models.recipes.sound import Audio, Random

SOUNDS = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE_HZ = 44100
GAP_S = 3.0  # until one piece has died away before the next


def render(pieces: Sequence[Piece], seconds: float, rng: Random, rate_hz: int = sound.RATE_HZ) -> Iterator[Audio]:
    """Each piece, mono, as one run of the synthesiser plays them after each other."""
    if not SOUNDS.exists():
        raise SystemExit(f"{SOUNDS} is not there; install Debian's fluidsynth and fluid-soundfont-gm.")
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "pieces.wav"
        write(path.with_suffix(".mid"), [(n * (seconds + GAP_S), piece) for n, piece in enumerate(pieces)])
        play(path, rng)
        whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    for n in range(len(pieces)):
        start = round(n * (seconds + GAP_S) * RATE_HZ)
        cut = whole[start : start + round(seconds * RATE_HZ)].mean(1)
        yield np.asarray(soxr.resample(cut, RATE_HZ, rate_hz), np.float32)


def play(path: Path, rng: Random) -> None:
    """Write the sound of the MIDI file beside it."""
    room = [
        f"-o synth.reverb.room-size={rng.uniform(0.1, 0.9):.2f}",
        f"-o synth.reverb.level={rng.uniform(0, 0.9):.2f}",
    ]
    asked = [part for option in room for part in option.split(" ")]
    effects = ["-R", str(int(rng.random() < 0.7)), "-C", str(int(rng.random() < 0.4))]
    command = ["fluidsynth", "-ni", "-q", "-g", "0.3", "-r", str(RATE_HZ), "-T", "wav", "-O", "s16"]
    command += [*effects, *asked, "-F", str(path), str(SOUNDS), str(path.with_suffix(".mid"))]
    subprocess.run(command, check=True, capture_output=True, timeout=1200)
