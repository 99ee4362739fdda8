"""Filters in a row."""

import asyncio

from gateway.audio.time_scale import Scale
from gateway.config import FailoverConfig, Keep
from gateway.pipeline.branch import Branch, Outage
from gateway.pipeline.filters import Filter, chain
from gateway.pipeline.tail import SoundTail
from parley.errors import Unavailable
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest
from parley.v1.pipeline_pb2 import Notice
from parley.wire.stages import STAGES


class Sink:
    """What comes out of the last filter."""

    def __init__(self) -> None:
        self.heard, self.ended = b"", False

    async def hear(self, data: bytes) -> None:
        self.heard += data

    async def end(self) -> None:
        self.ended = True


def row(count: int) -> tuple[list[Filter], Sink]:
    """So many filters, and who listens behind them."""
    sink, scale = Sink(), Scale.of(AudioFormat())
    tails = [SoundTail(DenoiseRequest, DenoiseConfig(), scale, Keep(0, 0.0)) for _ in range(count)]
    branches = [Branch(STAGES["denoise"], tail, 5.0, Outage(FailoverConfig())) for tail in tails]
    return chain(branches, sink.hear, sink.end), sink


async def say(notice: Notice) -> None:
    """Nobody reads it here."""


async def test_sound_passes_every_filter_in_order() -> None:
    """What comes out of the first goes into the second, and only that comes out at the end."""
    (first, second), sink = row(2)
    await first.hear(b"AA")
    await first.filtered(b"aa")
    assert sink.heard == b""
    await second.filtered(b"bb")
    assert sink.heard == b"bb"


async def test_a_lost_filter_is_passed_without_a_sample_lost() -> None:
    """What the second held goes on as the first gave it, before what comes after."""
    (first, second), sink = row(2)
    await first.hear(b"AABB")
    await first.filtered(b"aabb")
    await second.filtered(b"11")
    await second.bypass(second.branch.leave(Unavailable("gone")), say)
    await first.hear(b"CC")
    await first.filtered(b"cc")
    assert sink.heard == b"11bbcc"


async def test_the_end_waits_for_every_filter() -> None:
    """Listeners end when the last filter has said all it had to, whichever of them was lost."""
    (first, second), sink = row(2)
    second.branch.over()
    await first.end()
    assert not sink.ended
    await first.done()
    assert sink.ended


async def test_the_end_stays_behind_the_sound() -> None:
    """While a lost filter's sound is handed on, nobody is told that it is over."""
    (only,), sink = row(1)
    notified = asyncio.Event()
    await only.hear(b"AA")

    async def slowly(notice: Notice) -> None:
        await notified.wait()

    bypassing = asyncio.create_task(only.bypass(only.branch.leave(Unavailable("gone")), slowly))
    ending = asyncio.create_task(only.end())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not sink.ended
    notified.set()
    await asyncio.gather(bypassing, ending)
    assert (sink.heard, sink.ended) == (b"AA", True)
