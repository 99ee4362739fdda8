import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message

from gateway.config import Keep
from gateway.pipeline.plan import Plan
from gateway.pipeline.tail import SoundTail
from parley.errors import BadInput
from parley.v1.asr_pb2 import AsrConfig
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.separate_pb2 import SeparateConfig


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


def packed(message: Message) -> Packed:
    """As a client packs a stage's config."""
    held = Packed()
    held.Pack(message)
    return held


def unknown(config: PipelineConfig, more: bytes) -> PipelineConfig:
    """The same, from a client whose protos have more fields."""
    return PipelineConfig.FromString(config.SerializeToString() + more)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (unknown(PipelineConfig(asr={}), b"\xa8\x06\x01"), "field number 101.*PipelineConfig"),
        (PipelineConfig(asr=AsrConfig.FromString(b"\xa8\x06\x01")), "`config.asr` has the field number 101"),
        (PipelineConfig(asr={}, models={"asrr": "a@1"}), "did you mean `asr`"),
        (PipelineConfig(asr={}, models={"denoise": "a@1"}), "denoise, which does not run"),
        (PipelineConfig(asr={}, denoise_for="DENOISE_FOR_BOTH"), "ask for a filter"),
        (PipelineConfig(asr={}, stages=[packed(DenoiseConfig())]), "own field `denoise`"),
        (PipelineConfig(asr={}, stages=[packed(PipelineConfig())]), "holds a parley.v1.PipelineConfig"),
        (PipelineConfig(asr={}, stages=[Packed()]), "message without a type"),
        (PipelineConfig(asr={}, denoise={}, listen_to="voice"), "ask for separate, which gives it"),
        (PipelineConfig(asr={}, stages=[packed(SeparateConfig(track="music"))], listen_to="voice"), "gives 'music'"),
    ],
)
def test_what_is_not_understood_is_refused(config: PipelineConfig, said: str) -> None:
    """Nothing that a client asks for is ignored."""
    with pytest.raises(BadInput, match=said):
        Plan(config)


def test_listeners_hear_the_mix_unless_told_otherwise() -> None:
    """A stereo recording is not a call."""
    assert [each.stage.name for each in Plan(PipelineConfig(format={"channels": 2}, asr={})).asked] == ["asr"]


async def test_more_of_a_recording_is_kept() -> None:
    """Several of its windows are heard at a time, so three times as much can be sent again as of live sound."""
    for recording, kept in ((False, 10), (True, 30)):
        plan = Plan(PipelineConfig(asr={"recording": recording}))
        tail = plan.tail(plan.asked[0], Keep(bytes=10 * 32_000))
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


def test_sources_are_told_apart_before_anything_else_is_heard() -> None:
    """What denoise leaves of music is harder to tell from a voice than the music was."""
    plan = Plan(PipelineConfig(denoise={}, asr={}, stages=[packed(SeparateConfig())]))
    assert [each.stage.name for each in plan.asked] == ["separate", "denoise", "asr"]


@pytest.mark.parametrize(
    ("denoise_for", "comes_back"), [("UNSPECIFIED", False), ("LISTENERS", False), ("CLIENT", True), ("BOTH", True)]
)
def test_listeners_hear_the_track_that_is_named(denoise_for: str, comes_back: bool) -> None:
    """Whatever else happens to the sound."""
    stages = [packed(SeparateConfig())]
    config = PipelineConfig(asr={}, stages=stages, listen_to="music", denoise_for=f"DENOISE_FOR_{denoise_for}")
    plan = Plan(config)
    separate = plan.config_of(plan.asked[0])
    assert isinstance(separate, SeparateConfig)
    assert (separate.track, plan.to_listeners, plan.to_client) == ("music", True, comes_back)
