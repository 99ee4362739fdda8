"""Makes the demo clip: two people over a piece of music; training met neither them nor its instruments.

`python -m models.recipes.separate.nano.demo --data .../common-voice-mini --out examples/over-music.flac`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile

from models.recipes import sound
from models.recipes.separate.nano.pieces import compose
from models.recipes.separate.nano.render import render

SEED, RATIO_DB, PEAK, FADE_S, PAUSE_S = 8, 3.0, 0.7, 1.0, 0.8
SPEECH_DBFS, SCRIPT = -24.0, ("common_voice_en_18846044", "common_voice_en_22959173")


def clip(data: Path) -> sound.Audio:
    """The voices, and the piece that much below them, which fades in and out."""
    pause = np.zeros(round(PAUSE_S * sound.RATE_HZ), np.float32)
    turns = [sound.at_level(sound.read(data / f"{turn}.flac"), SPEECH_DBFS) for turn in SCRIPT]
    voices = np.concatenate([part for turn in turns for part in (pause, turn)] + [pause])
    rng = np.random.default_rng(SEED)
    seconds = len(voices) / sound.RATE_HZ
    (piece,) = render([compose(rng, seconds, held_out=True)], seconds, rng)
    music = sound.at_level(np.resize(piece, len(voices)), 20 * np.log10(sound.rms(voices)) - RATIO_DB)
    fade = np.minimum(1, np.arange(len(music)) / (FADE_S * sound.RATE_HZ))
    both = voices + music * np.minimum(fade, fade[::-1])
    return np.asarray(both * (PEAK / np.abs(both).max()), np.float32)


def main() -> None:
    """Write the clip."""
    parser = argparse.ArgumentParser(prog="models.recipes.separate.nano.demo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder common-voice-mini")
    parser.add_argument("--out", type=Path, required=True, help="the FLAC file")
    asked = parser.parse_args()
    soundfile.write(asked.out, clip(asked.data), sound.RATE_HZ, subtype="PCM_16")


if __name__ == "__main__":
    main()
