"""Judges the exported file against noisy input and other enhancers on the same mixtures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.recipes.denoise import runner
from models.recipes.denoise.card import FOLDER, card, promises
from models.recipes.denoise.cost import cost
from models.recipes.denoise.metrics import Metrics, si_sdr
from models.recipes.denoise.mixtures import Mixture, examination
from models.recipes.denoise.runner import Enhance
from models.recipes.provenance import Manifest
from models.recipes.targets import Row

GENERATED = ("familiar", "unseen", "blind")
Scores = dict[str, float]
Results = dict[str, dict[str, Scores]]


def evaluate(data: Sequence[Path], work: Path, references: Path | None, out: Path | None) -> list[Row]:
    """Judge, print, and write it into the model's manifest."""
    folder = out or FOLDER
    systems = contenders(folder, references)
    exam = list(examination(data))
    metrics = Metrics(references)
    scored = {name: score(name, enhance, exam, metrics, work) for name, enhance in systems.items()}
    rows = table(exam, scored)
    show(rows)
    report = {"rows": rows, "cost": cost(folder / "model.onnx", references)}
    print(json.dumps(report["cost"]))
    Manifest.read(folder).judged(report).publish(folder, card)
    return promises(report)


def contenders(folder: Path, references: Path | None) -> dict[str, Enhance]:
    """Who is compared."""
    systems: dict[str, Enhance] = {"noisy": lambda audio: audio, "ours": runner.ours(folder / "model.onnx")}
    if references:
        systems |= {"gtcrn": runner.gtcrn(references), "dtln": runner.dtln(references)}
    return systems


def score(name: str, enhance: Enhance, exam: list[Mixture], metrics: Metrics, work: Path) -> dict[str, Scores]:
    """Scores by mixture. What does not change from run to run is kept in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    kept = work / f"scores-{name}.json"
    known: dict[str, Scores] = json.loads(kept.read_text()) if kept.exists() and name != "ours" else {}
    for mixture in tqdm(exam, desc=name, mininterval=10):
        if mixture.key not in known:
            before = si_sdr(mixture.noisy, mixture.clean)
            known[mixture.key] = metrics(enhance(mixture.noisy), mixture.clean, mixture.gain)
            known[mixture.key]["gain_db"] = known[mixture.key]["si_sdr_db"] - before
    kept.write_text(json.dumps(known))
    return known


def table(exam: list[Mixture], scored: dict[str, dict[str, Scores]]) -> Results:
    """Means by row of the report and system; also by kind of noise, and over groups of rows."""
    groups: dict[str, list[Mixture]] = {}
    for mixture in exam:
        names = [mixture.row, f"{mixture.row}/{mixture.kind}"] if mixture.row != "clean" else ["clean"]
        if mixture.row in (*GENERATED, "real"):
            names.append("all mixtures")
        if mixture.row in GENERATED:
            names.append("generated")
        for name in names if not mixture.row.startswith("quiet") else names[:1]:
            groups.setdefault(name, []).append(mixture)
    return {
        group: {s: means([known[m.key] for m in found]) for s, known in scored.items()}
        for group, found in groups.items()
    }


def means(scores: list[Scores]) -> Scores:
    """Mean of each score and how many there were."""
    names = {name for one in scores for name in one}
    found = {name: float(np.mean([one[name] for one in scores if name in one])) for name in sorted(names)}
    return {name: round(value, 4) for name, value in found.items()} | {"count": float(len(scores))}


def show(rows: Results) -> None:
    """Print the report."""
    for group, systems in rows.items():
        for system, s in systems.items():
            picked = [f"{name} {s[name]:7.3f}" for name in ("gain_db", "pesq_wb", "stoi", "dnsmos_ovrl") if name in s]
            print(f"{group:28} {system:6} {'  '.join(picked)}  n={s['count']:g}")
