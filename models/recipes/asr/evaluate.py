"""What the exported model is worth beside the original: word errors, silence, long windows, milliseconds.

Asked through the service's own engine, so that what is judged is what is served.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models.recipes import noises, sound
from models.recipes.asr import corpus
from models.recipes.asr.card import OPTIONS, SETS, card, promises
from models.recipes.asr.corpus import TEST
from models.recipes.asr.teacher import FILES
from models.recipes.asr.texts import bare, word_errors
from models.recipes.provenance import Manifest
from models.recipes.sound import RATE_HZ, Audio
from models.recipes.strange_noises import STRANGE
from models.recipes.targets import Row
from parley.engines.model import ModelRef, ModelSpec, read_spec
from services.asr.model.engine import AsrEngine, open_engine
from services.asr.utterance import PendingJob, Utterance

Scores = dict[str, Any]

LONG_S, LONG_PAUSE_S, LONGEST_S = 20.0, 0.4, 28.0
NOBODY_CLIPS = 10  # of each kind
AROUND_S = (0.4, 0.2)  # what the service keeps around speech


@dataclass(frozen=True)
class Take:
    """What somebody said, and its words."""

    audio: Audio
    text: str


@dataclass(frozen=True)
class Engines:
    """One model and the original, in short windows and in full ones."""

    short: AsrEngine
    greedy: AsrEngine
    full: AsrEngine
    original_full: AsrEngine
    original_short: AsrEngine

    @classmethod
    def of(cls, spec: ModelSpec, original: Path) -> Engines:
        """Open all five."""
        first = ModelSpec(ModelRef("tiny.en", "1"), "asr", "ctranslate2", original, files=FILES, options=OPTIONS)
        return cls(
            opened(spec),
            opened(spec, beam=1),
            opened(spec, short_context=False),
            opened(first, short_context=False),
            opened(first),
        )


def opened(spec: ModelSpec, **options: Any) -> AsrEngine:
    """The service's engine with some options changed."""
    engine = open_engine(replace(spec, languages=("en",), options={**spec.options, **options})).model
    assert isinstance(engine, AsrEngine)
    return engine


def evaluate(work: Path, data: Sequence[Path], out: Path, limit: int = 150) -> list[Row]:
    """Score the model in `out` on what training never heard, and write it into the model's manifest."""
    began = time.perf_counter()
    opened(read_spec(out))
    load_ms = 1000 * (time.perf_counter() - began)
    engines, takes = Engines.of(read_spec(out), work / "teacher"), sets(data, limit)
    takes["librispeech"] = worded(engines.original_full, takes["librispeech"])
    report: Scores = {
        "load_ms": round(load_ms, 1),
        "megabytes": round((out / "model.bin").stat().st_size / 1e6, 2),
        "words": {name: errors(engines, takes[name]) for name in SETS},
        "nothing": nothing(engines),
        "long": long_windows(engines, takes["common-voice"] + takes["speechocean762"]),
        "cost": cost(engines, takes["librispeech"]),
    }
    print(json.dumps(report, indent=1), flush=True)
    Manifest.read(out).judged(report).publish(out, partial(card, out))
    return promises(report)


def sets(data: Sequence[Path], limit: int) -> dict[str, list[Take]]:
    """What is kept for judging, by corpus."""
    found: dict[str, list[corpus.Recording]] = defaultdict(list)
    for each in corpus.recordings(data):
        if each.part == TEST and each.corpus in SETS:
            found[each.corpus].append(each)
    some = {name: all_of[:: max(1, len(all_of) // limit)][:limit] for name, all_of in found.items()}
    return {name: [Take(sound.read(each.path), each.text) for each in chosen] for name, chosen in some.items()}


def worded(original: AsrEngine, takes: Sequence[Take]) -> list[Take]:
    """Where nobody wrote the words down, those that the original hears at 30 s are taken for them."""
    texts = transcribe(original, [take.audio for take in takes])
    return [replace(take, text=text) for take, text in zip(takes, texts, strict=True)]


def transcribe(engine: AsrEngine, audios: Sequence[Audio], size: int = 8) -> list[str]:
    """Texts of finals, with what the service keeps around speech."""
    before, after = (round(seconds * RATE_HZ) for seconds in AROUND_S)
    jobs = [PendingJob([Utterance(np.pad(audio, (before, after)))]) for audio in audios]
    return [heard[0].text for at in range(0, len(jobs), size) for heard in engine.run(jobs[at : at + size])]


def errors(engines: Engines, takes: Sequence[Take]) -> Scores:
    """Word error rates, each engine asked the same."""
    rows: Scores = {"utterances": len(takes)}
    for name, engine in vars(engines).items():
        rows[name] = word_error(engine, takes, lambda audio: audio)
    rows["telephone"] = word_error(engines.short, takes, sound.telephone)
    return rows


def word_error(engine: AsrEngine, takes: Sequence[Take], change: Callable[[Audio], Audio]) -> float:
    """Over all words of the set."""
    texts = transcribe(engine, [change(take.audio) for take in takes])
    return round(word_errors([take.text for take in takes], texts), 4)


def nothing(engines: Engines) -> Scores:
    """Clips of 3 to 30 s in which nobody speaks: how many get words. No noise of a kind that was trained on but two."""
    rng = np.random.default_rng(3)
    kinds: dict[str, list[Audio]] = {"silence": [], "white noise": [], "keyboard": [], "fan": [], "music": []}
    makers: dict[str, noises.Noise] = {"white noise": noises.white, "keyboard": noises.keyboard, "fan": noises.fan}
    makers |= {"music": noises.music} | {f"unseen {name}": make for name, make in STRANGE.items()}
    for name in ("silence", *makers):
        counts = [round(rng.uniform(3, 30) * RATE_HZ) for _ in range(NOBODY_CLIPS)]
        kinds[name] = [clip(makers.get(name), count, rng) for count in counts]
    rows: Scores = {}
    for name, audios in kinds.items():
        ours, theirs = (transcribe(engine, audios) for engine in (engines.short, engines.original_full))
        rows[name] = {
            "clips": len(audios),
            "with_words": sum(bool(bare(text)) for text in ours),
            "original_with_words": sum(bool(bare(text)) for text in theirs),
            "said": [text for text in ours if bare(text)][:5],
        }
    return rows


def clip(make: noises.Noise | None, count: int, rng: sound.Random) -> Audio:
    """So many samples of it, at some level."""
    if make is None:
        return np.zeros(count, np.float32)
    return sound.quantised(sound.at_level(make(rng, count), rng.uniform(-50, -16)))


def long_windows(engines: Engines, takes: Sequence[Take]) -> Scores:
    """Utterances one after another, as a file's windows hold them."""
    joined: list[Take] = []
    parts: list[Take] = []
    for take in takes:
        length_s = sum(len(part.audio) for part in [*parts, take]) / RATE_HZ + LONG_PAUSE_S * len(parts)
        if length_s > LONGEST_S:
            joined, parts = [*joined, in_a_row(parts)], []
        parts.append(take)
    long = [take for take in joined if len(take.audio) > LONG_S * RATE_HZ]
    rows: Scores = {"windows": len(long)}
    for name in ("short", "full", "original_full"):
        rows[name] = word_error(getattr(engines, name), long, lambda audio: audio)
    return rows


def in_a_row(takes: Sequence[Take]) -> Take:
    """With pauses between."""
    pause = np.zeros(round(LONG_PAUSE_S * RATE_HZ), np.float32)
    sounds = [part for take in takes for part in (pause, sound.at_level(take.audio, -24))]
    return Take(np.concatenate(sounds[1:]), " ".join(take.text for take in takes))


def cost(engines: Engines, takes: Sequence[Take]) -> Scores:
    """CPU milliseconds of a final of 4 s, features included: in its own window, in a full one, eight together."""
    audios = [np.tile(take.audio, 4)[: 4 * RATE_HZ] for take in takes[:16]]
    rows = {
        "short_ms": spent(engines.short, audios, 1),
        "batch_of_8_ms": spent(engines.short, audios, 8),
        "full_ms": spent(engines.full, audios, 1),
    }
    return {**rows, "share": round(rows["short_ms"] / rows["full_ms"], 3)}


def spent(engine: AsrEngine, audios: Sequence[Audio], size: int) -> float:
    """A busy machine inflates the wall, so it is CPU time; the mean an utterance."""
    began = time.process_time()
    transcribe(engine, audios, size)
    return round(1000 * (time.process_time() - began) / len(audios), 1)
