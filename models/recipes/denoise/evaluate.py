"""Judges the exported file against noisy input and other enhancers on the same mixtures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.recipes import steps
from models.recipes.denoise import runner
from models.recipes.denoise.card import card, promises
from models.recipes.denoise.cost import cost
from models.recipes.denoise.field import Field
from models.recipes.denoise.metrics import Metrics, si_sdr
from models.recipes.denoise.mixtures import Mixture, examination
from models.recipes.denoise.runner import Enhance
from models.recipes.provenance import Manifest
from models.recipes.targets import Row

STAGE = steps.EMBEDDED / "denoise"
GENERATED = ("familiar", "unseen", "blind")
Scores = dict[str, float]
Results = dict[str, dict[str, Scores]]


def evaluate(data: Sequence[Path], field: Field, work: Path, references: Path | None, folder: Path) -> list[Row]:
    """Judge, print, and write it into the model's manifest and card. Without `data` only the field is judged anew."""
    stay_apart(field, Manifest.read(folder))
    systems = contenders(folder, references)
    exam = [*(examination(data) if data else ()), *field.mixtures()]
    metrics = Metrics(references)
    scored = {name: score(name, enhance, exam, metrics, work) for name, enhance in systems.items()}
    rows = table(exam, scored)
    show(rows)
    before = {} if data else Manifest.read(folder).metrics
    spent = before.get("cost") or cost(folder / "model.onnx", references)
    report = {"rows": {**before.get("rows", {}), **rows}, "cost": spent}
    print(json.dumps(spent))
    Manifest.read(folder).judged(report).publish(folder, card)
    return promises(report)


def stay_apart(field: Field, manifest: Manifest) -> None:
    """Nobody is judged on what taught them."""
    trained = {source["name"] for source in manifest.training["data"]}
    for path in (*field.voices, *field.noises):
        if trained & {path.name, path.parent.name}:
            raise SystemExit(f"{manifest.name} {manifest.version} was trained on {path}; judge it on other folders.")


def contenders(folder: Path, references: Path | None) -> dict[str, Enhance]:
    """Who is compared: the model, those that ship beside it, and the references."""
    systems: dict[str, Enhance] = {"noisy": lambda audio: audio, "ours": runner.ours(folder)}
    for other in sorted(path.parent for path in STAGE.glob("*/*/model.onnx")):
        if other.resolve() != folder.resolve():
            systems[f"{other.parent.name}@{other.name}"] = runner.ours(other)
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
        names = (
            [mixture.row, f"{mixture.row}/{mixture.kind.partition('/')[0]}"] if mixture.row != "clean" else ["clean"]
        )
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
