"""The model's papers: `model.toml` and CARD.md, from what export and evaluate found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.recipes.denoise.graph import state_shapes
from models.recipes.denoise.network import HOP, WINDOW, Enhancer
from models.recipes.denoise.train import ROWS, SEED
from models.recipes.provenance import Manifest, describe, file_hash

NAME, VERSION = "denoise-nano", "1"
FOLDER = Path(__file__).parents[2] / "embedded" / "denoise" / NAME / VERSION
SCORES = {"gain_db": "SI-SDR gain, dB", "pesq_wb": "PESQ-WB", "stoi": "STOI", "dnsmos_ovrl": "DNSMOS OVRL"}

TEXT = """# {name} {version}

A causal speech enhancer for 16 kHz streams: {parameters:,} parameters, one call for any number of streams and
of 16 ms hops, 32 ms of algorithmic latency. It looks at everything relative to a slow level that it carries,
so quiet microphones are cleaned like loud ones.

**For** cleaning calls, dictation and meetings before people or the next stage listen: stationary noise, fans,
keyboards, clicks, hum, household and room noise, some babble.

**Not for** music, removing reverberation, telling a wanted voice from another single voice, or forensic work.
Recognition engines trained on noisy speech may do better on the raw audio: compare before you chain them.

## Numbers

Held-out speakers; noise from held-out recordings, from generators never trained on (`unseen`, `blind`), and from
familiar generators with other seeds (`familiar`); -5 to 15 dB. The targets: at least 7.5 dB on generated
mixtures, every score at or above GTCRN and DTLN on the same mixtures, clean speech at PESQ 4.0 or more, at
batch 32 a tenth of GTCRN's cost.

{tables}

Cost on one thread, microseconds a 16 ms frame and stream: {cost}

## How it was made

`make recipe-denoise` reruns it. {steps} steps of {rows} mixtures of three seconds, {minutes} CPU minutes of
one core, seed {seed}, averaged weights. Loss: magnitudes and complex values of compressed spectra, lost
speech weighing 2.5 times left noise, and error in dB. Levels -60 to -12 dBFS in 16 bits, simulated rooms,
coloured microphones, narrow bands.

{data}

The file equals the trained net within {max_error_random:.1e} on random and {max_error_real:.1e} on real
input; frame by frame, blocks of seven and all at once agree within {max_error_portions:.1e}.

## Limits

The `unseen` row is not blind: three trained families (texture, glide, bursts) were added after a first look at
it, and resemble some of its kinds; the kinds of the `blind` row were made afterwards and met by no one before. The
real noise of the `real` row comes from other recordings of the same corpora as in training.

The training data is about seventy minutes of English speech and a few minutes of real room noise: rare
noises, other languages and far microphones are served worse than these numbers say. The output is {hop}
samples late: feed one hop of silence at the end and drop the first hop out. The real part of the mask never
exceeds 1.02, so it adds next to no energy.
"""


def publish(folder: Path, data: Sequence[Path], work: Path) -> None:
    """Write both papers; before evaluation they carry no metrics."""
    made = json.loads((work / "export.json").read_text())
    judged = judgement(work / "results.json", folder / "model.onnx")
    sources = describe(data)
    training = {"recipe": "models/recipes/denoise", "seed": SEED, "data": sources, **made}
    Manifest(
        name=NAME,
        version=VERSION,
        stage="denoise",
        backend="onnx",
        license="CC-BY-4.0",
        sample_rate_hz=16000,
        languages=[],
        files=["model.onnx"],
        training=training,
        metrics=judged and {"cost": judged["cost"], **flat(judged["rows"])},
        options=options(),
    ).write(folder)
    (folder / "CARD.md").write_text(card(made, judged, sources))


def judgement(results: Path, model: Path) -> dict[str, Any]:
    """What evaluate found, if it was about exactly these weights; an older model's scores are not this one's."""
    found: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
    return found if found.get("model") == file_hash(model) else {}


def options() -> dict[str, Any]:
    """How an engine feeds the file: names, shapes without the stream axis, and the delay."""
    states = [{"name": n, "next": f"{n}_next", "shape": s} for n, s in state_shapes(Enhancer()).items()]
    io = {"input": "audio", "output": "enhanced", "states": states}
    return {"hop": HOP, "window": WINDOW, "latency_samples": HOP, **io}


def flat(rows: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Rows of the report without the single kinds of noise, which the card has."""
    return {group.replace(" ", "_"): systems for group, systems in rows.items() if "/" not in group}


def card(made: dict[str, Any], judged: dict[str, Any], sources: list[dict[str, str]]) -> str:
    """The text for people."""
    lines = [f"- {s['name']} ({s['license']}), sha256 of the folder {s['sha256'][:16]}" for s in sources]
    facts = {"name": NAME, "version": VERSION, "rows": ROWS, "seed": SEED, "hop": HOP, **made}
    facts["parameters"] = sum(p.numel() for p in Enhancer().parameters())
    facts["data"] = "Data:\n" + "\n".join(lines)
    facts["tables"] = tables(judged["rows"]) if judged else "Not evaluated yet."
    facts["cost"] = ", ".join(f"{k} {v:g}" for k, v in judged["cost"].items()) if judged else "not measured yet."
    return TEXT.format(**facts)


def tables(rows: dict[str, dict[str, dict[str, float]]]) -> str:
    """One table a score."""
    return "\n\n".join(f"{title}:\n\n{score_table(rows, score)}" for score, title in SCORES.items())


def score_table(rows: dict[str, dict[str, dict[str, float]]], score: str) -> str:
    """One score: a line a row of the report, a column a system."""
    systems = list(next(iter(rows.values())))
    if score == "gain_db":
        systems = [s for s in systems if s != "noisy"]
    lines = ["| mixtures | n | " + " | ".join(systems) + " |", "|---" * (len(systems) + 2) + "|"]
    for group, found in rows.items():
        if group == "clean" and score == "gain_db":
            continue
        values = [f"{found[s][score]:.3f}" if score in found[s] else "-" for s in systems]
        lines.append(f"| {group} | {found[systems[0]]['count']:g} | " + " | ".join(values) + " |")
    return "\n".join(lines)
