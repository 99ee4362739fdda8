"""What comes of the speaker model that ships when it goes back into the net in which it was trained: numbers, as JSON.

Runs in the recipes' environment, which has torch.
"""

import json
from pathlib import Path

import numpy as np
import torch

from models.recipes.diarize.nets.network import Voiceprint
from models.recipes.diarize.nets.published import rotation, start_from
from models.recipes.diarize.nets.runner import Runner

FOLDER = Path("models/embedded/diarize/voice-nano/1")
WIDTH = 192


def syllables(rows: int = 24) -> np.ndarray:
    """Noise that rises and falls, 1.5 s each."""
    random = np.random.default_rng(1)
    levels = np.exp(random.normal(-3, 1, (rows, 150, 1)))
    return (levels * random.normal(size=(rows, 150, 160))).reshape(rows, -1).astype(np.float32)


def numbers() -> dict[str, float]:
    """The least cosines: of net and file, of the net while it trains and after, of a teacher and the net."""
    sound, net = syllables(), Voiceprint()
    audio = torch.tensor(sound)
    start_from(FOLDER, net, [audio])
    with torch.no_grad():
        said = net(audio)
        net.train()
        net.exit.eval()
        training = net(audio)
    file = torch.tensor(Runner(FOLDER / "model.onnx").run(sound))
    found = {"file": least(said, file), "training": least(said, training)}
    return found | turned(net, audio, said)


def turned(net: Voiceprint, audio: torch.Tensor, said: torch.Tensor) -> dict[str, float]:
    """A teacher who says the same in other directions."""
    away = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(1)))[0]
    lessons = said @ away
    return {"before": least(lessons, said), "turned": least(lessons @ rotation(net, [(audio, lessons)]), said)}


def least(some: torch.Tensor, others: torch.Tensor) -> float:
    """The least cosine of rows."""
    return float((some * others).sum(1).min())


if __name__ == "__main__":
    print(json.dumps(numbers()))
