"""What Whisper understands of a voice in music, before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.recipes import sound, steps
from models.recipes.asr import texts
from models.recipes.asr.corpus import READERS
from models.recipes.separate.nano.mixtures import mixture, music
from models.recipes.sound import Audio, held_out
from parley.engines.model import read_spec
from parley.engines.protocols import Engine
from services.asr.model.engine import open_engine
from services.asr.utterance import PendingJob, Recognition, Utterance

WHISPER = steps.EMBEDDED / "asr" / "whisper-tiny.en-live" / "1"
MOST = {"an4": 40, "common-voice-mini": 20, "librispeech-mini": 30}
LONGEST_S, PAD_S = 12.0, 0.3


def word_errors(data: Sequence[Path], systems: Mapping[str, Callable[[Audio], Audio]]) -> dict[str, float]:
    """Word error rates at 0 dB: of the mix, of each system's voice, and of the clean voice."""
    engine = open_engine(read_spec(WHISPER)).model
    takes = [take for folder in data if folder.name in MOST for take in spoken(folder)]
    pieces = music()
    mixes = [mixture("words", str(n), voice, pieces[n % len(pieces)], 0.0) for n, (voice, _) in enumerate(takes)]
    clean = transcribed(engine, [voice for voice, _ in takes])
    # Where nobody wrote the words down, those of the clean voice are taken for them.
    wanted = [text or heard for (_, text), heard in zip(takes, clean, strict=True)]
    rates = {"clean": texts.word_errors(wanted, clean)}
    rates["mix"] = texts.word_errors(wanted, transcribed(engine, [m.noisy for m in mixes]))
    for name, voice in systems.items():
        rates[name] = texts.word_errors(wanted, transcribed(engine, [voice(m.noisy) for m in mixes]))
    return {name: round(rate, 4) for name, rate in rates.items()} | {"utterances": float(len(takes))}


def spoken(folder: Path) -> list[tuple[Audio, str]]:
    """Of held-out speakers: the sound and the words, where they are known."""
    kept = [each for each in READERS[folder.name](folder) if held_out(sound.speaker(each.path))]
    some = kept[:: max(1, len(kept) // MOST[folder.name])][: MOST[folder.name]]
    return [(sound.at_level(sound.read(each.path)[: int(LONGEST_S * sound.RATE_HZ)], -26), each.text) for each in some]


def transcribed(engine: Engine[PendingJob, list[Recognition]], audios: Sequence[Audio], size: int = 8) -> list[str]:
    """Texts of finals."""
    around = round(PAD_S * sound.RATE_HZ)
    jobs = [PendingJob([Utterance(np.pad(audio, around))]) for audio in audios]
    return [answer[0].text for at in range(0, len(jobs), size) for answer in engine.run(jobs[at : at + size])]
