from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from services.diarize.engine import SETS, DiarizeEngine, SegmentJob
from services.diarize.options import DiarizeOptions


class Undecided:
    """A segmentation to which two at once are a little likelier than the first alone."""

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        scores = np.full((1, 5, len(SETS)), -9.0, np.float32)
        scores[..., 1], scores[..., 4] = -1.0, -0.5
        return {"sets": scores}


@pytest.mark.parametrize(("margin", "people"), [(0.0, 2), (0.4, 2), (0.6, 1)])
def test_two_at_once_must_be_likelier_by_the_margin(margin: float, people: int) -> None:
    """Up to the margin who is likeliest alone speaks alone."""
    declared = DiarizeOptions(window_s=1.5, same=0.4, ward_height=1.6, pair_margin=margin)
    engine = DiarizeEngine(Undecided(), Undecided(), declared)
    (active,) = engine.run([SegmentJob(np.zeros(16_000, np.float32))])
    assert active.sum(1).tolist() == [people] * 5
