"""What the enhancer is taught: compressed spectra at three resolutions, loudness as it is heard, and the waveform."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from models.recipes.denoise.loudness import annoyance
from models.recipes.denoise.network import WINDOW

POWER = 0.3
# What lost speech costs beside noise that is left. It was 2.5, then 1.8, for the first version: that left noise
# which scores that follow hearing (PESQ) count dearer than a little lost speech.
LOST_SPEECH = 1.3
# Keeps the compressed gradient finite where there is nothing; -60 dB of a unit-level bin.
FLOOR = 1e-4
# Beside the enhancer's own window: one that sees harmonics, one that sees onsets.
OTHERS = (1024, 256)
Terms = dict[str, Tensor | float]


class Spectrum(Function):
    """rfft whose gradient is one irfft; torch's own goes through a full complex transform."""

    @staticmethod
    def forward(ctx: Any, frames: Tensor) -> Tensor:
        """Forward, keeping what the gradient needs."""
        ctx.size = frames.shape[-1]
        return torch.view_as_real(torch.fft.rfft(frames))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """The gradient."""
        half = torch.view_as_complex(grad * (ctx.size / 2))
        half[..., 0] *= 2
        half[..., -1] *= 2
        frames: Tensor = torch.fft.irfft(half, ctx.size)
        return frames


def spectrum(audio: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary parts of every frame, half a window apart; one level whatever the window."""
    size = len(window)
    parts = Spectrum.apply(audio.unfold(1, size, size // 2) * (window * (WINDOW / size) ** 0.5))
    real, imag = parts.unbind(-1)
    return real, imag


@cache
def other(size: int, device: torch.device) -> Tensor:
    """The root of a Hann window."""
    return torch.sqrt(torch.hann_window(size, periodic=True, device=device))


def spectral(out: Tensor, clean: Tensor, window: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Distances between power-compressed spectra, of magnitudes and of complex values; and both powers."""
    real, imag = spectrum(out, window)
    wanted_real, wanted_imag = spectrum(clean, window)
    power = real * real + imag * imag + FLOOR
    wanted_power = wanted_real * wanted_real + wanted_imag * wanted_imag + FLOOR
    size, wanted = power ** (POWER / 2), wanted_power ** (POWER / 2)
    gap = wanted - size
    # Speech taken away cannot be put back by anyone; noise left behind merely annoys.
    weight = torch.where(gap > 0, LOST_SPEECH, 1.0)
    shrink, wanted_shrink = size * power**-0.5, wanted * wanted_power**-0.5
    off_real = real * shrink - wanted_real * wanted_shrink
    off_imag = imag * shrink - wanted_imag * wanted_shrink
    return (weight * gap.square()).mean(), (off_real.square() + off_imag.square()).mean(), power, wanted_power


def waveform(out: Tensor, clean: Tensor) -> Tensor:
    """Error against speech in dB, bounded so that clean, hopeless and speechless rows do not shout."""
    error = (out - clean).square().mean(1)
    speech = clean.square().mean(1)
    return (10 * torch.log10((error + 1e-3 * speech + 1e-4) / (speech + 1e-2))).mean()


def unit_level(noisy: Tensor, out: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Every mixture counts alike whatever its level."""
    gain = 1 / (noisy.square().mean(1, keepdim=True).sqrt() + 1e-7)
    return out * gain, clean * gain


def total(noisy: Tensor, out: Tensor, clean: Tensor, window: Tensor) -> tuple[Tensor, Terms]:
    """The loss and its parts."""
    out, clean = unit_level(noisy, out, clean)
    size, complex_, power, wanted = spectral(out, clean, window)
    others = [spectral(out, clean, other(n, out.device)) for n in OTHERS]
    finer = torch.stack([3.0 * size + 2.0 * complex_ for size, complex_, *_ in others]).mean()
    wave, heard = waveform(out, clean), annoyance(power, wanted)
    loss = 0.5 * (3.0 * size + 2.0 * complex_ + finer) + 0.05 * wave + 0.15 * heard
    parts = {"size": size, "complex": complex_, "finer": finer, "wave": wave, "heard": heard}
    return loss, {name: value.detach() for name, value in parts.items()}
