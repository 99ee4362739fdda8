"""Frames with their state -> cleaned frames with the next state, many streams at once. Must not know streams.

The graph is declared in model.toml: `audio` in and out, and [options.states] name -> shape; a state's output is named
`next_<name>`. Every state has the batch as its first axis, so that streams can share a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parley import backends
from parley.audio import Samples
from parley.backends import Placed
from parley.engine import Array, Engine, Tensors
from parley.model import ModelSpec

State = Mapping[str, Array]


@dataclass(frozen=True)
class Frames:
    """Whole hops of one stream, and what the model remembers of it."""

    samples: Samples
    state: State


class DenoiseEngine:
    """Stacks the streams whose frames are equally long."""

    def __init__(self, tensors: Tensors, spec: ModelSpec) -> None:
        self._tensors = tensors
        self._states = tuple(spec.options.get("states", {}))

    def run(self, jobs: Sequence[Frames]) -> Sequence[Frames]:
        """One answer a job, in order."""
        answers: dict[int, Frames] = {}
        for length in {len(job.samples) for job in jobs}:
            places = [n for n, job in enumerate(jobs) if len(job.samples) == length]
            answers |= dict(zip(places, self._together([jobs[n] for n in places]), strict=True))
        return [answers[n] for n in range(len(jobs))]

    def _together(self, jobs: Sequence[Frames]) -> list[Frames]:
        feeds = {"audio": np.stack([job.samples for job in jobs])}
        feeds |= {name: np.stack([job.state[name] for job in jobs]) for name in self._states}
        out = self._tensors.run(feeds)
        states = [{name: out[f"next_{name}"][n] for name in self._states} for n in range(len(jobs))]
        return [Frames(out["audio"][n], state) for n, state in enumerate(states)]


def silent_state(spec: ModelSpec) -> State:
    """What a model remembers of a stream that has not begun."""
    return {name: np.zeros(shape, np.float32) for name, shape in spec.options.get("states", {}).items()}


def open_engine(spec: ModelSpec) -> Placed[Engine[Frames, Frames]]:
    """Open a model and run it once, so that the first caller does not pay for it."""
    placed = backends.tensors(spec)
    engine = DenoiseEngine(placed.model, spec)
    engine.run([Frames(np.zeros(int(spec.option("hop")), np.float32), silent_state(spec))])
    return placed.holding(engine)
