"""`model.toml` and `CARD.md` of the model folder, from what training, export and evaluation left in `work`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.recipes.asr import bank, cast, features, real
from models.recipes.asr.engine import BEAM, LEAST_TOKENS, STEP_S, TOKENS_A_SECOND
from models.recipes.asr.tokens import Tokens
from models.recipes.provenance import Manifest, describe

FILES = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json")
LICENSE = "CC-BY-SA-4.0"
LONGEST_S = 25.0


def document(work: Path, data: Sequence[Path], out: Path) -> None:
    """Write both files; where this checkpoint has no evaluation yet, the card says so."""
    settings, exported, scores = (_read(work / f"{name}.json") for name in ("settings", "export", "evaluation"))
    training = {
        "recipe": "models/recipes/asr",
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        "seed": settings["seed"],
        "rate": settings["rate"],
        "shape": settings["shape"],
        "hours": _hours(work),
        "held_out": _held_out(work),
    }
    if scores.get("step") != exported["step"]:
        scores = {}  # They are another checkpoint's.
    checked = {key: value for key, value in exported.items() if key not in ("step", "cpu_minutes")}
    judged = {key: value for key, value in scores.items() if key != "step"}
    manifest(out, training, {"export": checked, **judged}, int(exported["median"])).write(out)
    (out / "CARD.md").write_text(card(out, training, exported, scores), encoding="utf-8")


def manifest(out: Path, training: dict[str, Any], metrics: dict[str, Any], median: int) -> Manifest:
    """What the backend and the service need to know."""
    return Manifest(
        name=out.parent.name,
        version=out.name,
        stage="asr",
        backend="ctranslate2",
        license=LICENSE,
        sample_rate_hz=16_000,
        languages=["en"],
        files=FILES,
        training=training,
        metrics=metrics,
        options=options(Tokens(out / "tokenizer.json"), median),
    )


def options(tokens: Tokens, median: int) -> dict[str, Any]:
    """How to ask: features, prompt, ids, limits."""
    return {
        "architecture": "whisper",
        "features": "log-mel",
        "n_mels": features.MELS,
        "n_fft": features.FFT,
        "hop": features.HOP,
        "tail": features.TAIL,
        "short_context": True,
        "longest_s": LONGEST_S,
        "tokenizer": "tokenizer.json",
        "prompt": ["<|startoftranscript|>", "<|notimestamps|>"],
        "ids": {
            "start": tokens.start,
            "end": tokens.end,
            "no_speech": tokens.no_speech,
            "no_timestamps": tokens.no_stamps,
            "first_timestamp": tokens.no_stamps + 1,
        },
        "beam": BEAM,
        "suppress_blank": False,
        "tokens_per_second": TOKENS_A_SECOND,
        "least_tokens": LEAST_TOKENS,
        "alignment_step_s": STEP_S,
        "alignment_median": median,
    }


def _hours(work: Path) -> dict[str, float]:
    kinds = ("everyday", "phrases", "an4", "fsdd")
    return {kind: round(bank.seconds(bank.read(work / "bank", kind)) / 3600, 2) for kind in kinds}


def _held_out(work: Path) -> dict[str, list[str]]:
    """The voices that only the evaluation hears."""
    named = {name: {take.voice for take in bank.read(work / "heard", f"test-{name}")} for name in ("an4", "fsdd")}
    return {name: sorted(voices) for name, voices in named.items()} | {"engines": [cast.UNSEEN.engine]}


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def card(out: Path, training: dict[str, Any], exported: dict[str, Any], scores: dict[str, Any]) -> str:
    """The text people read, filled into `card.md`."""
    text = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    return text.format(
        name=out.parent.name,
        version=out.name,
        data="\n".join(f"- {d['name']} ({d['license']}), sha256 `{d['sha256'][:16]}...`" for d in training["data"]),
        hours=", ".join(f"{kind} {value} h" for kind, value in training["hours"].items()),
        voices=len(cast.ESPEAK),
        an4=len(training["held_out"]["an4"]),
        fsdd=real.name_of(training["held_out"]["fsdd"][0]),
        steps=training["steps"],
        minutes=training["cpu_minutes"],
        size=(out / "model.bin").stat().st_size / 1e6,
        compared=exported["compared"],
        float_same=exported["float32_same"],
        int8_same=exported["int8_same"],
        heads=exported["alignment_heads"],
        hop_ms=1000 * features.HOP / 16_000,
        numbers="\n".join(numbers_of(scores)) if scores else "Not evaluated yet.",
        **{key: training["shape"][key] for key in ("encoders", "decoders", "width", "vocabulary")},
    )


def numbers_of(scores: dict[str, Any]) -> list[str]:
    """What was reached beside what was aimed at, then one row a set."""
    words, said, times = scores["words"], scores["nothing"], scores["times"]
    wrongly = sum(row["with_words"] for row in said.values())
    windows = sum(row["windows"] for row in said.values())
    digits, daily, start_ms = scores["digits"]["right"], words["everyday"]["wer"], times["short"]["median_ms"]
    rows: list[tuple[str, str, str, bool | None]] = [
        ("WER, AN4, speakers never trained on", "<= 12 %", _share(words["an4"]["wer"]), words["an4"]["wer"] <= 0.12),
        ("digits right, FSDD, a speaker never trained on", ">= 97 %", _share(digits), digits >= 0.97),
        ("WER, unseen sentences, trained synthetic voices", "<= 20 %", _share(daily), daily <= 0.2),
        ("WER, unseen sentences, an engine never trained on", "", _share(words["unseen"]["wer"]), None),
        ("WER, windows of up to 25 s", "", _share(scores["long"]["wer"]), None),
        ("windows of silence, unseen noise or music with words", "0", f"{wrongly} of {windows}", wrongly == 0),
        ("median error of word starts", "<= 100 ms", f"{start_ms} ms", start_ms <= 100),
        ("weights", "<= 12 MB", f"{scores['megabytes']} MB", scores["megabytes"] <= 12),
        ("load", "< 100 ms", f"{scores['load_ms']} ms", scores["load_ms"] < 100),
        ("an utterance on one thread, median CPU", "", f"{scores['latency']['short_p50_ms']} ms", None),
        ("the same padded to 1500 positions", "", f"{scores['latency']['padded_p50_ms']} ms", None),
    ]
    lines = ["| what | target | reached | |", "|---|---|---|---|"]
    lines += [_row(*row) for row in rows]
    lines += [
        "",
        "| WER | short context | short, some | padded, the same | telephone | -50 dBFS |",
        "|---|" + "---|" * 5,
    ]
    keys = ("wer", "short_wer_of_those", "padded_wer", "telephone_wer", "quiet_wer")
    lines += [f"| {name} | " + " | ".join(_share(row[key]) for key in keys) + " |" for name, row in words.items()]
    stock = "; ".join(f"{name} {_share(row['wer'])}" for name, row in scores["stock"].items())
    return [*lines, "", f"Stock faster-whisper with its defaults (stamps, padding), WER: {stock or 'not installed'}."]


def _row(what: str, target: str, value: object, held: bool | None) -> str:
    return f"| {what} | {target} | {value} | { {True: 'reached', False: '**missed**', None: ''}[held] } |"


def _share(value: float) -> str:
    return f"{value:.1%}"
