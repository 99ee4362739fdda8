"""Gives back what it is given: for tests and transport benches. Needs no library and no weights."""

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Annotated

import numpy as np
import numpy.typing as npt

from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.protocols import Alignment, Array, Decoding, Generated, Generator, Tensors, Tokens

LIBRARIES = ()
EXTRAS = ()


@dataclass(frozen=True)
class Options:
    """What a model may say of what comes back, and when."""

    outputs: dict[str, Annotated[int, Within(0, 65_536)]] = field(default_factory=dict)  # and their widths
    busy_s: Annotated[float, Within(0, 60)] = 0.0  # for one source
    fail_every: Annotated[int, Within(0, 1_000_000)] = 0  # of so many batches of sources that are not silent one fails
    shift: Annotated[int, Within(0, 25)] = 0  # how far the words are from those of another echo


PLAIN = Options()
WORDS = (  # noqa: SIM905
    "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike "
    "november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
).split()


def devices() -> Sequence[str]:
    """It runs anywhere."""
    return ("CPU",)


def tensors(spec: ModelSpec, device: str) -> Tensors:
    """Outputs and their widths are declared under [options.outputs]; width 0 is the first input's own."""
    return EchoTensors(options.part(Options, spec).outputs)


def generator(spec: ModelSpec, device: str) -> Generator:
    """Tokens come back; of features, each frame becomes a word of the spelling alphabet. Each takes `busy_s`."""
    return EchoGenerator(options.part(Options, spec))


class EchoTensors:
    """An output named like an input is that input; a narrower one is the first input's spectrum, folded."""

    def __init__(self, widths: Mapping[str, int]) -> None:
        self._widths = widths

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """One array an output."""
        first = next(iter(feeds.values()))
        return {name: feeds.get(name, _fold(first, width)) for name, width in self._widths.items()}


def _fold(rows: Array, width: int) -> Array:
    """Enough to tell a low voice from a high one."""
    if not width or width == rows.shape[-1]:
        return rows
    spectrum = np.abs(np.fft.rfft(rows, axis=-1))
    bands = np.array_split(spectrum, width, axis=-1)
    return np.stack([band.mean(-1) for band in bands], -1).astype(np.float32)


class EchoGenerator:
    """Returns its source after `busy_s`, or fails now and then."""

    def __init__(self, options: Options = PLAIN) -> None:
        self._options, self._batches = options, count(1)

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        """One answer a source."""
        self._work(self._options.busy_s * len(sources))
        self._fail(sources)
        answers = [
            _spell(each, self._options.shift) if isinstance(each, np.ndarray) else Generated(list(each))
            for each in sources
        ]
        return (
            [_beginning(given, each) for given, each in zip(how.begun, answers, strict=True)] if how.begun else answers
        )

    def _fail(self, sources: Sequence[Tokens] | npt.NDArray[np.float32]) -> None:
        every = self._options.fail_every
        if every and any(map(np.any, sources)) and not next(self._batches) % every:
            raise RuntimeError(f"This echo fails once in {every} times, as its options say.")

    def _work(self, seconds: float) -> None:
        """Busy as a model is: others on the machine make it later, not dearer."""
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass


def _beginning(given: Tokens, answer: Generated) -> Generated:
    """The same answer, but for its first words; silence stays where it was."""
    left = iter(given)
    return replace(answer, tokens=[next(left, token) if token else token for token in answer.tokens])


def _spell(frames: npt.NDArray[np.float32], shift: int) -> Generated:
    """The same sound always gives the same word, exactly where it is; silence gives an empty one."""
    tokens = [_word(frame, shift) if np.abs(frame).max(initial=0) > 0 else "" for frame in frames]
    return Generated(tokens, alignment=Alignment(range(len(tokens) + 1), [1.0] * len(tokens)))


def _word(frame: npt.NDArray[np.float32], shift: int) -> str:
    return " " + WORDS[(zlib.crc32(frame.tobytes()) + shift) % len(WORDS)]
