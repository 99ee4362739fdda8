"""Everything training and evaluation listen to, made once. Shards that are there are kept, so it can be resumed."""

from __future__ import annotations

import itertools
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np
from tqdm import tqdm

from models.recipes import noises, sound, strange_noises
from models.recipes.asr import bank, cast, real, texts, tokens
from models.recipes.asr.bank import Line
from models.recipes.asr.speech import Speech, Voice
from models.recipes.sound import RATE_HZ, Audio

SHARD = 1000
NOISE_S = 8
TESTED = {"everyday": 400, "phrases": 150}


@dataclass(frozen=True)
class Size:
    """How many utterances are synthesised: first those of a few voices, then those of all."""

    everyday: int = 32_000
    phrases: int = 14_000
    digits: int = 6_000
    few: float = 0.2


@dataclass(frozen=True)
class Shard:
    """One file of synthesised speech before it is made; its seed is its name."""

    name: str
    kind: str
    few: bool


def prepare(folders: Sequence[Path], work: Path, size: Size, workers: int = 0, seed: int = 7) -> None:
    """Write `work/bank`, `work/heard` (dev and test) and the tokenizer."""
    work.mkdir(parents=True, exist_ok=True)
    found = texts.everyday(named(folders, "tatoeba"))
    if not (work / "tokenizer.json").exists():
        phrases = _phrases(found["train"], 5_000, Random(seed))
        tokens.train([*phrases, *found["train"][:45_000]], work / "tokenizer.json")
    synthesise(found["train"], work / "bank", size, workers, seed)
    record(folders, work, _troupe(), ("train", "dev", "test"))
    disturb(folders, work, seed)
    prepare_examination(folders, work, seed)


def prepare_examination(folders: Sequence[Path], work: Path, seed: int = 7) -> None:
    """Only what evaluation listens to: a judge needs no hours of training speech."""
    work.mkdir(parents=True, exist_ok=True)
    troupe = cast.Troupe()
    record(folders, work, troupe, ("dev", "test"))
    examine(texts.everyday(named(folders, "tatoeba")), work / "heard", troupe, seed)
    estrange(folders, work, seed)


def named(folders: Sequence[Path], name: str) -> Path:
    """The data folder of this name."""
    matching = [folder for folder in folders if folder.name == name]
    if not matching:
        raise SystemExit(f"--data lacks a folder named {name}.")
    return matching[0]


def _vocabulary(sentences: Sequence[str]) -> list[str]:
    """Words to be spelled; names, in capitals within a sentence, among them."""
    return sorted({word for text in sentences for word in texts.bare(text) if word.isalpha() and len(word) > 2})


def _phrases(sentences: Sequence[str], count: int, rng: Random) -> list[str]:
    endless = texts.Phrases(_vocabulary(sentences), rng).draw()
    return [texts.written(words) for words in itertools.islice(endless, count)]


def synthesise(sentences: Sequence[str], folder: Path, size: Size, workers: int, seed: int) -> None:
    """The trained voices, shard by shard, in as many processes as there are workers."""
    shards = [*_shards("everyday", size.everyday, size.few), *_shards("phrases", size.phrases, size.few)]
    shards += _shards("digits", size.digits, 0.0)
    missing = [shard for shard in shards if not bank.is_written(folder, shard.name)]
    speak = partial(_speak, sentences, folder, seed)
    if not workers:
        for shard in tqdm(missing, desc="speech", mininterval=5):
            speak(shard)
        return
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for _ in tqdm(pool.imap_unordered(speak, missing), desc="speech", total=len(missing), mininterval=5):
            pass


def _shards(kind: str, count: int, few: float) -> list[Shard]:
    total = -(-count // SHARD)
    return [Shard(f"{kind}-{number:03d}", kind, number < few * total) for number in range(total)]


def _speak(sentences: Sequence[str], folder: Path, seed: int, shard: Shard) -> None:
    rng = Random(f"{seed} {shard.name}")
    lines = _lines(sentences, shard.kind, rng)
    bank.write(folder, shard.name, _spoken(iter(lines), shard.kind, _troupe(), rng, shard.few))


def _lines(sentences: Sequence[str], kind: str, rng: Random) -> list[str]:
    if kind == "everyday":
        return rng.sample(sentences, SHARD)
    if kind == "digits":
        return [texts.written([digit]) for digit in rng.choices(texts.DIGITS, k=SHARD)]
    return _phrases(sentences, SHARD, rng)


@cache
def _troupe() -> cast.Troupe:
    """One a process: synthesisers keep global state."""
    return cast.Troupe()


def _spoken(lines: Iterator[str], kind: str, troupe: cast.Troupe, rng: Random, few: bool) -> Iterator[Line]:
    for text in lines:
        voice = cast.choose(rng, few)
        speech = troupe.say(spoken(text, kind), voice)
        if 0.15 < len(speech.audio) / RATE_HZ < 20:
            yield Line(text, f"{voice.engine}:{voice.name}", kind, speech)


def spoken(text: str, kind: str) -> list[str]:
    """What a synthesiser is given: the article in small, so that it is not read as a letter; phrases bare."""
    if kind == "everyday":
        return (text[0].lower() + text[1:] if text.startswith("A ") else text).split()
    return [texts.within(word) if place == 0 else word for place, word in enumerate(text.rstrip(".").split())]


def record(folders: Sequence[Path], work: Path, troupe: cast.Troupe, parts: Sequence[str]) -> None:
    """AN4 and FSDD: the training part into the bank, the others beside it."""
    for name, reader in (("an4", real.an4), ("fsdd", real.fsdd)):
        for part in parts:
            place = work / "bank" if part == "train" else work / "heard"
            shard = name if part == "train" else f"{part}-{name}"
            if not bank.is_written(place, shard):
                bank.write(place, shard, reader(named(folders, name), part, _Prompter(troupe)))


class _Prompter:
    """Knows how words sound; asked the same again and again."""

    def __init__(self, troupe: cast.Troupe) -> None:
        self._troupe, self._known = troupe, dict[str, Speech]()

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak."""
        key = " ".join(words)
        if key not in self._known:
            self._known[key] = self._troupe.say(words, voice)
        return self._known[key]


def examine(found: dict[str, list[str]], folder: Path, troupe: cast.Troupe, seed: int) -> None:
    """Sentences that training never says: in trained voices, and in an engine that it never hears."""
    for part in ("dev", "test"):
        for kind, count in TESTED.items():
            # Phrases of another seed, so that no code or date of training comes back but by chance.
            rng = Random(f"{seed} {part} {kind}")
            lines = found[part][:count] if kind == "everyday" else _phrases(found[part], count, rng)
            _unless_written(folder, f"{part}-{kind}", lambda: _spoken(iter(lines), kind, troupe, rng, False))  # noqa: B023
    unseen = found["test"][TESTED["everyday"] : TESTED["everyday"] + 200]
    _unless_written(folder, "test-unseen", lambda: _unseen(unseen))


def _unless_written(folder: Path, name: str, lines: Callable[[], Iterable[Line]]) -> None:
    if not bank.is_written(folder, name):
        bank.write(folder, name, lines())


def _unseen(lines: Sequence[str]) -> list[Line]:
    from models.recipes.asr.festival import Festival

    speeches = Festival().say_all(lines, cast.UNSEEN)
    voice = f"{cast.UNSEEN.engine}:{cast.UNSEEN.name}"
    return [Line(text, voice, "unseen", speech) for text, speech in zip(lines, speeches, strict=True)]


def disturb(folders: Sequence[Path], work: Path, seed: int) -> None:
    """Noises and rooms for training."""
    if (work / "noise.json").exists():
        return
    rng = np.random.default_rng(seed)
    kinds, clips = _noises(rng, folders)
    np.save(work / "noise.npy", np.stack(clips))
    np.save(work / "rooms.npy", np.stack([sound.room(rng) for _ in range(200)]))
    (work / "noise.json").write_text(json.dumps(kinds))


def estrange(folders: Sequence[Path], work: Path, seed: int) -> None:
    """The noises that only the evaluation hears."""
    if (work / "unseen-music.npy").exists():
        return
    rng = np.random.default_rng([seed, 1])
    unseen = [make(rng, NOISE_S * RATE_HZ) for make in strange_noises.STRANGE.values() for _ in range(4)]
    unseen += [sound.tile(real.backgrounds(folders, kept=True), NOISE_S * RATE_HZ, rng) for _ in range(8)]
    np.save(work / "unseen-noise.npy", np.stack([_stored(clip) for clip in unseen]))
    # Music is made as in training, but other tunes.
    music = [noises.TRAINED["music"](np.random.default_rng([seed, n]), NOISE_S * RATE_HZ) for n in range(16)]
    np.save(work / "unseen-music.npy", np.stack([_stored(clip) for clip in music]))


def _noises(rng: sound.Random, folders: Sequence[Path]) -> tuple[dict[str, list[int]], list[np.ndarray]]:
    """Clips, and which of them are of which kind."""
    samples, kinds, clips = NOISE_S * RATE_HZ, dict[str, list[int]](), list[np.ndarray]()
    pauses, people = real.backgrounds(folders, kept=False), real.strangers(folders, kept=False)
    makers = {name: (lambda make=make: make(rng, samples)) for name, make in noises.TRAINED.items()}
    for name, make in tqdm(makers.items(), desc="noise", mininterval=5):
        kinds[name] = list(range(len(clips), len(clips) + 16))
        clips += [_stored(make()) for _ in range(16)]
    if pauses:
        kinds["real"] = list(range(len(clips), len(clips) + 80))
        clips += [_stored(sound.tile(pauses, samples, rng)) for _ in range(80)]
    if people:
        kinds["babble"] = list(range(len(clips), len(clips) + 60))
        clips += [_stored(_babble(people, rng, samples)) for _ in range(60)]
    return kinds, clips


def _babble(people: Sequence[Audio], rng: sound.Random, samples: int) -> Audio:
    """Four to eight people at once."""
    total = np.zeros(samples, np.float32)
    for _ in range(rng.integers(4, 9)):
        voice = people[int(rng.integers(len(people)))]
        total += np.resize(np.roll(voice, rng.integers(len(voice))), samples)
    return total


def _stored(audio: Audio) -> np.ndarray:
    return (sound.at_level(audio - audio.mean(), -26) * 32767).clip(-32768, 32767).astype(np.int16)
