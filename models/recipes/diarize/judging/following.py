"""Who speaks when, by the embeddings: as the service tells it online, and as its second look at the end has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from google.protobuf.message import Message

from models.recipes.diarize.nets.runner import Embed
from models.recipes.diarize.sound.conversations import stretches
from models.recipes.diarize.sound.speakers import Turn
from models.recipes.sound import RATE_HZ, Audio
from parley.audio.pcm import Format, PcmDecoder
from parley.v1 import diarize_pb2 as v1
from parley.v1.audio_pb2 import AudioFormat
from services.diarize.clustering import ClusterConfig, Voices
from services.diarize.engine import WindowsJob
from services.diarize.pieces import Cutter
from services.diarize.session import DiarizeSession

SIZE, HOP = 24000, 12000

# Sound, embeddings, and a threshold -> turns.
Follow = Callable[[Audio, Embed, float], list[Turn]]

HEIGHTS = [round(1.0 + 0.05 * i, 2) for i in range(29)]
COSINES = [round(0.2 + 0.04 * i, 2) for i in range(17)]


def ward(audio: Audio, embed: Embed, height: float) -> list[Turn]:
    """The second look, which does not depend on how voices were told apart before."""
    return served(audio, embed, ClusterConfig(0.5, height))[1]


def online(height: float) -> Follow:
    """What has been told by the end of a stream, before the second look at all of it."""
    return lambda audio, embed, same: served(audio, embed, ClusterConfig(same, height))[0]


def served(audio: Audio, embed: Embed, config: ClusterConfig) -> tuple[list[Turn], list[Turn]]:
    """The service's own session: what holds before its last word, and after."""
    session = DiarizeSession(PcmDecoder(Format.of(AudioFormat())), Cutter(SIZE, HOP), Voices(config))
    return told(spoken(session, np.round(audio * 32767).astype("<i2").tobytes(), embed))


def told(messages: Iterable[Message]) -> tuple[list[Turn], list[Turn]]:
    """The turns that hold before the last word about them, and after."""
    known: dict[str, v1.Turn] = {}
    before: list[Turn] = []
    for message in messages:
        if isinstance(message, v1.Turn):
            known[message.id] = message
        elif isinstance(message, v1.Revision):
            before = timed(known.values())
            known = {turn: known[turn] for turn in known if turn not in message.withdrawn_ids}
            known |= {turn.id: turn for turn in message.turns}
    return before, timed(known.values())


def spoken(session: DiarizeSession, data: bytes, embed: Embed) -> Iterable[Message]:
    """All that a session says."""
    yield from session.feed(data)
    yield from session.finish()
    while job := session.next_job():
        assert isinstance(job, WindowsJob)
        yield from session.absorb(embed(job.windows))


def timed(turns: Iterable[v1.Turn]) -> list[Turn]:
    """Speaker, start and end in seconds."""
    spans = [(turn.speaker, turn.interval.start, turn.interval.end) for turn in turns]
    return [(name, start.ToNanoseconds() / 1e9, end.ToNanoseconds() / 1e9) for name, start, end in spans]


def span(at: int) -> tuple[float, float]:
    """The seconds that the window starting at this sample answers for: its middle, and the stream's very start."""
    start = 0 if at == 0 else at + (SIZE - HOP) // 2
    return start / RATE_HZ, (at + (SIZE + HOP) // 2) / RATE_HZ


def speech_only(turns: list[Turn], audio: Audio) -> list[Turn]:
    """The turns without the pauses in them, by level."""
    speech = stretches(audio)
    cut = [(name, max(start, a), min(end, b)) for name, start, end in turns for a, b in speech]
    return [(name, start, end) for name, start, end in cut if end > start]
