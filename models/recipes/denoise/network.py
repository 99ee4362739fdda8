"""The enhancer: spectrum in, bounded complex mask and a time gate out. Knows nothing of training or ONNX.

Everything it sees is relative to a slow level that it carries, so -60 dBFS and -10 dBFS look alike.
Time is the first axis inside, streams the second; the states have streams first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.recipes.denoise.recurrent import Recurrent

HOP, WINDOW, BINS = 256, 512, 257
LOW_BINS = 64
BLOCKS = 8
GATES = 16
# The level follows power with this memory per hop: about two seconds.
MEMORY = 0.992
SILENCE = 1e-11


@dataclass(frozen=True)
class States:
    """One stream's memory between calls; every tensor has streams first."""

    heard: Tensor  # [B, 256] the last hop of input
    spoken: Tensor  # [B, 256] the overlap still to be added
    low: Tensor  # [B, 2, 64] the low bins of the last spectrum
    level: Tensor  # [B, 2] decayed power, decayed weight
    first: Tensor  # [B, H]
    second: Tensor  # [B, H]

    @staticmethod
    def zeros(streams: int, size: int) -> States:
        """Memory of nothing."""
        shapes = [(HOP,), (HOP,), (2, LOW_BINS), (2,), (size,), (size,)]
        return States(*(torch.zeros(streams, *shape) for shape in shapes))


def window() -> Tensor:
    """Square-root Hann: analysis times synthesis adds to one at half overlap."""
    return torch.sqrt(torch.hann_window(WINDOW, periodic=True))


class Enhancer(nn.Module):
    """Five layers over relative features; the averaged weights of one of these are what is served."""

    window: Tensor
    spread: Tensor

    def __init__(self, size: int = 320, middle: int = 320) -> None:
        super().__init__()
        self.size = size
        self.entry = nn.Linear(BINS + 2 * LOW_BINS + BLOCKS, size)
        self.first = Recurrent(size, size)
        self.second = Recurrent(size, size)
        self.middle = nn.Linear(size, middle)
        self.exit = nn.Linear(middle, 2 * BINS + GATES)
        self.register_buffer("window", window(), persistent=False)
        self.register_buffer("spread", gate_spread(), persistent=False)
        with torch.no_grad():
            self.exit.weight.mul_(0.1)
            # Start nearly open: an untrained net passes sound on.
            self.exit.bias.zero_()
            self.exit.bias[:BINS] = 0.7
            self.exit.bias[2 * BINS :] = 1.5

    def forward(self, audio: Tensor, states: States) -> tuple[Tensor, States]:
        """Enhance audio [B, N * hop] -> [B, N * hop], one hop late, and the states after it."""
        frames = split(audio, states.heard)
        spectrum = torch.fft.rfft(frames * self.window)
        real, imag = spectrum.real, spectrum.imag
        features, level = self.features(frames, real, imag, states)
        mask, gate, first, second = self.decide(features, states)
        clean = torch.complex(*apply_mask(mask, real, imag))
        waves = torch.fft.irfft(clean, WINDOW) * (gate @ self.spread) * self.window
        out, spoken = overlap(waves, states.spoken)
        low = torch.stack([real[-1, :, :LOW_BINS], imag[-1, :, :LOW_BINS]], dim=1)
        return out, States(audio[:, -HOP:], spoken, low, level, first, second)

    def features(self, frames: Tensor, real: Tensor, imag: Tensor, states: States) -> tuple[Tensor, Tensor]:
        """What the net sees, and the level it is relative to."""
        power = real * real + imag * imag
        slow, level = follow(power.mean(-1), states.level)
        tone = torch.log10(power / slow + 1e-6)
        blocks = torch.stack(frames[..., HOP:].chunk(BLOCKS, dim=-1), dim=-2).square().mean(-1)
        beats = torch.log10(blocks * WINDOW / slow + 1e-6)
        turn = advance(real[..., :LOW_BINS], imag[..., :LOW_BINS], states.low, slow)
        return torch.cat([0.5 * tone + 1, turn, 0.5 * beats + 0.5], dim=-1), level

    def decide(self, features: Tensor, states: States) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mask, gate and the recurrent states."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            seen = torch.relu(self.entry(features)).float()
        first = self.first(seen, states.first)
        second = self.second(seen + first, states.second)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            middle = torch.relu(self.middle(seen + first + second))
            out = torch.tanh(self.exit(middle).float())
        return out[..., : 2 * BINS], 0.51 + 0.5 * out[..., 2 * BINS :], first[-1], second[-1]


def split(audio: Tensor, heard: Tensor) -> Tensor:
    """[B, N * hop] -> overlapping frames [N, B, window]."""
    hops = torch.cat([heard, audio], dim=1).reshape(len(audio), -1, HOP).transpose(0, 1)
    return torch.cat([hops[:-1], hops[1:]], dim=-1)


def overlap(waves: Tensor, spoken: Tensor) -> tuple[Tensor, Tensor]:
    """Frames [N, B, window] -> [B, N * hop] and the half frame that waits for its other half."""
    early, late = waves[..., :HOP], waves[..., HOP:]
    out = early + torch.cat([spoken[None], late[:-1]])
    return out.transpose(0, 1).flatten(1), late[-1]


def follow(power: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Decayed mean power up to each frame [N, B, 1], weighted so that it is right from the first frame.

    Written as one triangular product: a loop over frames would cost a kernel each in the served graph.
    """
    at = torch.arange(len(power) + 1, dtype=torch.float32, device=power.device)
    decay = torch.where(at[1:, None] >= at, MEMORY ** (at[1:, None] - at).clamp(min=0), torch.zeros(()))
    carried = torch.stack([torch.cat([level[None, :, i], x]) for i, x in enumerate((power, torch.ones_like(power)))])
    sums = decay @ carried
    slow = sums[0] / sums[1] + SILENCE
    return slow[..., None], sums[:, -1].t()


def advance(real: Tensor, imag: Tensor, low: Tensor, slow: Tensor) -> Tensor:
    """How far each low bin's phase turned since the last frame, as a point in the unit disc."""
    was_real = torch.cat([low[None, :, 0], real[:-1]])
    was_imag = torch.cat([low[None, :, 1], imag[:-1]])
    along = real * was_real + imag * was_imag
    across = imag * was_real - real * was_imag
    length = torch.sqrt(along * along + across * across + (1e-3 * slow) ** 2)
    return torch.cat([along / length, across / length], dim=-1)


def apply_mask(mask: Tensor, real: Tensor, imag: Tensor) -> tuple[Tensor, Tensor]:
    """The real part stays within 0..1.02, the imaginary within +-0.5: nothing can blow up."""
    stay, turn = 0.51 + 0.51 * mask[..., :BINS], 0.5 * mask[..., BINS:]
    return real * stay - imag * turn, real * turn + imag * stay


def gate_spread() -> Tensor:
    """Interpolates GATES gains over a window, [GATES, WINDOW]."""
    centres = (torch.arange(GATES) + 0.5) * WINDOW / GATES
    at = torch.arange(WINDOW) + 0.5
    spread = (1 - (at[None] - centres[:, None]).abs() * GATES / WINDOW).clamp(min=0)
    return spread / spread.sum(0)
