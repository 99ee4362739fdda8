"""`model.toml` and `CARD.md` of the model folder, from what training, export and evaluation left in `work`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from models.recipes.asr import bank, cast, features, real
from models.recipes.asr.engine import BEAM, LEAD_S, LEAST_TOKENS, REST_S, STEP_S, TOKENS_A_SECOND
from models.recipes.asr.tokens import Tokens
from models.recipes.provenance import Manifest, describe
from models.recipes.sound import RATE_HZ
from models.recipes.targets import Row, at_least, at_most, table, told

FILES = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json")
LICENSE = "CC-BY-SA-4.0"
LONGEST_S = 25.0


def document(work: Path, data: Sequence[Path], out: Path, exported: dict[str, Any]) -> None:
    """Write both files anew from what training and export know; nobody has judged these weights yet."""
    settings = json.loads((work / "settings.json").read_text())
    training = {
        "recipe": "models/recipes/asr",
        "data": describe(data),
        "steps": exported["step"],
        "cpu_minutes": exported["cpu_minutes"],
        **{key: settings[key] for key in ("seed", "rate", "shape")},
        "hours": _hours(work),
        "held_out": _held_out(work),
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
        license=LICENSE,
        sample_rate_hz=16_000,
        languages=["en"],
        files=FILES,
        training=training,
        metrics=metrics,
        options=options(Tokens(out / "tokenizer.json"), int(metrics["export"]["median"])),
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
        "full_frames": round(LONGEST_S * RATE_HZ / features.HOP),  # 3000 would be heard as well, at five times the cost
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
        "lead_s": LEAD_S,
        "rest_s": REST_S,
        "suppress_blank": False,
        "tokens_per_second": TOKENS_A_SECOND,
        "least_tokens": LEAST_TOKENS,
        "alignment_step_s": STEP_S,
        "alignment_median": median,
        "reads_prompts": False,  # it never saw text from before
    }


def _hours(work: Path) -> dict[str, float]:
    kinds = ("everyday", "phrases", "an4", "fsdd")
    return {kind: round(bank.seconds(bank.read(work / "bank", kind)) / 3600, 2) for kind in kinds}


def _held_out(work: Path) -> dict[str, list[str]]:
    """The voices that only the evaluation hears."""
    named = {name: {take.voice for take in bank.read(work / "heard", f"test-{name}")} for name in ("an4", "fsdd")}
    return {name: sorted(voices) for name, voices in named.items()} | {"engines": [cast.UNSEEN.engine]}


def card(out: Path, papers: Manifest) -> str:
    """The text people read, filled into `card.md`."""
    text = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    training, exported = papers.training, papers.metrics["export"]
    return text.format(
        name=papers.name,
        version=papers.version,
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
        numbers=numbers(papers.metrics) if "words" in papers.metrics else "Not evaluated yet.",
        **{key: training["shape"][key] for key in ("encoders", "decoders", "width", "vocabulary")},
    )


def promises(scores: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    words, said, times = scores["words"], scores["nothing"], scores["times"]
    wrongly, windows = (sum(row[key] for row in said.values()) for key in ("with_words", "windows"))
    share = {name: 100 * row["wer"] for name, row in words.items()}
    return [
        at_most("WER, AN4, speakers never trained on", 12, share["an4"], " %", 1),
        at_least("digits right, FSDD, a speaker never trained on", 97, 100 * scores["digits"]["right"], " %", 1),
        at_most("WER, unseen sentences, trained synthetic voices", 20, share["everyday"], " %", 1),
        told("WER, unseen sentences, an engine never trained on", share["unseen"], " %", 1),
        told("WER, windows of up to 25 s", 100 * scores["long"]["wer"], " %", 1),
        Row("windows of silence, unseen noise or music with words", "0", f"{wrongly} of {windows}", wrongly == 0),
        at_most("median error of word starts", 100, times["short"]["median_ms"], " ms", 0),
        at_most("weights", 12, scores["megabytes"], " MB", 1),
        at_most("load", 100, scores["load_ms"], " ms", 0),
        told("an utterance on one thread, median CPU", scores["latency"]["short_p50_ms"], " ms", 1),
        told("the same padded to 1500 positions", scores["latency"]["padded_p50_ms"], " ms", 1),
    ]


def numbers(scores: Mapping[str, Any]) -> str:
    """The promises, then one row a set."""
    keys = ("wer", "short_wer_of_those", "padded_wer", "telephone_wer", "quiet_wer")
    lines = ["| WER | short context | short, some | padded, the same | telephone | -50 dBFS |", "|---|" + "---|" * 5]
    for name, row in scores["words"].items():
        lines.append(f"| {name} | " + " | ".join(f"{row[key]:.1%}" for key in keys) + " |")
    stock = "; ".join(f"{name} {row['wer']:.1%}" for name, row in scores["stock"].items())
    lines += ["", f"Stock faster-whisper with its defaults (stamps, padding), WER: {stock or 'not installed'}."]
    return "\n".join([table(promises(scores)), "", *lines])
