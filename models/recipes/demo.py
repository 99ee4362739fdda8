"""Makes the demo clip: people take turns at a desk, in a room that is not quiet.

`python -m models.recipes.demo --data .../common-voice-mini --out examples/desk.flac`. The people are Common
Voice's, and no embedded model was trained on them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from models.recipes import noises, sound
from models.recipes.sound import RATE_HZ, Audio

SEED, PAUSE_S, SPEECH_DBFS, NOISE_DBFS = 5, 0.9, -24.0, -42.0
SCRIPT = (
    "common_voice_en_17347411",
    "common_voice_en_18575865",
    "common_voice_en_18349094",
    "common_voice_en_78528",
    "common_voice_en_204777",
)


def spoken(data: Path) -> Iterator[Audio]:
    """Everybody's turn, at one level."""
    for turn in SCRIPT:
        yield sound.at_level(sound.read(data / f"{turn}.flac"), SPEECH_DBFS)


def room(samples: int, rng: sound.Random) -> Audio:
    """A fan, and somebody who types."""
    parts = [sound.at_level(make(rng, samples), NOISE_DBFS) for make in (noises.fan, noises.keyboard)]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def clip(data: Path) -> Audio:
    """The turns with pauses between, in the room."""
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    clean = np.concatenate([part for turn in spoken(data) for part in (pause, turn)] + [pause])
    return np.asarray(np.clip(clean + room(len(clean), np.random.default_rng(SEED)), -1, 1), np.float32)


def main() -> None:
    """Write the clip."""
    parser = argparse.ArgumentParser(prog="models.recipes.demo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder common-voice-mini")
    parser.add_argument("--out", type=Path, required=True, help="the FLAC file")
    arguments = parser.parse_args()
    soundfile.write(arguments.out, clip(arguments.data), RATE_HZ, subtype="PCM_16")


if __name__ == "__main__":
    main()
