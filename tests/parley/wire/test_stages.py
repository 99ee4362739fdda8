"""The row of each stage, as its proto declares it."""

from dataclasses import replace

import pytest

from parley.errors import BadConfig
from parley.v1.asr_pb2 import AsrConfig
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.models_pb2 import ModelsListRequest
from parley.v1.stage_pb2 import StageRole, StageTraits
from parley.v1.translate_pb2 import TranslateConfig
from parley.wire.pipeline import pipeline_config
from parley.wire.stages import STAGES, check


def test_sound_passes_them_in_their_order() -> None:
    """Filters before listeners before rewriters."""
    roles = [stage.traits.role for stage in STAGES.values()]
    assert roles == sorted(roles)
    assert list(STAGES) == ["denoise", "separate", "asr", "diarize", "translate"]


def test_a_recording_may_wait_longer() -> None:
    """Behind others, where the stage says so."""
    live, recording = (STAGES["asr"].stall_s(AsrConfig(recording=each)) for each in (False, True))
    assert (live, recording) == (15.0, 150.0)
    assert STAGES["denoise"].stall_s(DenoiseConfig()) == 5.0


@pytest.mark.parametrize("name", STAGES)
def test_every_row_is_whole(name: str) -> None:
    """And one without its role, its notices or its stall time would not start."""
    check(STAGES[name])
    with pytest.raises(BadConfig, match=r"lacks role, continuity, stall, notices.instead, notices.meanwhile"):
        check(replace(STAGES[name], traits=StageTraits()))


def test_a_role_is_sent_what_it_takes() -> None:
    """A rewriter without text has nothing to rewrite."""
    traits = StageTraits()
    traits.CopyFrom(STAGES["asr"].traits)
    traits.role = StageRole.STAGE_ROLE_REWRITER
    with pytest.raises(BadConfig, match="it is sent `text`"):
        check(replace(STAGES["asr"], traits=traits))


def test_a_pipelines_config_is_put_together() -> None:
    """Fields where there are some, an empty config too; several rewriters; packed where there is no field."""
    german, french = (TranslateConfig(target_language=to) for to in ("de", "fr"))
    config = pipeline_config([DenoiseConfig(), AsrConfig(language="en"), german, french, ModelsListRequest()])
    assert config.HasField("denoise")
    assert (config.asr.language, [each.target_language for each in config.translate]) == ("en", ["de", "fr"])
    assert [each.TypeName() for each in config.stages] == ["parley.v1.ModelsListRequest"]
