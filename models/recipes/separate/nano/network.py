"""The separator: the enhancer of denoise, wider, and with a look ahead. Knows nothing of training or ONNX.

A frame's mask is decided AHEAD hops later, when the net has seen what follows it. Everything else is as in
`models.recipes.denoise.network`; the states have streams first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.recipes.denoise.network import (
    BINS,
    BLOCKS,
    HOP,
    LOW_BINS,
    WINDOW,
    Enhancer,
    apply_mask,
    overlap,
    split,
)
from models.recipes.denoise.network import States as Heard

SIZE = 384
AHEAD = 4
FEATURES = BINS + 2 * LOW_BINS + BLOCKS
# Samples until what came in comes out: the rest of its window, and the look ahead.
LATE = (AHEAD + 1) * HOP


@dataclass(frozen=True)
class States:
    """One stream's memory between calls: the enhancer's, and the frames that are not yet decided."""

    heard: Tensor  # [B, 256]
    spoken: Tensor  # [B, 256]
    low: Tensor  # [B, 2, 64]
    level: Tensor  # [B, 2]
    first: Tensor  # [B, SIZE]
    second: Tensor  # [B, SIZE]
    seen: Tensor  # [B, AHEAD, FEATURES]
    spectra: Tensor  # [B, AHEAD, 2 * 257] real parts, then imaginary parts

    @staticmethod
    def zeros(streams: int, size: int = SIZE) -> States:
        """Memory of nothing."""
        heard = Heard.zeros(streams, size)
        waiting = torch.zeros(streams, AHEAD, FEATURES), torch.zeros(streams, AHEAD, 2 * BINS)
        return States(heard.heard, heard.spoken, heard.low, heard.level, heard.first, heard.second, *waiting)


class Separator(Enhancer):
    """Decides over a frame and those after it."""

    def __init__(self, size: int = SIZE) -> None:
        super().__init__(size, size)
        self.ahead = nn.Linear(AHEAD * FEATURES, size, bias=False)
        nn.init.zeros_(self.ahead.weight)

    def forward(self, audio: Tensor, states: States) -> tuple[Tensor, States]:  # type: ignore[override]
        """The voice in audio [B, N * hop], LATE samples later, and the states after it."""
        frames = split(audio, states.heard)
        spectrum = torch.fft.rfft(frames * self.window)
        real, imag = spectrum.real, spectrum.imag
        features, level = self.features(frames, real, imag, states)  # type: ignore[arg-type]
        features = torch.cat([states.seen.transpose(0, 1), features])
        spectra = torch.cat([states.spectra.transpose(0, 1), torch.cat([real, imag], dim=-1)])
        mask, gate, first, second = self.decide_ahead(features, states)
        voice = torch.complex(*apply_mask(mask, *spectra[:-AHEAD].split(BINS, dim=-1)))
        waves = torch.fft.irfft(voice, WINDOW) * (gate @ self.spread) * self.window
        out, spoken = overlap(waves, states.spoken)
        low = torch.stack([real[-1, :, :LOW_BINS], imag[-1, :, :LOW_BINS]], dim=1)
        waiting = features[-AHEAD:].transpose(0, 1), spectra[-AHEAD:].transpose(0, 1)
        return out, States(audio[:, -HOP:], spoken, low, level, first, second, *waiting)

    def decide_ahead(self, features: Tensor, states: States) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mask, gate and the recurrent states, of every frame that has AHEAD frames after it."""
        count = len(features) - AHEAD
        after = torch.cat([features[n : n + count] for n in range(1, AHEAD + 1)], dim=-1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            seen = torch.relu(self.entry(features[:count]) + self.ahead(after)).float()
        first = self.first(seen, states.first)
        second = self.second(seen + first, states.second)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            middle = torch.relu(self.middle(seen + first + second))
            out = torch.tanh(self.exit(middle).float())
        return out[..., : 2 * BINS], 0.51 + 0.5 * out[..., 2 * BINS :], first[-1], second[-1]
