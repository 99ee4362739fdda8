"""The model's papers: `model.toml` and CARD.md, from what export and evaluate found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.recipes.diarize.graph import WINDOW_S
from models.recipes.diarize.network import Voiceprint
from models.recipes.diarize.shifts import VARIANTS
from models.recipes.diarize.train import ROWS, SEED
from models.recipes.provenance import Manifest, describe, file_hash

NAME, VERSION = "voice-nano", "1"
FOLDER = Path(__file__).parents[2] / "embedded" / "diarize" / NAME / VERSION
TARGETS = {"clean 1.5 s": 8.0, "clean 3 s": 4.0, "telephone 1.5 s": 15.0, "telephone 3 s": 9.0}
DER_TARGET, COST_TARGET_MS = 20.0, 2.0

TEXT = """# {name} {version}

Tells voices apart: {parameters:,} parameters, sound at 16 kHz in windows of {window_s:g} s (longer ones work too),
one unit vector of {width} numbers out; the cosine of two says how alike the voices are. Features and
normalisation are inside the file. Precision: {precision}.

**For** who-spoke-when in calls and meetings of a few people, one at a time.

**Not for** proving who somebody is, for finding a person among thousands, or for deciding anything about a person.

## Numbers

Speakers never trained on. Pairs are made within a corpus only, so the channel gives nothing away; a speaker's
windows share no sample, but mostly come from one session. Telephone: 200-3700 Hz at most, through a codec.
Diarization: conversations of two to four held-out voices with overlaps, rooms and noise; no collar, overlap scored;
`online` is the service's own clustering, `ward` clusters afterwards; `pauses cut` takes the pauses out of the turns
by level, which the service does not do; `perfect net` is what these windows cost when no voice is ever mistaken.
Thresholds come from other speakers.

{tables}

## How it was made

`make recipe-diarize` reruns it. {steps} steps of {rows} windows, {minutes} CPU minutes of one core, seed {seed},
averaged weights; {classes} voices: each recorded one in {variants} variants (pace, pitch, formants). Additive
angular margin, and pairs of two sessions of one voice. Sessions: rooms, microphones, noise, telephone codecs (40 %).

{data}

The single-precision file equals the trained net within {max_error_random:.1e} on random and {max_error_real:.1e} on
real input; a row and its neighbours in a batch change each other by at most {max_error_neighbours:.1e}
({int8_max_error_neighbours:.1e} in eight bits). In eight bits the cosine to the net is at least
{int8_least_cosine:.4f}, the mean error rate on development speakers {dev_eer_int8} % against {dev_eer_single} %.

## Limits

A few hundred voices, nearly all of them adult and speaking English; two thirds were recorded once. Other
languages, children and whispering are served worse than these numbers say. Thresholds move with the channel. Two
people at once give a voice that is neither.
"""


def publish(folder: Path, data: Sequence[Path], work: Path) -> None:
    """Write both papers; before evaluation they carry no metrics and no thresholds."""
    made = json.loads((work / "export.json").read_text())
    judged = judgement(work / "results.json", folder / "model.onnx")
    sources = describe(data)
    Manifest(
        name=NAME,
        version=VERSION,
        stage="diarize",
        backend="onnx",
        license="CC-BY-SA-4.0" if any(s["name"] == "fsdd" for s in sources) else "CC-BY-4.0",
        sample_rate_hz=16000,
        languages=[],
        files=["model.onnx"],
        training={"recipe": "models/recipes/diarize", "seed": SEED, "data": sources, **made},
        metrics=metrics(judged),
        options=options(judged),
    ).write(folder)
    (folder / "CARD.md").write_text(card(made, judged, sources))


def judgement(results: Path, model: Path) -> dict[str, Any]:
    """What evaluate found, if it was about exactly these weights."""
    found: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
    return found if found.get("model") == file_hash(model) else {}


def metrics(judged: dict[str, Any]) -> dict[str, Any]:
    """Tables of numbers with keys that need no quotes."""
    if not judged:
        return {}
    rows = {"eer": judged["eer"]} | {f"der_{plain(name)}": table for name, table in judged["der"].items()}
    tables = {name: {plain(key): row for key, row in table.items()} for name, table in rows.items()}
    return tables | {"cost": judged["cost"]}


def plain(name: str) -> str:
    """A name as a key."""
    return name.replace(",", "").replace(" ", "_").replace("1.5", "1_5")


def options(judged: dict[str, Any]) -> dict[str, Any]:
    """How an engine feeds the file, and from which cosine on two voices are one."""
    given = {"window_s": WINDOW_S, "width": Voiceprint().width, "input": "audio", "output": "embedding"}
    found = judged.get("thresholds", {})
    named = {"same": found.get("online"), "ward_height": found.get("ward")}
    return given | {name: value for name, value in named.items() if value is not None}


def card(made: dict[str, Any], judged: dict[str, Any], sources: list[dict[str, str]]) -> str:
    """The text for people."""
    net = Voiceprint()
    facts = {"name": NAME, "version": VERSION, "rows": ROWS, "seed": SEED, "variants": len(VARIANTS), **made}
    facts |= {"parameters": sum(p.numel() for p in net.parameters()), "width": net.width, "window_s": WINDOW_S}
    lines = [f"- {s['name']} ({s['license']}), sha256 of the folder {s['sha256'][:16]}" for s in sources]
    facts["data"] = "Data:\n\n" + "\n".join(lines)
    facts["tables"] = tables(judged) if judged else "Not evaluated yet."
    return TEXT.format(**facts)


def tables(judged: dict[str, Any]) -> str:
    """What was reached beside what was aimed at."""
    rows = ["| what | target | reached | |", "|---|---|---|---|"]
    rows += [row(f"EER, {k}", f"<= {t:g} %", judged["eer"][k]["eer"], t, " %") for k, t in TARGETS.items()]
    for method, table in judged["der"].items():
        for name, found in table.items():
            aimed = DER_TARGET if method == "online" and name == "clean" else None
            text = f"<= {aimed:g} %" if aimed else ""
            rows.append(row(f"DER, {name}, {method}", text, found["der"], aimed, " %"))
    cost = judged["cost"]
    rows.append(row("p99 of a window, CPU time", "", cost["cpu_p99_ms"], None, " ms"))
    rows.append(
        row("p99 of a window, one core", f"<= {COST_TARGET_MS:g} ms", cost["wall_p99_ms"], COST_TARGET_MS, " ms")
    )
    lines = [f"- {name}: {value:g}" for name, value in cost.items()]
    return "\n".join(rows) + "\n\n" + details(judged["eer"]) + "\n\nCost:\n\n" + "\n".join(lines)


def row(what: str, target: str, value: float, limit: float | None, unit: str) -> str:
    """A line of the table; a target missed is called missed."""
    held = "" if limit is None else "reached" if value <= limit else "**missed**"
    return f"| {what} | {target} | {value:.2f}{unit} | {held} |"


def details(eer: dict[str, dict[str, float]]) -> str:
    """Error rates by corpus, with the number of pairs."""
    lines = ["| EER by corpus | an4 | librispeech-mini | pairs of one / of two |", "|---|---|---|---|"]
    for name, found in eer.items():
        pairs = f"{found['same_pairs']:g} / {found['other_pairs']:g}"
        lines.append(f"| {name} | {found['an4']:.2f} % | {found['librispeech-mini']:.2f} % | {pairs} |")
    return "\n".join(lines)
