"""`model.toml` and `CARD.md` of the model folder, from what training, export and evaluation left in `work`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models.recipes.asr import lessons, teacher
from models.recipes.asr.teacher import FILES, PROMPT
from models.recipes.asr.train import RATE
from models.recipes.provenance import Manifest, describe, listed
from models.recipes.sound import RATE_HZ
from models.recipes.targets import Row, at_most, table, told

OPTIONS: dict[str, Any] = {
    "architecture": "whisper",
    "features": "log-mel",
    "tokenizer": "tokenizer.json",
    "prompt": list(PROMPT),
    "reads_prompts": True,
    "short_context": True,
    "rest_s": 0.5,
    "beam": 5,
}
SETS = ("librispeech", "common-voice", "ami", "an4", "speechocean762")


def document(work: Path, data: Sequence[Path], out: Path, exported: dict[str, Any]) -> None:
    """Write both files anew from what training and export know; nobody has judged these weights yet."""
    made = lessons.read(work / "lessons")
    seconds = Counter[str]()
    for lesson in made:
        seconds[lesson.corpus] += len(lesson.samples)
    training = {
        "recipe": "models/recipes/asr",
        "teacher": {"package": f"{teacher.NAME}=={teacher.VERSION}", "license": teacher.LICENSE, **FILES},
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        "rate": RATE,
        "lessons": len(made),
        "hours": {name: round(count / RATE_HZ / 3600, 2) for name, count in sorted(seconds.items())},
    }
    checked = {key: value for key, value in exported.items() if key not in ("step", "cpu_minutes")}
    manifest(out, training, {"export": checked}).publish(out, partial(card, out))


def manifest(out: Path, training: dict[str, Any], metrics: dict[str, Any]) -> Manifest:
    """What the backend and the service need to know."""
    return Manifest(
        name=out.parent.name,
        version=out.name,
        stage="asr",
        backend="ctranslate2",
        license=teacher.LICENSE,
        sample_rate_hz=RATE_HZ,
        languages=["en"],
        files=tuple(FILES),
        training=training,
        metrics=metrics,
        options=OPTIONS,
    )


def card(out: Path, manifest: Manifest) -> str:
    """The text people read, filled into `card.md`."""
    text = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    training, exported = manifest.training, manifest.metrics["export"]
    return text.format(
        name=manifest.name,
        version=manifest.version,
        package=training["teacher"]["package"],
        model_hash=training["teacher"]["model.bin"],
        data=listed(training["data"]),
        hours=", ".join(f"{kind} {value} h" for kind, value in training["hours"].items()),
        lessons=training["lessons"],
        steps=training["steps"],
        minutes=training["cpu_minutes"],
        size=(out / "model.bin").stat().st_size / 1e6,
        compared=exported["compared"],
        float_same=exported["float32_same"],
        int8_same=exported["int8_same"],
        numbers=numbers(manifest.metrics) if "words" in manifest.metrics else "Not evaluated yet.",
    )


def promises(scores: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    words, nothing, cost = scores["words"], scores["nothing"], scores["cost"]
    wrongly, clips = (sum(row[key] for row in nothing.values()) for key in ("with_words", "clips"))
    rows = []
    for name in SETS:
        theirs = 100 * words[name]["original_full"]
        rows.append(
            at_most(f"WER, {name}, at length + 0.5 s", round(theirs + 1, 1), 100 * words[name]["short"], " %", 1)
        )
    return [
        *rows,
        Row("clips of silence, noise and music with words", "0", f"{wrongly} of {clips}", wrongly == 0),
        told("WER, windows of 20 to 28 s", 100 * scores["long"]["short"], " %", 1),
        told("the same, the original at 30 s", 100 * scores["long"]["original_full"], " %", 1),
        at_most("encoder and decoder of a 4 s utterance, of their cost at 30 s", 0.25, cost["share"], "", 2),
        told("load", scores["load_ms"], " ms", 0),
        told("weights", scores["megabytes"], " MB", 1),
    ]


def numbers(scores: Mapping[str, Any]) -> str:
    """The promises, then one row a set."""
    keys = ("short", "greedy", "telephone", "full", "original_full", "original_short")
    head = "| WER | + 0.5 s | greedy | by telephone | at 30 s | original at 30 s | original + 0.5 s | utterances |"
    lines = [head, "|---|" + "---|" * 7]
    for name, row in scores["words"].items():
        lines.append(f"| {name} | " + " | ".join(f"{row[key]:.1%}" for key in keys) + f" | {row['utterances']} |")
    lines += ["", "| words where nobody speaks | this model | the original, 30 s |", "|---|---|---|"]
    for name, row in scores["nothing"].items():
        lines.append(f"| {name} | {row['with_words']} of {row['clips']} | {row['original_with_words']} |")
    return "\n".join([table(promises(scores)), "", *lines])
