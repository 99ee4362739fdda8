from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engines.stateful.engine import BUCKETS, Frames, Shape, StatefulEngine, buckets
from parley.engines.stateful.graph import Graph, Rows
from parley.errors import BadModel
from services.denoise.engine import open_engine
from tests.fakes import spec_of
from tests.services.denoise.graphs import enhancer
from tests.sound import noise

HOPS = st.lists(st.integers(1, 16), min_size=1, max_size=80)


class Sums:
    """Adds to every sample what it remembers, and remembers the sum; keeps how many rows each run had."""

    shape = Shape(hop=2, latency=0, memory=1)
    alone = False

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.rows: list[int] = []

    def run(self, tensors: object, audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
        self.rows.append(len(audio))
        total = np.cumsum(np.concatenate((memory, audio), 1), 1, dtype=np.float32)
        return total[:, 1:], total[:, -1:]


@given(HOPS)
def test_company_does_not_matter(hops: list[int]) -> None:
    """Streams of any lengths in one call give what each gives alone, and each remembers its own."""
    jobs = [Frames(noise(2 * n, seed=i), np.array([i], np.float32)) for i, n in enumerate(hops)]
    adapter = Sums()
    together = StatefulEngine(adapter, ()).run(jobs)
    alone = [StatefulEngine(Sums(), ()).run([job])[0] for job in jobs]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(together, alone, strict=True))
    assert all(np.array_equal(a.memory, b.memory) for a, b in zip(together, alone, strict=True))
    assert set(adapter.rows) <= set(BUCKETS)


def test_what_decays_ends_as_zero() -> None:
    """A state that fades in silence never becomes a denormal number, and what can be heard is not touched."""

    class Fades(Sums):
        def run(self, tensors: object, audio: Rows, memory: Rows) -> tuple[Rows, Rows]:
            return audio, memory * np.float32(0.1)

    engine, memory = StatefulEngine(Fades(), ()), np.array([1.0], np.float32)
    seen = []
    for _ in range(60):
        (done,) = engine.run([Frames(noise(2), memory)])
        memory = done.memory
        seen.append(float(memory[0]))
    assert np.allclose(seen[:15], [10.0**-n for n in range(1, 16)], rtol=1e-4, atol=0)
    assert seen[-1] == 0
    assert all(value == 0 or value > 1e-33 for value in seen)


@given(st.integers(1, 300), st.integers(1, 16))
def test_little_is_run_for_nobody(count: int, hops: int) -> None:
    """There is a place for every row, and at most eight hops are worked at in vain."""
    sizes = list(buckets(count, hops))
    assert set(sizes) <= set(BUCKETS)
    assert 0 <= (sum(sizes) - count) * hops <= 8


def test_a_result_holds_nobody_elses_memory() -> None:
    """A stream that pauses keeps its own row alive, not its whole batch."""
    done = StatefulEngine(Sums(), ()).run([Frames(noise(4), np.zeros(1, np.float32)) for _ in range(9)])
    assert all(each.samples.base is None and each.memory.base is None for each in done)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"output": "cleaner"}, "does not run as \\[options\\] say: 'cleaner'"),
        ({"input": "sund"}, "does not run as \\[options\\] say: .*sund"),
    ],
)
def test_a_graph_that_is_not_as_described_is_a_bad_model(tmp_path: Path, options: dict[str, str], wrong: str) -> None:
    """It is found out when the model is opened, not by the first caller."""
    spec = enhancer("waveform", tmp_path)
    with pytest.raises(BadModel, match=wrong):
        open_engine(replace(spec, options={**spec.options, **options}))


def test_a_model_without_a_hop_is_a_bad_model() -> None:
    """The missing option is named."""
    with pytest.raises(BadModel, match=r"lacks `options\.hop`"):
        open_engine(spec_of("denoise", outputs={"audio": 0}))
