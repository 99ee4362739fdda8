"""What the exported model is worth: word errors, digits, silence, long windows, word times, milliseconds."""

from __future__ import annotations

import importlib
import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from models.recipes import sound
from models.recipes.asr import bank
from models.recipes.asr.bank import Take, evenly
from models.recipes.asr.card import card, promises
from models.recipes.asr.engine import Engine, Heard
from models.recipes.asr.texts import bare
from models.recipes.asr.timing import start_errors
from models.recipes.asr.wer import word_errors
from models.recipes.provenance import Manifest
from models.recipes.sound import RATE_HZ, Audio
from models.recipes.targets import Row

Scores = dict[str, Any]

SETS = ("an4", "fsdd", "everyday", "phrases", "unseen")
PADDED = 60  # utterances of each set that are also tried with thirty seconds of padding
LONG_S = 25.0


def evaluate(work: Path, out: Path, limit: int = 1000) -> list[Row]:
    """Score the model in `out` on what training never heard, and write it into the model's papers."""
    began = time.perf_counter()
    engine = Engine(out)
    load_ms = 1000 * (time.perf_counter() - began)
    papers = Manifest.read(out)
    sets = {name: evenly(bank.read(work / "heard", f"test-{name}"), limit) for name in SETS}
    report: Scores = {
        "load_ms": round(load_ms, 1),
        "megabytes": round((out / "model.bin").stat().st_size / 1e6, 2),
        "words": {name: errors(engine, takes) for name, takes in sets.items()},
        "digits": digits(engine, sets["fsdd"]),
        "nothing": nothing(engine, {name: np.load(work / f"unseen-{name}.npy") for name in ("noise", "music")}),
        "long": long_windows(engine, sets["everyday"]),
        "times": times(engine, sets["everyday"][:200], papers.options["alignment_median"]),
        "latency": latency(engine, sets["everyday"][:100]),
        "stock": stock(out, sets) if importlib.util.find_spec("faster_whisper") else {},
    }
    print(json.dumps(report, indent=1), flush=True)
    papers.judged(report).publish(out, partial(card, out))
    return promises(report)


def quietly(audio: Audio) -> Audio:
    """With the little silence around it that an endpointer leaves."""
    return np.pad(audio, (int(0.2 * RATE_HZ), int(0.3 * RATE_HZ)))


def errors(engine: Engine, takes: Sequence[Take]) -> Scores:
    """Word error rates: short context, the same padded (on some), through a telephone, and quietly."""
    some = evenly(takes, PADDED)
    return {
        "utterances": len(takes),
        "wer": word_error(engine, takes, quietly),
        "padded_utterances": len(some),
        "padded_wer": word_error(engine, some, quietly, padded=True),
        "short_wer_of_those": word_error(engine, some, quietly),
        "telephone_wer": word_error(engine, takes, lambda audio: quietly(sound.telephone(audio))),
        "quiet_wer": word_error(engine, takes, lambda audio: sound.quantised(sound.at_level(quietly(audio), -50))),
    }


def word_error(engine: Engine, takes: Sequence[Take], change: Callable[[Audio], Audio], padded: bool = False) -> float:
    """Over all words of the set."""
    said = engine.transcribe([change(take.audio) for take in takes], padded)
    return round(word_errors([take.text for take in takes], [each.text for each in said]), 4)


def digits(engine: Engine, takes: Sequence[Take]) -> Scores:
    """The share of single digits that come out as just that digit; `oh` is a zero."""
    said = engine.transcribe([quietly(take.audio) for take in takes])
    pairs = list(zip(takes, said, strict=True))
    right = [bare(take.text) == ["zero" if word in ("oh", "o") else word for word in bare(h.text)] for take, h in pairs]
    missed: dict[str, int] = {}
    for (take, heard), fine in zip(pairs, right, strict=True):
        if not fine:
            key = f"{bare(take.text)[0]} -> {' '.join(bare(heard.text))}"
            missed[key] = missed.get(key, 0) + 1
    frequent = dict(sorted(missed.items(), key=lambda item: -item[1])[:8])
    return {"digits": len(takes), "right": round(float(np.mean(right)), 4), "missed": frequent}


def nothing(engine: Engine, clips: dict[str, np.ndarray]) -> Scores:
    """Windows in which nobody speaks: how many get words."""
    rng = np.random.default_rng(3)
    silences = [np.zeros(int(s * RATE_HZ), np.float32) for s in (0.5, 1, 2, 4, 8, 15, 25)]
    faint = [np.asarray(1e-4 * rng.standard_normal(len(each)), np.float32) for each in silences]
    kinds = {"silence": silences + faint}
    for name, stored in clips.items():
        loud = [sound.at_level(clip / np.float32(32768), float(rng.uniform(-50, -16))) for clip in stored]
        kinds[name] = [clip[: int(rng.uniform(1, 8) * RATE_HZ)] for clip in loud]
    rows: Scores = {}
    for name, audios in kinds.items():
        said = engine.transcribe(audios) + engine.transcribe(evenly_audio(audios, 12), padded=True)
        rows[name] = {"windows": len(said), "with_words": sum(bool(bare(heard.text)) for heard in said)}
        rows[name]["with_words_where_speech_is_likelier"] = sum(_believed(heard) for heard in said)
        rows[name]["said"] = [heard.text for heard in said if bare(heard.text)][:8]
    return rows


def _believed(heard: Heard) -> bool:
    return bool(bare(heard.text)) and heard.no_speech < 0.5


def evenly_audio(audios: Sequence[Audio], count: int) -> list[Audio]:
    """So many of them."""
    return list(audios[:: max(1, len(audios) // count)])[:count]


def long_windows(engine: Engine, takes: Sequence[Take]) -> Scores:
    """Utterances one after another up to twenty-five seconds, as they come after a long breathless speaker."""
    texts: list[str] = []
    audios: list[Audio] = []
    at = 0
    while at < len(takes) and len(texts) < 30:
        parts: list[Take] = []
        length_s = 0.3
        while at < len(takes) and length_s + len(takes[at].samples) / RATE_HZ + 0.4 < LONG_S:
            length_s += len(takes[at].samples) / RATE_HZ + 0.4
            parts.append(takes[at])
            at += 1
        texts.append(" ".join(part.text for part in parts))
        levelled = [np.pad(sound.at_level(part.audio, -24), (0, int(0.4 * RATE_HZ))) for part in parts]
        audios.append(np.pad(np.concatenate(levelled), (4000, 0)))
        at += not parts
    said = engine.transcribe(audios, size=4)
    mean_s = sum(map(len, audios)) / RATE_HZ / max(1, len(audios))
    wer = word_errors(texts, [heard.text for heard in said])
    return {"windows": len(texts), "mean_s": round(mean_s, 1), "wer": round(wer, 4)}


def times(engine: Engine, takes: Sequence[Take], median: int) -> Scores:
    """Errors of the words' starts against the synthesiser's own times."""
    rows = {}
    some = evenly(takes, PADDED)
    for name, chosen, padded in (("short", takes, False), ("padded", some, True)):
        found = 1000 * start_errors(engine, chosen, padded, median)
        quantiles = np.percentile(found, [50, 90]) if len(found) else [0, 0]
        rows[name] = {"words": len(found), "median_ms": round(quantiles[0], 1), "p90_ms": round(quantiles[1], 1)}
    return rows


def latency(engine: Engine, takes: Sequence[Take]) -> Scores:
    """One utterance after another on one thread, features included, in CPU time: a busy machine inflates the wall."""
    spent: dict[str, list[float]] = {"short": [], "padded": []}
    for name, chosen in (("short", takes), ("padded", takes[:20])):
        for take in chosen:
            began = time.process_time()
            engine.transcribe([quietly(take.audio)], padded=name == "padded")
            spent[name].append(1000 * (time.process_time() - began))
    rows: Scores = {f"{name}_p50_ms": round(float(np.median(values)), 1) for name, values in spent.items()}
    audios = [quietly(take.audio) for take in takes]
    began = time.process_time()
    engine.transcribe(audios, size=8)
    rows["utterances_per_cpu_second_batch_8"] = round(len(audios) / (time.process_time() - began), 1)
    return rows


def stock(out: Path, sets: dict[str, list[Take]]) -> Scores:
    """The unchanged faster-whisper with its defaults: stamps, padding, and word times."""
    library = importlib.import_module("faster_whisper")
    model = library.WhisperModel(str(out), device="cpu", compute_type="int8", cpu_threads=1)
    rows: Scores = {}
    for name in ("an4", "everyday"):
        takes = evenly(sets[name], 30)
        said = []
        for take in takes:
            segments = list(model.transcribe(quietly(take.audio), beam_size=2, word_timestamps=True)[0])
            said.append(" ".join(segment.text for segment in segments))
        rows[name] = {"utterances": len(takes), "wer": round(word_errors([t.text for t in takes], said), 4)}
    return rows
