"""The voices that ship without a segmentation, by themselves."""

from dataclasses import replace

import numpy as np

from services.diarize.engine import WindowsJob, open_engine, shape_of
from tests.services.diarize.shipped import NANO, TWO, floats


def test_company_does_not_matter() -> None:
    """A window in a run with others gives what it gives alone."""
    size = shape_of(NANO.spec).size
    rows = np.stack([floats(TWO)[at : at + size] for at in range(0, 8 * size // 2, size // 2)])
    (together,) = NANO.engine.run([WindowsJob(rows)])
    alone = np.concatenate([NANO.engine.run([WindowsJob(row[None])])[0] for row in rows])
    assert np.abs(together - alone).max() < 1e-4


def test_openvino_gives_the_same() -> None:
    """The same file with the other library: embeddings that point the same way."""
    size = shape_of(NANO.spec).size
    rows = np.stack([floats(TWO)[at : at + size] for at in range(0, 4 * size, size)])
    (ours,) = NANO.engine.run([WindowsJob(rows)])
    (theirs,) = open_engine(replace(NANO.spec, backend="openvino")).model.run([WindowsJob(rows)])
    assert (ours * theirs).sum(1).min() > 0.99
