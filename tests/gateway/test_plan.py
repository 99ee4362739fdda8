import pytest

from gateway.plan import Plan
from parley.errors import UnsupportedFormat
from parley.v1.pipeline_pb2 import PipelineConfig

STEREO = {"channels": 2}


def test_a_pipeline_hears_the_mix() -> None:
    """What moves streams and merges words knows of one channel; who wants each by itself is told where to ask."""
    assert Plan(PipelineConfig(format=STEREO, asr={})).configs("asr")
    with pytest.raises(UnsupportedFormat, match="ask the Asr service"):
        Plan(PipelineConfig(format=STEREO, asr={"per_channel": True}))
