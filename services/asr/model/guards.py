"""When an answer is not to be believed: a decoder in a loop, words where nobody spoke; where to cut then. Pure."""

import zlib
from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from parley.audio.pcm import RATE_HZ, Samples

SHORTEST = 40  # bytes: less text than this says nothing by how well it packs
TURNS = 6  # nobody says a thing so often in a row
LONGEST_TURN = 8  # words
QUIET = RATE_HZ // 5  # samples that must be quiet together, if words are not to be cut


def packs(text: str) -> float:
    """The text's compression ratio; a loop compresses well."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if len(data) >= SHORTEST else 1.0


def without_loop(words: Sequence[str]) -> int:
    """How many of the words are left when the last of them, said over and over, are said once."""
    backwards = list(reversed(words))
    for size in range(1, LONGEST_TURN + 1):
        turns = [backwards[at : at + size] for at in range(0, len(words), size)]
        same = sum(1 for _ in takewhile(turns[0].__eq__, turns)) if turns else 0
        if same >= TURNS:
            return len(words) - (same - 1) * size
    return len(words)


def quietest(samples: Samples) -> int:
    """The middle of the quietest fifth of a second in the middle half of a sound."""
    first = len(samples) // 4
    energy = np.cumsum(np.square(samples[first : len(samples) - first], dtype=np.float64))
    return first + int(np.argmin(energy[QUIET:] - energy[:-QUIET])) + QUIET // 2
