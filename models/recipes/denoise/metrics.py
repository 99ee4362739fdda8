"""The four scores an enhancer is judged by. Each compares aligned audio of one length."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
from pesq import NoUtterancesError, pesq
from pystoi import stoi

from models.recipes.denoise.runner import session
from models.recipes.sound import RATE_HZ, Audio

DNSMOS_SAMPLES = int(9.01 * RATE_HZ)
# The published mapping from the scorer's raw overall output to the opinion scale.
OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


class Metrics:
    """Without a DNSMOS scorer that score is left out."""

    def __init__(self, references: Path | None) -> None:
        self.scorer = session(references / "dnsmos_sig_bak_ovr.onnx") if references else None

    def __call__(self, out: Audio, clean: Audio, gain: float) -> dict[str, float]:
        """`gain` undoes a quiet mixture's level, for the one score that minds levels."""
        scores = {"si_sdr_db": si_sdr(out, clean), "stoi": float(stoi(clean, out, RATE_HZ))}
        with contextlib.suppress(NoUtterancesError):
            scores["pesq_wb"] = float(pesq(RATE_HZ, clean * gain, out * gain, "wb"))
        if self.scorer:
            scores["dnsmos_ovrl"] = self.overall(out * np.float32(gain))
        return scores

    def overall(self, audio: Audio) -> float:
        """The predicted overall opinion, from the clip repeated to nine seconds."""
        assert self.scorer
        repeated = np.resize(audio, DNSMOS_SAMPLES).astype(np.float32)
        raw = self.scorer.run(None, {self.scorer.get_inputs()[0].name: repeated[None]})[0]
        return float(OVERALL(raw[0][2]))


def si_sdr(out: Audio, clean: Audio) -> float:
    """Scale-invariant signal-to-distortion ratio in dB."""
    a, b = out.astype(np.float64) - out.mean(), clean.astype(np.float64) - clean.mean()
    part = (a @ b) / (b @ b + 1e-20) * b
    return float(10 * np.log10((part @ part + 1e-20) / ((a - part) @ (a - part) + 1e-20)))
