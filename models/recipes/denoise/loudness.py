"""How annoying a difference is to a listener: loudness in critical bands, after Zwicker and the idea of PESQ.

Noise that was added counts dearer than speech that was lost, more so the more it stands out. Smooth enough to learn by.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from models.recipes.denoise.network import BINS

BANDS = 42
LISTENING_DB = 76.0  # what a mixture of unit level sounds like, in dB over the threshold of hearing at 1 kHz
GROWTH = 0.23  # of loudness with power
UNHEARD = 0.25  # share of the lesser loudness by which two may differ unnoticed
STANDS_OUT, AT_MOST = 3.0, 12.0
WORST = 45.0  # of one frame
ADDED = 0.3  # weight of what was added beside the difference as such


@cache
def bands(device: torch.device) -> tuple[Tensor, Tensor]:
    """Sums of bins in critical bands, [BINS, BANDS], scaled to listening level; and the threshold of each band."""
    hz = np.linspace(0, 8000, BINS)
    bark = 7 * np.arcsinh(hz / 650)
    edges = np.linspace(bark[1], bark[-1] + 1e-6, BANDS + 1)
    sums = ((bark[:, None] >= edges[:-1]) & (bark[:, None] < edges[1:])).astype(np.float32)
    # The low bands are narrower than a bin: they get the nearest one's share.
    for band in np.flatnonzero(sums.sum(0) == 0):
        sums[np.abs(bark - edges[band : band + 2].mean()).argmin(), band] = 0.5
    centre = 650 * np.sinh((edges[:-1] + edges[1:]) / 14) / 1000
    quiet_db = 3.64 * centre**-0.8 - 6.5 * np.exp(-0.6 * (centre - 3.3) ** 2) + 1e-3 * centre**4
    # A frame of unit level holds half a window's power, in bins of half a spectrum.
    scale = 10 ** (LISTENING_DB / 10) / (BINS * BINS / 2)
    parts = torch.from_numpy(sums * np.float32(scale)), torch.from_numpy(10 ** (quiet_db / 10)).float()
    return parts[0].to(device), parts[1].to(device)


def loudness(power: Tensor, threshold: Tensor) -> Tensor:
    """Of each band, in sones or nearly."""
    grown = (0.5 + 0.5 * power / threshold) ** GROWTH - 1
    return 0.19 * (threshold / 0.5) ** GROWTH * grown.clamp(min=0)


def annoyance(power: Tensor, wanted: Tensor) -> Tensor:
    """Mean over frames, from power spectra [..., BINS] of a mixture of unit level."""
    sums, threshold = bands(power.device)
    heard, meant = power @ sums, wanted @ sums
    loud, right = loudness(heard, threshold), loudness(meant, threshold)
    gap = loud - right
    noticed = (gap.abs() - UNHEARD * torch.minimum(loud, right)).clamp(min=0)
    ratio = ((heard + 50) / (meant + 50)) ** 1.2
    dear = torch.where(ratio > STANDS_OUT, ratio.clamp(max=AT_MOST), 0.0)
    # Frames in which there is much to hear hide more.
    hides = ((meant.sum(-1) + 1e5) / 1e7) ** 0.04
    whole = (noticed.square().sum(-1) + 1e-6).sqrt() / hides
    added = (noticed * dear).sum(-1) / hides
    return (whole.clamp(max=WORST) + ADDED * 0.3 * added.clamp(max=WORST)).mean()
