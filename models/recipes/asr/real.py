"""Real voices: AN4 and FSDD, with their splits by speaker, and what lies between the words of other corpora."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.recipes import sound
from models.recipes.asr import texts
from models.recipes.asr.alignment import aligned
from models.recipes.asr.bank import Line
from models.recipes.asr.phones import SILENCE, sequence
from models.recipes.asr.speech import Speech, Synthesiser, Voice
from models.recipes.sound import RATE_HZ, Audio

_SPEAKER = Voice("espeak", "gmw/en-US")


def an4(folder: Path, part: str, prompter: Synthesiser) -> Iterator[Line]:
    """The utterances of this part's speakers; a rendering of the same words tells when they are said."""
    for line in (folder / "transcripts.tsv").read_text().splitlines():
        name, speaker, transcript = line.split("\t")
        if an4_part(speaker) == part:
            words = [texts.within(word) for word in transcript.split()]
            audio = sound.read(folder / f"{name}.flac")
            heard = Speech(audio, aligned(audio, prompter.say(words, _SPEAKER)), _phones(words, prompter))
            yield Line(texts.written(words), f"an4:{speaker}", "an4", heard)


def an4_part(speaker: str) -> str:
    """Test speakers are those that every recipe holds out."""
    if sound.held_out(speaker):
        return "test"
    return "dev" if sound.held_out(f"dev {speaker}", 0.06) else "train"


def fsdd(folder: Path, part: str, prompter: Synthesiser) -> Iterator[Line]:
    """Single digits; one speaker is the test, and a twentieth of the others' takes are dev."""
    paths = list(sound.files(folder))
    test = fsdd_test({path.stem.split("_")[1] for path in paths})
    for path in paths:
        digit, speaker, _ = path.stem.split("_")
        mine = "test" if speaker == test else "dev" if sound.held_out(path.stem, 0.05) else "train"
        if mine == part:
            audio, words = sound.read(path), [texts.DIGITS[int(digit)]]
            yield Line(texts.written(words), f"fsdd:{speaker}", "fsdd", _digit(audio, words, prompter))


def fsdd_test(speakers: set[str]) -> str:
    """The speaker whose name hashes lowest."""
    return min(speakers, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def name_of(voice: str) -> str:
    """The speaker's name without the corpus."""
    return voice.partition(":")[2]


def _digit(audio: Audio, words: Sequence[str], prompter: Synthesiser) -> Speech:
    return Speech(audio, [(0.0, len(audio) / RATE_HZ)], _phones(words, prompter))


def _phones(words: Sequence[str], prompter: Synthesiser) -> list[tuple[int, float]]:
    """What should be heard, after a synthesiser; nobody knows when, so every end is zero."""
    spoken = prompter.say(words, _SPEAKER)
    return [(phone, 0.0) for phone in sequence([phone for phone, _ in spoken.phones])] or [(SILENCE, 0.0)]


def backgrounds(folders: Sequence[Path], kept: bool) -> list[Audio]:
    """Pauses of real recordings, at one level: of held-out speakers, or of the others."""
    found = []
    for folder in folders:
        if folder.name.startswith(("common-voice", "an4", "ami")):
            paths = [path for path in sound.files(folder) if sound.held_out(sound.speaker(path)) == kept]
            found += [piece - piece.mean() for path in paths for piece in sound.pauses(sound.read(path), 0.4)]
    return [sound.at_level(piece, -26) for piece in found]


def strangers(folders: Sequence[Path], kept: bool, most: int = 150) -> list[Audio]:
    """People talking, for babble in the background."""
    paths = [path for folder in folders if folder.name.startswith("librispeech") for path in sound.files(folder)]
    mine = [path for path in paths if sound.held_out(sound.speaker(path)) == kept][:most]
    return [sound.at_level(sound.read(path), -26) for path in mine]
