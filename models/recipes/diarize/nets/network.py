"""The speaker net: sound in, a unit vector out. Knows nothing of training data or ONNX.

Everything from the waveform on is a matrix product or a small convolution, so the exported graph is
few big operations. Frames come in the middle axis, features last. A row never sees its neighbours.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE_HZ, HOP, WINDOW, BINS, MELS = 16000, 160, 400, 257, 80
LOWEST_HZ, HIGHEST_HZ = 30.0, 7600.0
# Far below the window's own level nothing is heard but the recorder.
FLOOR = 1e-5
SILENCE = 1e-9


class Features(nn.Module):
    """Log-mel spectra relative to the window's level, each band around its own mean."""

    even: Tensor
    odd: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        # A frame folded around its middle: cosines see only the even half, sines the odd one.
        at = torch.arange(WINDOW // 2, dtype=torch.float64) + 0.5 - WINDOW / 2
        hann = torch.cos(math.pi * at / WINDOW) ** 2
        turn = 2 * math.pi * at[:, None] * torch.arange(BINS, dtype=torch.float64) / (2 * (BINS - 1))
        self.register_buffer("even", (hann[:, None] * torch.cos(turn)).float(), persistent=False)
        self.register_buffer("odd", (hann[:, None] * torch.sin(turn)).float(), persistent=False)
        self.register_buffer("mel", mel_bank(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] samples, N a multiple of the hop -> [B, N / hop - 2, MELS]."""
        hops = audio.reshape(audio.shape[0], -1, HOP)
        frames = torch.cat([hops[:, :-2], hops[:, 1:-1], hops[:, 2:, : WINDOW - 2 * HOP]], dim=-1)
        left, right = frames[..., : WINDOW // 2], frames[..., WINDOW // 2 :].flip(-1)
        real, imag = (left + right) @ self.even, (left - right) @ self.odd
        mel = (real * real + imag * imag) @ self.mel
        level = mel.mean(dim=(1, 2), keepdim=True) + SILENCE
        logs = torch.log(mel / level + FLOOR)
        return logs - averaged(logs)[:, None]


def mel_bank() -> Tensor:
    """Triangles of equal width on the mel scale."""
    edges = np.linspace(mel_of(LOWEST_HZ), mel_of(HIGHEST_HZ), MELS + 2)
    bins = mel_of(np.arange(BINS) * RATE_HZ / 2 / (BINS - 1))[:, None]
    up = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.maximum(0, np.minimum(up, down)).astype(np.float32))


def mel_of(hz: np.ndarray | float) -> np.ndarray:
    """Hertz -> mel."""
    return np.asarray(1127 * np.log1p(np.asarray(hz) / 700))


class Dense(nn.Module):
    """A linear map with batch normalisation; outside training the two are one product."""

    def __init__(self, given: int, made: int, *, affine: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(made, given) * math.sqrt(2 / given))
        self.norm = nn.BatchNorm1d(made, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """[..., given] -> [..., made]."""
        if self.training:
            out = self.product(x)
            normal: Tensor = self.norm(out.reshape(-1, out.shape[-1]))
            return normal.reshape(out.shape)
        scale, shift = folded(self.norm)
        return functional.linear(x, self.weight * scale[:, None], shift)

    def product(self, x: Tensor) -> Tensor:
        """What is normalised."""
        return functional.linear(x, self.weight)


class Picture(nn.Module):
    """A convolution over time and frequency with batch normalisation."""

    def __init__(self, given: int, made: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(given, made, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(made)

    def forward(self, x: Tensor) -> Tensor:
        """[B, given, frames, bands] -> the same, strided."""
        if self.training:
            return torch.relu(self.norm(self.product(x)))
        scale, shift = folded(self.norm)
        weight = self.conv.weight * scale[:, None, None, None]
        return torch.relu(functional.conv2d(x, weight, shift, self.conv.stride, 1))

    def product(self, x: Tensor) -> Tensor:
        """What is normalised."""
        made: Tensor = self.conv(x)
        return made


def folded(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A normalisation as scale and shift."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = torch.rsqrt(norm.running_var + norm.eps)
    if norm.affine:
        return scale * norm.weight, norm.bias - norm.running_mean * scale * norm.weight
    return scale, -norm.running_mean * scale


class Block(nn.Module):
    """A dilated look at both sides, weighed by what the whole window is like."""

    def __init__(self, size: int, dilation: int, squeeze: int = 64) -> None:
        super().__init__()
        self.dilation = dilation
        self.enter = Dense(size, size)
        self.look = Dense(3 * size, size)
        self.squeeze = nn.Linear(size, squeeze)
        self.excite = nn.Linear(squeeze, size)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, size] -> the same."""
        wide = functional.pad(torch.relu(self.enter(x)), (0, 0, self.dilation, self.dilation))
        sides = [wide[:, : -2 * self.dilation], wide[:, self.dilation : -self.dilation], wide[:, 2 * self.dilation :]]
        seen = torch.relu(self.look(torch.cat(sides, dim=-1)))
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(averaged(seen)))))
        return x + seen * gate[:, None]


class Statistics(nn.Module):
    """Mean and deviation over time, every feature attending to the frames that tell most."""

    def __init__(self, size: int, middle: int = 96) -> None:
        super().__init__()
        self.frame = nn.Linear(size, middle)
        self.whole = nn.Linear(2 * size, middle)
        self.score = nn.Linear(middle, size)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, size] -> [B, 2 * size]."""
        plain = x.mean(dim=1)
        around = torch.cat([plain, deviation((x * x).mean(dim=1), plain)], dim=-1)
        weights = torch.softmax(self.score(torch.tanh(self.frame(x) + self.whole(around)[:, None])), dim=1)
        mean = (weights * x).sum(dim=1)
        return torch.cat([mean, deviation((weights * x * x).sum(dim=1), mean)], dim=-1)


def averaged(x: Tensor) -> Tensor:
    """[B, T, size] -> [B, size]."""
    # As a product, since runtimes add up a middle axis differently for one row than for many,
    # and the last bit of a sum decides how eight bits round.
    return (x.new_ones(1, x.shape[1]) @ x)[:, 0] / x.shape[1]


def deviation(square: Tensor, mean: Tensor) -> Tensor:
    """The standard deviation, never zero."""
    return torch.sqrt((square - mean * mean).clamp(min=1e-4))


class Voiceprint(nn.Module):
    """Features, a small picture net, dilated blocks, all their outputs together, statistics, the embedding."""

    def __init__(self, size: int = 256, joined: int = 512, width: int = 192) -> None:
        super().__init__()
        self.width = width
        self.features = Features()
        self.first = Picture(1, 16, (1, 2))
        self.second = Picture(16, 32, (2, 2))
        self.entry = Dense(32 * MELS // 4, size)
        self.blocks = nn.ModuleList([Block(size, dilation) for dilation in (1, 2, 3, 4)])
        self.join = Dense(len(self.blocks) * size, joined)
        self.statistics = Statistics(joined)
        self.exit = Dense(2 * joined, width, affine=False)

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, width], of length one."""
        return functional.normalize(self.embed(self.features(audio)), dim=-1)

    def embed(self, features: Tensor) -> Tensor:
        """[B, T, MELS] -> [B, width], of any length."""
        picture = self.second(self.first(features[:, None]))
        x = torch.relu(self.entry(picture.transpose(1, 2).flatten(2)))
        found = []
        for block in self.blocks:
            x = block(x)
            found.append(x)
        joined = torch.relu(self.join(torch.cat(found, dim=-1)))
        # Squares of half precision lose what the deviation needs.
        rows: Tensor = self.exit(self.statistics(joined.float()).to(joined.dtype))
        return rows.float()
