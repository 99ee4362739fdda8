"""`model.toml` and `CARD.md` of the model folder, from what training, export and evaluation left in `work`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models.recipes.provenance import Manifest, describe, listed
from models.recipes.targets import Row, at_least, at_most, table, told
from models.recipes.translate.engine import BEAM, GUARD, LONGEST
from models.recipes.translate.pieces import PREFIXES

FILES = ("model.bin", "config.json", "shared_vocabulary.json", "pieces.model")
LICENSE = "CC-BY-2.0-FR"
MAX_WORDS = 25


def document(work: Path, data: Sequence[Path], out: Path, exported: dict[str, Any]) -> None:
    """Write both files anew from what training and export know; nobody has judged these weights yet."""
    settings = json.loads((work / "settings.json").read_text())
    training = {
        "recipe": "models/recipes/translate",
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        **{key: settings[key] for key in ("seed", "rate", "smoothing", "steps_per_epoch", "shape")},
    }
    checked = {key: value for key, value in exported.items() if key not in ("step", "cpu_minutes")}
    manifest(out, training, {"export": checked}).publish(out, partial(card, out))


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


def card(out: Path, manifest: Manifest) -> str:
    """The text people read, filled into `card.md`."""
    text = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    training, exported = manifest.training, manifest.metrics["export"]
    return text.format(
        name=manifest.name,
        version=manifest.version,
        data=listed(training["data"]),
        steps=training["steps"],
        minutes=training["cpu_minutes"],
        size=sum((out / name).stat().st_size for name in FILES) / 1e6,
        compared=exported["compared"],
        float_same=exported["float32_same_sentences"],
        int8_same=exported["int8_same_sentences"],
        int8_tokens=exported["int8_same_tokens"],
        numbers=numbers(manifest.metrics) if "quality" in manifest.metrics else "Not evaluated yet.",
        max_words=MAX_WORDS,
        **{key: training["shape"][key] for key in ("encoders", "decoders", "width", "pieces")},
    )


def promises(scores: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    mean, latency = scores["mean"], scores["latency"]
    kept = {kind: 100 * _mean(scores["copying"], kind) for kind in ("as_they_are", "strangers")}
    return [
        at_least("mean BLEU", 38, mean["quality"]["bleu"], digits=1),
        at_least("mean chrF", 56, mean["quality"]["chrf"], digits=1),
        at_least("lowest BLEU of a direction", 32, min(row["bleu"] for row in scores["quality"].values()), digits=1),
        at_least("sentences whose names and numbers survive", 90, kept["as_they_are"], " %", 1),
        told("the same with names never seen", kept["strangers"], " %", 1),
        at_least("BLEU, 15-25 words", 20, mean["long"]["bleu"], digits=1),
        told("BLEU, three sentences at once", mean["several"]["bleu"], digits=1),
        at_most("p99 a sentence, beam 2, one thread", 10, latency["wall_p99_ms"], " ms", 1),
        told("the same in CPU time", latency["cpu_p99_ms"], " ms", 1),
    ]


def numbers(scores: Mapping[str, Any]) -> str:
    """The promises, then one row a direction."""
    lines = [
        f"| direction ({scores['pairs_a_direction']} pairs) | BLEU | chrF | BLEU 15-25 words (pairs) "
        "| names and numbers | never seen |",
        "|---|---|---|---|---|---|",
        *(_direction(name, scores) for name in scores["quality"]),
    ]
    return "\n".join([table(promises(scores)), "", *lines])


def _direction(name: str, scores: Mapping[str, Any]) -> str:
    quality, long, copying = scores["quality"][name], scores["long"][name], scores["copying"][name]
    kept = f"{copying['as_they_are']:.1%} | {copying['strangers']:.1%}"
    return f"| {name} | {quality['bleu']} | {quality['chrf']} | {long['bleu']} ({long['sentences']}) | {kept} |"


def _mean(rows: Mapping[str, Mapping[str, float]], key: str) -> float:
    return sum(row[key] for row in rows.values()) / len(rows)
