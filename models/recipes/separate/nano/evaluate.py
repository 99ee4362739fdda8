"""Judges the exported file beside denoise-nano and Spleeter on the same mixtures, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soxr
from pesq import NoUtterancesError, pesq
from tqdm import tqdm

from models.recipes import sound, steps
from models.recipes.denoise import runner
from models.recipes.denoise.cost import fastest_us, feeder
from models.recipes.denoise.metrics import si_sdr
from models.recipes.denoise.mixtures import Mixture
from models.recipes.denoise.network import HOP
from models.recipes.provenance import Manifest
from models.recipes.separate.nano.card import card, promises
from models.recipes.separate.nano.mixtures import examination
from models.recipes.separate.nano.words import word_errors
from models.recipes.sound import RATE_HZ, Audio
from models.recipes.targets import Row
from parley.engines.model import read_spec
from services.separate.engine import open_engine

EMBEDDED = steps.EMBEDDED
DENOISE = EMBEDDED / "denoise" / "denoise-nano" / "2"
SPLEETER = EMBEDDED / "separate" / "spleeter-2stems" / "1"
BATCH, ROUNDS = 32, 15
Voice = Callable[[Audio], Audio]
Scores = dict[str, float]


def evaluate(data: Sequence[Path], work: Path, folder: Path) -> list[Row]:
    """Judge, print, and write it into the model's manifest and card."""
    systems = {"ours": runner.ours(folder), "denoise-nano@2": runner.ours(DENOISE), "spleeter-2stems@1": spleeter()}
    exam = list(examination(data))
    rows = {name: table([score(m, voice) for m in tqdm(exam, desc=name)], exam) for name, voice in systems.items()}
    report = {"rows": rows, "words": word_errors(data, systems), "cost": cost(folder)}
    (work / "scores.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))
    Manifest.read(folder).judged(report).publish(folder, card)
    return promises(report)


def spleeter() -> Voice:
    """The one for whole recordings, which hears all of a mixture at once, both ways, at its own rate."""
    spec = read_spec(SPLEETER)
    engine, rate_hz = open_engine(spec).model, spec.sample_rate_hz

    def voice(mix: Audio) -> Audio:
        wide = np.asarray(soxr.resample(mix, RATE_HZ, rate_hz), np.float32)
        (found,) = engine.run([np.repeat(wide[:, None], 2, axis=1)])
        out = np.asarray(soxr.resample(found.mean(1), rate_hz, RATE_HZ), np.float32)
        return np.pad(out, (0, max(0, len(mix) - len(out))))[: len(mix)]

    return voice


def score(mixture: Mixture, voice: Voice) -> Scores:
    """Both tracks against their originals, and whether they are the whole."""
    mix, right = mixture.noisy, mixture.clean
    found = voice(mix)
    if mixture.row == "clean":
        return {"si_sdr_db": si_sdr(found, right), **heard(found, right)}
    rest, right_rest = mix - found, mix - right
    sent = sound.quantised(found) + sound.quantised(rest)  # as a service gives them
    return {
        "voice_gain_db": si_sdr(found, right) - si_sdr(mix, right),
        "rest_gain_db": si_sdr(rest, right_rest) - si_sdr(mix, right_rest),
        "consistency_db": float(10 * np.log10(np.sum(mix**2) / (np.sum((mix - sent) ** 2) + 1e-12))),
        **heard(found, right),
    }


def heard(found: Audio, right: Audio) -> Scores:
    """PESQ, where there is an utterance."""
    try:
        return {"pesq_wb": float(pesq(RATE_HZ, right, found, "wb"))}
    except NoUtterancesError:
        return {}


def table(scores: Sequence[Scores], exam: Sequence[Mixture]) -> dict[str, Scores]:
    """Means by row."""
    groups: dict[str, list[Scores]] = {}
    for mixture, one in zip(exam, scores, strict=True):
        groups.setdefault(mixture.row, []).append(one)
    return {row: means(found) for row, found in groups.items()}


def means(found: Sequence[Scores]) -> Scores:
    """Of each score, how many there were, and the worst tenth of the voice's gain."""
    names = sorted({name for one in found for name in one})
    values = {name: [one[name] for one in found if name in one] for name in names}
    tenth = (
        {"voice_gain_p10_db": float(np.percentile(values["voice_gain_db"], 10))} if "voice_gain_db" in values else {}
    )
    rounded = {name: round(float(np.mean(each)), 3) for name, each in values.items()}
    return {**rounded, **{name: round(value, 3) for name, value in tenth.items()}, "count": float(len(found))}


def cost(folder: Path) -> Scores:
    """Microseconds a hop and stream, beside denoise-nano; in turns, so that whatever else runs slows both alike."""
    calls = {f"{name}_{n}": feeder(path / "model.onnx", n) for name, path in _costed(folder) for n in (1, BATCH)}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            times[name].append(fastest_us(call))
    us = {name: float(np.median(each)) / int(name.rpartition("_")[2]) for name, each in times.items()}
    hop_us = 0.8 * HOP / RATE_HZ * 1e6
    streams = {f"{name}_streams_a_core": float(int(hop_us / us[f"{name}_{BATCH}"])) for name, _ in _costed(folder)}
    return {f"{name}_us": round(value, 1) for name, value in us.items()} | streams


def _costed(folder: Path) -> Sequence[tuple[str, Path]]:
    return (("ours", folder), ("denoise", DENOISE))
