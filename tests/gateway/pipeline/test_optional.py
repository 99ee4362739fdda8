"""What is left of a pipeline whose caller does not have everything, and what they are told."""

import pytest

from gateway.pipeline.optional import without
from gateway.pipeline.plan import Plan
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig

LISTENERS, BOTH, CLIENT = (getattr(DenoiseFor, f"DENOISE_FOR_{name}") for name in ("LISTENERS", "BOTH", "CLIENT"))


def left(config: PipelineConfig, *off: str) -> tuple[PipelineConfig, list[str]]:
    """The pipeline, which must be one, and whose notices there are."""
    told = without(config, lambda feature: feature not in off)
    Plan(config)
    assert {each.reason for each in told} <= {"FEATURE_OFF"}
    return config, [each.stage for each in told]


def test_words_stay_when_what_belongs_to_them_goes() -> None:
    """With the models that were named for it."""
    config = PipelineConfig(
        asr={}, diarize={}, denoise={}, translate=[{"target_language": "de"}, {"target_language": "fr"}]
    )
    config.denoise_for = LISTENERS
    config.models.update({"asr": "a@1", "diarize": "b@1", "denoise": "c@1", "translate": "d@1"})
    rest, told = left(config, "denoise", "diarize", "translate")
    assert rest == PipelineConfig(asr={}, models={"asr": "a@1"})
    assert told == ["denoise", "diarize", "translate"]


def test_who_has_everything_is_told_nothing() -> None:
    """And nothing changes."""
    asked = PipelineConfig(asr={}, diarize={}, translate=[{"target_language": "de"}])
    same = PipelineConfig()
    same.CopyFrom(asked)
    assert left(asked) == (same, [])


@pytest.mark.parametrize(
    "config",
    [
        PipelineConfig(denoise={}),
        PipelineConfig(diarize={}),
        PipelineConfig(asr={}, denoise={}),
        PipelineConfig(asr={}, denoise={}, denoise_for=CLIENT),
    ],
)
def test_what_was_asked_for_itself_is_not_optional(config: PipelineConfig) -> None:
    """Cleaned sound for the client, or who speaks when without words."""
    assert left(config, "denoise", "diarize", "translate")[1] == []


def test_a_client_that_wants_the_cleaned_sound_too_gets_it() -> None:
    """Only what is recognised is the raw sound."""
    rest, told = left(PipelineConfig(asr={}, denoise={}, denoise_for=BOTH), "denoise")
    assert (rest, told) == (PipelineConfig(asr={}, denoise={}, denoise_for=CLIENT), ["denoise"])
