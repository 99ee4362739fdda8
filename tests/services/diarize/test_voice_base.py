"""The segmentation and the voices that ship, by themselves."""

from dataclasses import replace

import numpy as np

from parley.audio.pcm import RATE_HZ
from parley.engines import backends
from services.diarize.engine import SegmentJob, WindowsJob, shape_of
from tests.services.diarize.shipped import BASE, TWO, floats

HER, HIM = floats(TWO)[: 6 * RATE_HZ], floats(TWO)[round(6.6 * RATE_HZ) :]


def test_two_at_once_are_told_as_two() -> None:
    """He begins two seconds before she ends: their turns overlap."""
    mixed = np.zeros(len(HER) + len(HIM) - 2 * RATE_HZ, np.float32)
    mixed[: len(HER)] += HER
    mixed[len(HER) - 2 * RATE_HZ :] += HIM
    turns = BASE.whole((np.clip(mixed, -1, 1) * 32767).astype("<i2").tobytes())
    hers, his = ([(a, b) for speaker, a, b in turns if speaker == who] for who in ("1", "2"))
    assert sum(max(0.0, min(b, d) - max(a, c)) for a, b in hers for c, d in his) > 0.5


def test_company_does_not_matter() -> None:
    """In a run with others a window and a segment give what they give alone."""
    size = shape_of(BASE.spec).size
    rows, segment = np.stack([floats(TWO)[at : at + size] for at in range(0, 4 * size, size)]), SegmentJob(HER)
    together, active, again = BASE.engine.run([WindowsJob(rows), segment, WindowsJob(rows[:1])])
    alone = np.concatenate([BASE.engine.run([WindowsJob(row[None])])[0] for row in rows])
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(again - alone[:1]).max() < 1e-4
    assert (active == BASE.engine.run([segment])[0]).all()


def test_openvino_embeds_the_same() -> None:
    """The same file with the other library: embeddings that point the same way, at any length."""
    graph = replace(BASE.spec.graph("embedding"), options={})
    ours, theirs = (backends.tensors(replace(graph, backend=each)).model for each in ("onnx", "openvino"))
    for size in (16_000, 24_000, 48_000):
        rows = HER[None, :size]
        one, other = (each.run({"audio": rows})["embedding"] for each in (ours, theirs))
        assert (one * other).sum() > 0.99
