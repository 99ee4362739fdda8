"""What the enhancer is taught: compressed spectra, dearer when speech is lost, and the waveform."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from models.recipes.denoise.network import HOP, WINDOW

POWER = 0.3
# What lost speech costs beside noise that is left: dear while the net learns to keep it, then fairer.
LOST_SPEECH, LATER, LATER_FROM = 2.5, 1.8, 2480
# Keeps the compressed gradient finite where there is nothing; -60 dB of a unit-level bin.
FLOOR = 1e-4


class Spectrum(Function):
    """rfft whose gradient is one irfft; torch's own goes through a full complex transform."""

    @staticmethod
    def forward(ctx: Any, frames: Tensor) -> Tensor:
        """Forward, keeping what the gradient needs."""
        return torch.view_as_real(torch.fft.rfft(frames))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        """The gradient."""
        half = torch.view_as_complex(grad * (WINDOW / 2))
        half[..., 0] *= 2
        half[..., -1] *= 2
        frames: Tensor = torch.fft.irfft(half, WINDOW)
        return frames


def spectrum(audio: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary parts of every frame."""
    parts = Spectrum.apply(audio.unfold(1, WINDOW, HOP) * window)
    real, imag = parts.unbind(-1)
    return real, imag


def spectral(out: Tensor, clean: Tensor, window: Tensor, price: float) -> tuple[Tensor, Tensor]:
    """Distances between power-compressed spectra: of magnitudes, and of complex values."""
    real, imag = spectrum(out, window)
    wanted_real, wanted_imag = spectrum(clean, window)
    power = real * real + imag * imag + FLOOR
    wanted_power = wanted_real * wanted_real + wanted_imag * wanted_imag + FLOOR
    size, wanted = power ** (POWER / 2), wanted_power ** (POWER / 2)
    gap = wanted - size
    # Speech taken away cannot be put back by anyone; noise left behind merely annoys.
    weight = torch.where(gap > 0, price, 1.0)
    shrink, wanted_shrink = size * power**-0.5, wanted * wanted_power**-0.5
    off_real = real * shrink - wanted_real * wanted_shrink
    off_imag = imag * shrink - wanted_imag * wanted_shrink
    return (weight * gap.square()).mean(), (off_real.square() + off_imag.square()).mean()


def waveform(out: Tensor, clean: Tensor) -> Tensor:
    """Error against speech in dB, bounded so that clean, hopeless and speechless rows do not shout."""
    error = (out - clean).square().mean(1)
    speech = clean.square().mean(1)
    return (10 * torch.log10((error + 1e-3 * speech + 1e-4) / (speech + 1e-2))).mean()


def unit_level(noisy: Tensor, out: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Every mixture counts alike whatever its level."""
    gain = 1 / (noisy.square().mean(1, keepdim=True).sqrt() + 1e-7)
    return out * gain, clean * gain


def price_at(step: int) -> float:
    """What lost speech costs at this step."""
    return LOST_SPEECH if step < LATER_FROM else LATER


def total(
    noisy: Tensor, out: Tensor, clean: Tensor, window: Tensor, price: float = LATER
) -> tuple[Tensor, dict[str, float]]:
    """The loss and its parts."""
    out, clean = unit_level(noisy, out, clean)
    size, complex_ = spectral(out, clean, window, price)
    wave = waveform(out, clean)
    loss = 3.0 * size + 2.0 * complex_ + 0.05 * wave
    return loss, {"size": size.item(), "complex": complex_.item(), "wave": wave.item()}
