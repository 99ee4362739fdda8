"""Who speaks when, by the embeddings: as the service says it online, and with Ward's method afterwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from models.recipes.diarize.conversations import stretches
from models.recipes.diarize.runner import Embed
from models.recipes.diarize.speakers import Turn
from models.recipes.sound import RATE_HZ, Audio

try:
    from parley.audio import Ear, Format, Windows
    from parley.v1.audio_pb2 import AudioFormat
    from parley.v1.diarize_pb2 import Revision
    from services.diarize.clustering import ClusterConfig, Voices
    from services.diarize.session import DiarizeSession
except ImportError:
    SERVICE = False
else:
    SERVICE = True

SIZE, HOP = 24000, 12000
QUIET = 10 ** (-50 / 10)

# Sound, embeddings, and a threshold -> turns.
Follow = Callable[[Audio, Embed, float], list[Turn]]


def online(audio: Audio, embed: Embed, same: float) -> list[Turn]:
    """The service's own session, window by window, and its second look at the end."""
    session = DiarizeSession(Ear(Format.of(AudioFormat())), Windows(SIZE, HOP), Voices(ClusterConfig(same=same)))
    turns: list[Turn] = []
    session.feed(np.round(audio * 32767).astype("<i2").tobytes())
    messages = list(session.finish())
    while job := session.next_job():
        messages += session.absorb(embed(job.windows))
    for message in messages:
        if isinstance(message, Revision):
            spans = [(t.speaker, t.interval.start, t.interval.end) for t in message.turns]
            turns = [(name, a.ToNanoseconds() / 1e9, b.ToNanoseconds() / 1e9) for name, a, b in spans]
    return turns


def ward(audio: Audio, embed: Embed, height: float) -> list[Turn]:
    """All windows at once: merged while merging costs less than `height`."""
    starts = [at for at in range(0, len(audio) - SIZE + 1, HOP) if np.mean(audio[at : at + SIZE] ** 2) > QUIET]
    if len(starts) < 2:
        return [("1", 0.0, len(audio) / RATE_HZ)] if starts else []
    rows = embed(np.stack([audio[at : at + SIZE] for at in starts]))
    voices = fcluster(linkage(rows, "ward"), height, "distance")
    return [(str(voice), *span(at)) for at, voice in zip(starts, voices, strict=True)]


def span(at: int) -> tuple[float, float]:
    """The seconds that the window starting at this sample answers for: its middle, and the stream's very start."""
    start = 0 if at == 0 else at + (SIZE - HOP) // 2
    return start / RATE_HZ, (at + (SIZE + HOP) // 2) / RATE_HZ


def speech_only(turns: list[Turn], audio: Audio) -> list[Turn]:
    """The turns without the pauses in them, by level: what the service could do besides, and does not yet."""
    speech = stretches(audio)
    cut = [(name, max(start, a), min(end, b)) for name, start, end in turns for a, b in speech]
    return [(name, start, end) for name, start, end in cut if end > start]


# Method -> how it follows, and the thresholds tried on the development speakers.
METHODS: dict[str, tuple[Follow, list[float]]] = {
    "ward": (ward, [round(0.8 + 0.15 * i, 2) for i in range(22)]),
}
if SERVICE:
    METHODS["online"] = (online, [round(0.2 + 0.04 * i, 2) for i in range(17)])
