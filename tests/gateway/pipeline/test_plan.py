import pytest

from gateway.config import Keep
from gateway.pipeline.plan import Plan
from gateway.pipeline.tail import SoundTail
from parley.errors import BadInput
from parley.v1.pipeline_pb2 import PipelineConfig


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (PipelineConfig(asr={"per_channel": True}), "pipeline's own per_channel"),
        (PipelineConfig(denoise={}), "set per_channel"),
        (PipelineConfig(diarize={}, per_channel=True), "leave diarize out"),
        (PipelineConfig(asr={}, format={"channels": 9}, per_channel=True), "1 to 8"),
    ],
)
def test_what_cannot_be_done_with_channels_is_said(config: PipelineConfig, said: str) -> None:
    """And what can be done instead."""
    config.format.channels = config.format.channels or 2
    with pytest.raises(BadInput, match=said):
        Plan(config)


def test_listeners_hear_the_mix_unless_told_otherwise() -> None:
    """A stereo recording is not a call."""
    assert Plan(PipelineConfig(format={"channels": 2}, asr={})).configs("asr")


async def test_more_of_a_recording_is_kept() -> None:
    """Several of its windows are heard at a time, so three times as much can be sent again as of live sound."""
    for recording, kept in ((False, 10), (True, 30)):
        (tail,) = Plan(PipelineConfig(asr={"recording": recording})).tails("asr", Keep(bytes=10 * 32_000))
        assert isinstance(tail, SoundTail)
        for _ in range(50):
            tail.put(bytes(32_000))
            await _sent(tail)
        assert tail.end_at - tail.start == pytest.approx(kept * 32_000, abs=32_000)


async def _sent(tail: SoundTail) -> None:
    """All there is; a new stream begins with what is kept."""
    tail.end()
    async for _ in tail.requests():
        pass
