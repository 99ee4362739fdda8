"""A folder of recordings for who converts a model: some for scales, others for quality. Must not know a stage."""

from collections.abc import Sequence
from pathlib import Path

from parley.errors import BadInput

SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a")


def for_scales(folder: Path) -> Sequence[Path]:
    """The first of every two, in order."""
    return _all(folder)[0::2]


def for_quality(folder: Path) -> Sequence[Path]:
    """The others."""
    return _all(folder)[1::2]


def _all(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    if len(found) < 2:
        raise BadInput("Converting needs at least two recordings; name a folder that has more, with --calibration.")
    return found
