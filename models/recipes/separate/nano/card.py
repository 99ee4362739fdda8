"""The model's manifest and card, from what export and evaluate found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.recipes.denoise.network import HOP, WINDOW
from models.recipes.provenance import Manifest, describe, listed
from models.recipes.separate.nano.graph import state_shapes
from models.recipes.separate.nano.network import LATE, Separator
from models.recipes.separate.nano.train import ROWS, SEED
from models.recipes.targets import Row, at_least, at_most, table, told

NAME, VERSION = "separate-nano", "1"
RATE_HZ = 16_000
SCORES = {
    "voice_gain_db": "SI-SDR gain of the voice, dB",
    "voice_gain_p10_db": "the same, a tenth of the mixtures below",
    "rest_gain_db": "SI-SDR gain of the rest, dB",
    "pesq_wb": "PESQ-WB of the voice",
}
ROWS_OF = {
    "music": "speech over music",
    "sung": "singing-like speech over music",
    "beds": "speech over sound effects",
    "clean": "speech alone",
}

TEXT = """# {name} {version}

Takes the voice out of music and sound beds while it is still being said: 16 kHz, {parameters:,} parameters with
weights in half precision, one call for any number of streams and of 16 ms hops, {late_ms:.0f} ms late. It is
denoise-nano, wider, with a look of {ahead_ms:.0f} ms ahead, trained on over music.

**For** live streams: calls with music on hold, talk over a sound bed, captions of broadcasts.

**Not for** songs, where the singer stands in the middle of the music: spleeter-2stems hears twelve seconds at once and
in two channels. **Not for** recognisers as it is: Whisper tiny.en understands the mix as well as the voice out of it,
which is the one promise below that is missed; people hear the voice better. Two people who talk at once stay one track.
What is above 8 kHz goes to the rest.

## Numbers

On speakers, instruments, pieces and sound effects that training never met, -5 to 10 dB; choirs count as music.

{tables}

## How it was made

`python -m models.recipes.separate.nano all --data ... --start models/embedded/denoise/denoise-nano/2` reruns it. It
began as denoise-nano 2, widened so that it first gave the same; then {steps} steps of {rows} mixtures of three
seconds, {minutes} CPU minutes of one core, seed {seed}, averaged weights. The rest of a mixture is music in three of
four: pieces composed by chance (a key, chords, drums, bass, keys, strings, choirs, leads) and played by FluidSynth with
the sounds of FluidR3 GM (MIT, Frank Wen; Debian `fluid-soundfont-gm`); else noise of denoise-nano's recipe, or both.
One voice of seven is speech on the notes of a melody, by a vocoder. One instrument of seven and two drum kits are kept
for the examination.

Data:

{data}

The file equals the trained net within {max_error_random:.1e} on random and {max_error_real:.1e} on real input; frame by
frame, blocks of seven and all at once agree within {max_error_portions:.1e}.

## Limits

Training heard synthesised music alone, and was short: {steps} steps. Recorded music has singers, and masters that are
louder and denser. The same command with more `--minutes` goes on from the checkpoint.
"""


def document(folder: Path, data: Sequence[Path], made: dict[str, Any]) -> None:
    """Write both anew from what training and export know; nobody has judged these weights yet."""
    training = {"recipe": "models/recipes/separate/nano", "seed": SEED, "data": describe(data)}
    training |= {"start": "denoise-nano@2", "sounds": "FluidR3 GM (MIT)"}
    checked = {key: value for key, value in made.items() if key.startswith("max_error")}
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        stage="separate",
        backend="onnx",
        license="CC-BY-SA-4.0",
        sample_rate_hz=RATE_HZ,
        languages=[],
        files=["model.onnx"],
        training=training | {key: made[key] for key in ("steps", "minutes")},
        metrics={"export": checked},
        options=options(),
    )
    manifest.publish(folder, card)


def options() -> dict[str, Any]:
    """How an engine feeds the file."""
    states = [{"name": n, "next": f"{n}_next", "shape": s} for n, s in state_shapes(Separator()).items()]
    io = {"input": "audio", "output": "voice", "states": states}
    return {"adapter": "stream", "channels": 1, "hop": HOP, "window": WINDOW, "bins": 1, "latency_samples": LATE, **io}


def card(manifest: Manifest) -> str:
    """The text for people."""
    metrics, training = manifest.metrics, manifest.training
    return TEXT.format(
        name=manifest.name,
        version=manifest.version,
        parameters=sum(p.numel() for p in Separator().parameters()),
        late_ms=1000 * (LATE + HOP) / RATE_HZ,
        ahead_ms=1000 * (LATE - HOP) / RATE_HZ,
        tables=f"{table(promises(metrics))}\n\n{tables(metrics['rows'])}" if "rows" in metrics else "Not judged yet.",
        rows=ROWS,
        data=listed(training["data"]),
        **{key: training[key] for key in ("steps", "minutes", "seed")},
        **metrics["export"],
    )


def promises(metrics: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    rows, words, cost = metrics["rows"]["ours"], metrics["words"], metrics["cost"]
    return [
        at_least("speech over music, SI-SDR gain of the voice", 8.0, rows["music"]["voice_gain_db"], " dB", 1),
        at_least("speech over music, SI-SDR gain of the rest", 6.0, rows["music"]["rest_gain_db"], " dB", 1),
        at_least("tracks add up to the mix, below it", 60.0, rows["music"]["consistency_db"], " dB", 1),
        at_least("speech alone goes through, PESQ-WB", 4.0, rows["clean"]["pesq_wb"]),
        at_most(
            f"words that Whisper tiny.en gets wrong at 0 dB; half of those of the mix ({100 * words['mix']:.1f} %)",
            round(50 * words["mix"], 1),
            100 * words["ours"],
            " %",
            1,
        ),
        told("the same of the clean voice", 100 * words["clean"], " %", 1),
        told("the same after spleeter-2stems", 100 * words["spleeter-2stems@1"], " %", 1),
        at_most("latency", 200.0, 1000 * (LATE + HOP) / RATE_HZ, " ms", 0),
        at_least("streams a core at 80 % load", 40, cost["ours_streams_a_core"], digits=0),
        told("the same of denoise-nano 2, in the same run", cost["denoise_streams_a_core"], digits=0),
    ]


def tables(rows: Mapping[str, Any]) -> str:
    """One table a score: a line a kind of mixture, a column a system."""
    return "\n\n".join(f"{title}:\n\n{_table(rows, score)}" for score, title in SCORES.items())


def _table(rows: Mapping[str, Any], score: str) -> str:
    lines = ["| mixtures | n | " + " | ".join(rows) + " |", "|---" * (len(rows) + 2) + "|"]
    for row, title in ROWS_OF.items():
        if score in rows["ours"][row]:
            values = " | ".join(f"{found[row][score]:.2f}" for found in rows.values())
            lines.append(f"| {title} | {rows['ours'][row]['count']:g} | {values} |")
    return "\n".join(lines)
