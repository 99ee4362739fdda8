"""The model's manifest and card: `model.toml` and CARD.md, from what export and evaluate found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.recipes.denoise.graph import state_shapes
from models.recipes.denoise.losses import LOST_SPEECH
from models.recipes.denoise.network import HOP, WINDOW, Enhancer
from models.recipes.denoise.train import ROWS, SEED
from models.recipes.provenance import Manifest, describe, listed
from models.recipes.targets import Row, at_least, at_most, table, told

NAME, VERSION = "denoise-nano", "2"
FOLDER = Path(__file__).parents[2] / "embedded" / "denoise" / NAME / VERSION
BARS = ("gtcrn", "dtln")  # enhancers of the same kind: not to be worse than they are is the promise
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

`field`: speakers and recorded noises of corpora that no version was trained or tuned on (English of 40 Mandarin
speakers, a Spanish voice; cafes, streets, machines, weather, animals, music), dry, in rooms, by telephone, through Opus
and MP3, -6 to 18 dB, -46 to -16 dBFS. **This is the row to believe.** What is wanted keeps its room, which does
DeepFilterNet3 wrong: it takes rooms away.

The others: held-out speakers; noise from held-out recordings of the corpora of training (`real`), from generators never
trained on (`unseen`, `blind`), and from familiar generators with other seeds (`familiar`); -5 to 15 dB.

{tables}

Cost on one thread, microseconds a 16 ms frame and stream: {cost}

## How it was made

`make recipe-denoise` reruns it. {steps} steps of {rows} mixtures of three seconds, {minutes} CPU minutes of
one core, seed {seed}, averaged weights. {made}

{data}

The file equals the trained net within {max_error_random:.1e} on random and {max_error_real:.1e} on real
input; frame by frame, blocks of seven and all at once agree within {max_error_portions:.1e}.

## Limits

The `unseen` row is not blind: three trained families (texture, glide, bursts) were added after a first look at
it, and resemble some of its kinds; the kinds of the `blind` row were made afterwards and met by no one before. The
real noise of the `real` row comes from other recordings of the same corpora as in training.

{limits} The output is {hop}
samples late: feed one hop of silence at the end and drop the first hop out. The real part of the mask never
exceeds 1.02, so it adds next to no energy.
"""

MADE = {
    "1": """Loss: magnitudes and complex values of compressed spectra, lost speech weighing 2.5 times left noise, later
1.8 times, and error in dB. Levels -60 to -12 dBFS in 16 bits, simulated rooms, coloured microphones, narrow bands.
After training the last layer was made firmer: gates that open and close for good, a mask a little softer.""",
    "2": f"""It began with the weights of version 1. Loss: magnitudes and complex values of compressed spectra at three
resolutions, lost speech weighing {LOST_SPEECH} times left noise; loudness in critical bands, where added noise is
dearer than lost speech; and error in dB. Levels -60 to -12 dBFS in 16 bits, simulated rooms, coloured microphones,
narrow bands, telephone companding; voices also faster and slower.""",
}
LIMITS = {
    "1": """DNSMOS likes quiet gaps better than kept speech: for its sake the price of lost speech was lowered late in
training, and the gates made firmer, which costs a little PESQ.

The training data is about seventy minutes of English speech and a few minutes of real room noise: on the field
recordings it is no better than smaller nets that heard more noises.""",
    "2": """The training data is about two and a half hours of speech in five languages, four of them by one voice each,
and an hour of recorded noise and music: far microphones and many voices at once are served worse than the rest.""",
}


def document(folder: Path, data: Sequence[Path], made: dict[str, Any]) -> None:
    """Write both anew from what training and export know; nobody has judged these weights yet."""
    training = {"recipe": "models/recipes/denoise", "seed": SEED, "data": describe(data)}
    checked = {key: value for key, value in made.items() if key.startswith("max_error")}
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        stage="denoise",
        backend="onnx",
        license="CC-BY-SA-4.0",
        sample_rate_hz=16000,
        languages=[],
        files=["model.onnx"],
        training=training | {key: made[key] for key in ("steps", "minutes")},
        metrics={"export": checked},
        options=options(),
    )
    manifest.publish(folder, card)


def options() -> dict[str, Any]:
    """How an engine feeds the file: names, shapes without the stream axis, and the delay."""
    states = [{"name": n, "next": f"{n}_next", "shape": s} for n, s in state_shapes(Enhancer()).items()]
    io = {"input": "audio", "output": "enhanced", "states": states}
    return {"hop": HOP, "window": WINDOW, "latency_samples": HOP, **io}


def card(manifest: Manifest) -> str:
    """The text for people."""
    metrics, training = manifest.metrics, manifest.training
    judged = "rows" in metrics
    return TEXT.format(
        name=manifest.name,
        version=manifest.version,
        parameters=sum(p.numel() for p in Enhancer().parameters()),
        rows=ROWS,
        hop=HOP,
        made=MADE[manifest.version],
        limits=LIMITS[manifest.version],
        data="Data:\n\n" + listed(training["data"]),
        tables=table(promises(metrics)) + "\n\n" + tables(metrics["rows"]) if judged else "Not evaluated yet.",
        cost=", ".join(f"{k} {v:g}" for k, v in metrics["cost"].items()) if judged else "not measured yet.",
        **{key: training[key] for key in ("steps", "minutes", "seed")},
        **metrics["export"],
    )


def promises(scores: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at; other enhancers heard the same mixtures."""
    rows, cost = scores["rows"], scores["cost"]
    found = [
        _beside(title, score, rows[group], name)
        for group, name in (("field", "field recordings"), ("all mixtures", "all other mixtures"))
        for score, title in SCORES.items()
        if group in rows and score in rows[group]["ours"]
    ]
    found += [at_least("SI-SDR gain, generated mixtures", 7.5, rows["generated"]["ours"]["gain_db"], " dB")]
    found += [at_least("clean speech, PESQ-WB", 4.0, rows["clean"]["ours"]["pesq_wb"])]
    found += [told(f"SI-SDR gain, {name}", systems["ours"]["gain_db"], " dB") for name, systems in _quiet(rows)]
    if "batch_32_of_gtcrn" in cost:
        found.append(at_most("cost at batch 32, of GTCRN's", 0.1, cost["batch_32_of_gtcrn"], digits=3))
    found.append(at_least("streams a core at 80 % load", 240, cost["streams_per_core_at_80_percent"], digits=0))
    return found


def _quiet(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, systems) for name, systems in rows.items() if name.startswith("quiet")]


def _beside(title: str, score: str, systems: Mapping[str, Mapping[str, float]], mixtures: str) -> Row:
    """At least as good as every other enhancer of its kind on these mixtures."""
    others = {name: found[score] for name, found in systems.items() if name in BARS}
    reached = systems["ours"][score]
    target = ", ".join(f"{name} {value:.3f}" for name, value in others.items())
    return Row(f"{title}, {mixtures}", f">= {target}" if others else "", f"{reached:.3f}", _best(reached, others))


def _best(reached: float, others: Mapping[str, float]) -> bool | None:
    return all(reached >= value for value in others.values()) if others else None


def tables(rows: Mapping[str, Any]) -> str:
    """One table a score."""
    return "\n\n".join(f"{title}:\n\n{score_table(rows, score)}" for score, title in SCORES.items())


def score_table(rows: Mapping[str, Any], score: str) -> str:
    """One score: a line a row of the report, a column a system."""
    systems = list(dict.fromkeys(name for found in rows.values() for name in found))
    if score == "gain_db":
        systems = [s for s in systems if s != "noisy"]
    lines = ["| mixtures | n | " + " | ".join(systems) + " |", "|---" * (len(systems) + 2) + "|"]
    for group, found in rows.items():
        if group == "clean" and score == "gain_db":
            continue
        values = [f"{found[s][score]:.3f}" if score in found.get(s, ()) else "-" for s in systems]
        lines.append(f"| {group} | {found[systems[0]]['count']:g} | " + " | ".join(values) + " |")
    return "\n".join(lines)
