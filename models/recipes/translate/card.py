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
TARGETS = {"bleu": 38.0, "chrf": 56.0, "least_bleu": 32.0, "copying": 0.9, "long_bleu": 20.0, "p99_ms": 10.0}


def document(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write both files; before an evaluation the card says that there is none."""
    settings, exported, scores = (_read(work / f"{name}.json") for name in ("settings", "export", "evaluation"))
    training = {
        "recipe": "models/recipes/translate",
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        **{key: settings[key] for key in ("seed", "rate", "smoothing", "steps_per_epoch")},
        "shape": settings["shape"],
    }
    metrics = {"export": {k: v for k, v in exported.items() if k not in ("step", "cpu_minutes")}, **scores}
    manifest(out, training, metrics).write(out)
    _drop_sample_rate(out / "model.toml")
    (out / "CARD.md").write_text(card(out, training, exported, scores))


def manifest(out: Path, training: dict[str, Any], metrics: dict[str, Any]) -> Manifest:
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
            "max_words": 25,
        },
    )


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _drop_sample_rate(path: Path) -> None:
    """Text has none."""
    path.write_text(path.read_text().replace("sample_rate_hz = 0\n", ""))


def card(out: Path, training: dict[str, Any], exported: dict[str, Any], scores: dict[str, Any]) -> str:
    size = sum((out / name).stat().st_size for name in FILES) / 1e6
    return "\n".join([
        f"# {out.parent.name} {out.name}", "",
        "One small encoder-decoder for English-German and English-French, both ways. It runs on one CPU core, without a",
        "network, and it is for demos, tests, SLA runs and first contact. It is not for publishing, contracts, medicine, or",
        "anything that nobody reads again.", "",
        "## Data", "",
        *(f"- {d['name']} ({d['license']}), sha256 `{d['sha256'][:16]}...`" for d in training["data"]), "",
        "Tatoeba sentences and their translations, by its contributors (tatoeba.org), CC BY 2.0 FR. Held out by the hash of the",
        "English sentence: 2,000 test and 500 dev pairs a language; no sentence of theirs, in any language and whatever its case",
        "or punctuation, is in training. Names and numbers were swapped in training for others, half of the names invented;",
        "sentences were joined in twos to fives.", "",
        "## Making", "",
        f"{training['steps']} steps, {training['cpu_minutes']} CPU minutes on one core, {training['shape']['encoders']} encoder and",
        f"{training['shape']['decoders']} decoder layers of width {training['shape']['width']}, {training['shape']['pieces']} pieces, {size:.1f} MB in int8.", "",
        "Of the twin's greedy translations, the float32 export repeats "
        f"{exported['float32_same_sentences']:.1%} exactly, the int8 export {exported['int8_same_sentences']:.1%} "
        f"({exported['int8_same_tokens']:.1%} of the tokens before the first difference).", "",
        "## Numbers", "", *(numbers_of(scores) if scores else ["Not evaluated yet."]), "",
        "## Limits", "",
        "- Everyday sentences. News, law, medicine and idioms of the trade are outside its data.",
        "- Long sentences lose clauses: cut at sentence ends, and above 25 words at commas.",
        "- Tatoeba's habits show: Tom and Mary, German *du* and *Sie* at random, French *tu* and *vous* likewise.",
        "- German to French goes through English or not at all.", "",
    ])


def numbers_of(scores: dict[str, Any]) -> list[str]:
    """The table of targets beside what was reached, and one row a direction."""
    quality, copying = scores["quality"], scores["copying"]
    least = min(row["bleu"] for row in quality.values())
    kept = {kind: sum(row[kind] for row in copying.values()) / len(copying) for kind in ("as_they_are", "strangers")}
    rows = [
        ("mean BLEU", f">= {TARGETS['bleu']:g}", scores["mean"]["quality"]["bleu"], scores["mean"]["quality"]["bleu"] >= TARGETS["bleu"]),
        ("mean chrF", f">= {TARGETS['chrf']:g}", scores["mean"]["quality"]["chrf"], scores["mean"]["quality"]["chrf"] >= TARGETS["chrf"]),
        ("lowest BLEU", f">= {TARGETS['least_bleu']:g}", least, least >= TARGETS["least_bleu"]),
        ("names and numbers kept", ">= 90 %", f"{kept['as_they_are']:.1%}", kept["as_they_are"] >= TARGETS["copying"]),
        ("the same with names never seen", "", f"{kept['strangers']:.1%}", None),
        ("BLEU, 15-25 words", f">= {TARGETS['long_bleu']:g}", scores["mean"]["long"]["bleu"], scores["mean"]["long"]["bleu"] >= TARGETS["long_bleu"]),
        ("BLEU, three sentences at once", "", scores["mean"]["several"]["bleu"], None),
        ("p99 a sentence, beam 2, one thread", "<= 10 ms CPU", scores["latency"]["cpu_p99_ms"], scores["latency"]["cpu_p99_ms"] <= TARGETS["p99_ms"]),
    ]
    verdict = {True: "reached", False: "**missed**", None: ""}
    lines = ["| what | target | reached | |", "|---|---|---|---|"]
    lines += [f"| {what} | {target} | {value} | {verdict[held]} |" for what, target, value, held in rows]
    lines += ["", f"| direction | BLEU | chrF | 15-25 words | names and numbers ({scores['pairs_a_direction']} pairs) |", "|---|---|---|---|---|"]
    for name, row in quality.items():
        lines.append(f"| {name} | {row['bleu']} | {row['chrf']} | {scores['long'][name]['bleu']} ({scores['long'][name]['sentences']}) | {copying[name]['as_they_are']:.1%} |")
    return lines
