"""What an asr model is shown of an utterance: named in its model.toml. Pure."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from parley.audio import Samples

FRAME = 8_000


def frames(samples: Samples) -> npt.NDArray[np.float32]:
    """Half seconds, the last one filled with silence: what the echo backend spells."""
    count = -(-len(samples) // FRAME)
    return np.pad(samples, (0, count * FRAME - len(samples))).reshape(count, FRAME)


FEATURES: dict[str, Callable[[Samples], npt.NDArray[np.float32]]] = {"frames": frames}
