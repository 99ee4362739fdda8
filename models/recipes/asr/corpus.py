"""The recordings that are learnt from and judged on, who is kept for judging, and what they say. Knows no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.recipes import sound
from models.recipes.sound import held_out

TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class Recording:
    """One file: its corpus and speaker, which part it belongs to, and its words where somebody wrote them down.

    Only what is spelled may be in capitals.
    """

    path: Path
    corpus: str
    speaker: str
    part: str
    text: str = ""


def recordings(folders: Sequence[Path]) -> list[Recording]:
    """Everything in these folders. One that is not known by name is training material without words."""
    return [each for folder in folders for each in READERS.get(folder.name, strangers)(folder)]


def an4_part(speaker: str) -> str:
    """Test speakers are those that every recipe holds out."""
    return TEST if held_out(speaker) else TRAIN


def an4(folder: Path) -> Iterator[Recording]:
    """Spelled names, digits, commands: `file speaker WORDS`."""
    for line in lines(folder / "transcripts.tsv"):
        name, speaker, words = line.split("\t")
        yield Recording(folder / f"{name}.flac", "an4", speaker, an4_part(speaker), words.lower())


def fsdd(folder: Path) -> Iterator[Recording]:
    """Single digits of six people, by telephone."""
    for path in sound.files(folder):
        speaker = path.stem.split("_")[1]
        yield Recording(path, "fsdd", speaker, TEST if speaker == "george" else TRAIN)


def librispeech(folder: Path) -> Iterator[Recording]:
    """Read books, one utterance a speaker, without words."""
    for path in sound.files(folder):
        speaker = sound.speaker(path)
        yield Recording(path, "librispeech", speaker, TEST if held_out(speaker) else TRAIN)


def common_voice(folder: Path) -> Iterator[Recording]:
    """Volunteers at their own microphones; half of the clips are for judging."""
    for line in lines(folder / "text.tsv"):
        name, words = line.split("\t")
        path = folder / name
        yield Recording(path, "common-voice", path.stem, TEST if held_out(path.stem, 0.5) else TRAIN, words)


def ami(folder: Path) -> Iterator[Recording]:
    """Meetings; `solo/` holds pieces where one person speaks. What comes from dev00 and dev01 is for judging."""
    words = dict(line.split("\t") for line in lines(folder / "words.tsv"))
    for path in sound.files(folder):
        kept = "dev" in path.stem
        is_solo = path.parent.name == "solo"
        # A whole meeting is not judged on: several people speak at once in it.
        if is_solo or not kept:
            yield Recording(path, "ami", path.stem, TEST if kept else TRAIN, words.get(path.stem, ""))


def speechocean(folder: Path) -> Iterator[Recording]:
    """Learners of English, children among them: Kaldi's tables, one folder a part."""
    for part in (TRAIN, TEST):
        words = dict(line.split("\t") for line in lines(folder / part / "text"))
        for line in lines(folder / part / "utt2spk"):
            name, speaker = line.split()
            path = folder / "WAVE" / f"SPEAKER{speaker}" / f"{name}.WAV"
            yield Recording(path, "speechocean762", speaker, part, words[name].lower())


def strangers(folder: Path) -> Iterator[Recording]:
    """Your own recordings."""
    for path in sound.files(folder):
        yield Recording(path, folder.name, path.stem, TRAIN)


def lines(path: Path) -> list[str]:
    """The lines of a table."""
    return path.read_text(encoding="utf-8").splitlines()


READERS: dict[str, Callable[[Path], Iterator[Recording]]] = {
    "an4": an4,
    "fsdd": fsdd,
    "librispeech-mini": librispeech,
    "common-voice-mini": common_voice,
    "ami-mini": ami,
    "speechocean762": speechocean,
}
