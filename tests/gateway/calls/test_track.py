"""One side of a call: when its packets go on."""

from typing import Any

from gateway.caller import Caller
from gateway.calls.track import Hearing, Track
from gateway.config import Limits
from parley.budget import Budget
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.gateway.conftest import FakeCore

PACKET = bytes([0xFF]) * 160  # 20 ms


async def test_packets_go_on_together_while_one_waits() -> None:
    """By itself each costs twice as much, which is paid where nothing waits, and not where the core is behind."""
    form = {"encoding": AudioEncoding.AUDIO_ENCODING_MULAW, "sample_rate_hz": 8000, "channels": 1}
    core: Any = FakeCore()
    hearing = Hearing(core, Caller({}, Budget.of(None)), PipelineConfig(format=form), 40, Limits().sound_s)
    track = Track("inbound", hearing, lambda event: None)
    for number in range(8):
        await track.hear(20 * number, PACKET)
    await track.end()
    waiting = [len(track._sound.get_nowait()) for _ in range(track._sound.qsize())]
    assert waiting == [160, 480, 480, 160, 0]
