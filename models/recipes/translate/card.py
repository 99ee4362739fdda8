"""`model.toml` and `CARD.md` of the model folder, from what training, export and evaluation left in `work`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.recipes.provenance import Manifest, describe
from models.recipes.translate.engine import BEAM, GUARD, LONGEST
from models.recipes.translate.pieces import PREFIXES

FILES = ("model.bin", "config.json", "shared_vocabulary.json", "pieces.model")
LICENSE = "CC-BY-2.0-FR"
MAX_WORDS = 25


def document(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write both files; where this checkpoint has no evaluation yet, the card says so."""
    settings, exported, scores = (_read(work / f"{name}.json") for name in ("settings", "export", "evaluation"))
    training = {
        "recipe": "models/recipes/translate",
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        **{key: settings[key] for key in ("seed", "rate", "smoothing", "steps_per_epoch")},
        "shape": settings["shape"],
    }
    if scores.get("step") != exported["step"]:
        scores = {}  # They are another checkpoint's.
    metrics = {
        "export": {k: v for k, v in exported.items() if k not in ("step", "cpu_minutes")},
        **{k: v for k, v in scores.items() if k != "step"},
    }
    manifest(out, training, metrics).write(out)
    _drop_sample_rate(out / "model.toml")
    (out / "CARD.md").write_text(card(out, training, exported, scores))


def manifest(out: Path, training: dict[str, Any], metrics: dict[str, Any]) -> Manifest:
    """What the backend and the service need to know."""
    return Manifest(
        name=out.parent.name,
        version=out.name,
        stage="translate",
        backend="ctranslate2",
        license=LICENSE,
        sample_rate_hz=0,
        languages=list(PREFIXES),
        files=FILES,
        training=training,
        metrics=metrics,
        options={
            "pairs": [["en", "de"], ["de", "en"], ["en", "fr"], ["fr", "en"]],
            "pieces": "pieces.model",
            "prefix": "<2{target}>",
            "suffix": "</s>",
            "beam": BEAM,
            "no_repeat_ngram": GUARD,
            "max_pieces": LONGEST,
            "max_words": MAX_WORDS,
        },
    )


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _drop_sample_rate(path: Path) -> None:
    """Text has none."""
    path.write_text(path.read_text().replace("sample_rate_hz = 0\n", ""))


def card(out: Path, training: dict[str, Any], exported: dict[str, Any], scores: dict[str, Any]) -> str:
    """The text people read, filled into `card.md`."""
    return (
        (Path(__file__).parent / "card.md")
        .read_text(encoding="utf-8")
        .format(
            name=out.parent.name,
            version=out.name,
            data="\n".join(f"- {d['name']} ({d['license']}), sha256 `{d['sha256'][:16]}...`" for d in training["data"]),
            steps=training["steps"],
            minutes=training["cpu_minutes"],
            size=sum((out / name).stat().st_size for name in FILES) / 1e6,
            compared=exported["compared"],
            float_same=exported["float32_same_sentences"],
            int8_same=exported["int8_same_sentences"],
            int8_tokens=exported["int8_same_tokens"],
            numbers="\n".join(numbers_of(scores)) if scores else "Not evaluated yet.",
            max_words=MAX_WORDS,
            **{key: training["shape"][key] for key in ("encoders", "decoders", "width", "pieces")},
        )
    )


def numbers_of(scores: dict[str, Any]) -> list[str]:
    """What was reached beside what was aimed at, then one row a direction."""
    least = min(row["bleu"] for row in scores["quality"].values())
    kept = {kind: _mean(scores["copying"], kind) for kind in ("as_they_are", "strangers")}
    return [
        "| what | target | reached | |",
        "|---|---|---|---|",
        _row("mean BLEU", ">= 38", scores["mean"]["quality"]["bleu"], scores["mean"]["quality"]["bleu"] >= 38),
        _row("mean chrF", ">= 56", scores["mean"]["quality"]["chrf"], scores["mean"]["quality"]["chrf"] >= 56),
        _row("lowest BLEU of a direction", ">= 32", least, least >= 32),
        _row(
            "sentences whose names and numbers survive",
            ">= 90 %",
            _share(kept["as_they_are"]),
            kept["as_they_are"] >= 0.9,
        ),
        _row("the same with names never seen", "", _share(kept["strangers"]), None),
        _row("BLEU, 15-25 words", ">= 20", scores["mean"]["long"]["bleu"], scores["mean"]["long"]["bleu"] >= 20),
        _row("BLEU, three sentences at once", "", scores["mean"]["several"]["bleu"], None),
        _row("p99 a sentence, beam 2, one thread", "<= 10 ms", *_p99(scores["latency"])),
        "",
        f"| direction ({scores['pairs_a_direction']} pairs) | BLEU | chrF | BLEU 15-25 words (pairs) "
        "| names and numbers | never seen |",
        "|---|---|---|---|---|---|",
        *(_direction(name, scores) for name in scores["quality"]),
    ]


def _direction(name: str, scores: dict[str, Any]) -> str:
    quality, long, copying = scores["quality"][name], scores["long"][name], scores["copying"][name]
    kept = f"{_share(copying['as_they_are'])} | {_share(copying['strangers'])}"
    return f"| {name} | {quality['bleu']} | {quality['chrf']} | {long['bleu']} ({long['sentences']}) | {kept} |"


def _row(what: str, target: str, value: object, held: bool | None) -> str:
    return f"| {what} | {target} | {value} | { {True: 'reached', False: '**missed**', None: ''}[held] } |"


def _p99(latency: dict[str, float]) -> tuple[str, bool]:
    wall, cpu = latency["wall_p99_ms"], latency["cpu_p99_ms"]
    return f"{wall} ms ({cpu} ms of CPU)", wall <= 10


def _mean(rows: dict[str, dict[str, float]], key: str) -> float:
    return sum(row[key] for row in rows.values()) / len(rows)


def _share(value: float) -> str:
    return f"{value:.1%}"
