"""What the parts of a job do."""

import json
from typing import Any

import pytest
from google.protobuf import json_format

from gateway.pipeline.plan import Plan
from parley.v1.pipeline_pb2 import PipelineConfig
from services.jobs.division import divided

ASR, EN_DE = {"recording": True, "word_times": True}, [{"source_language": "en", "target_language": "de"}]
VOICE, TRACKS = {"@type": "type.googleapis.com/parley.v1.SeparateConfig"}, {"others": True}
BOTH, FOR_LISTENERS = "DENOISE_FOR_BOTH", "DENOISE_FOR_LISTENERS"


@pytest.mark.parametrize(
    ("asked", "words", "whole"),
    [
        ({"asr": ASR}, {"asr": ASR}, None),
        ({"diarize": {}}, None, {"diarize": {}}),
        ({"asr": ASR, "diarize": {}, "translate": EN_DE}, {"asr": ASR, "translate": EN_DE}, {"diarize": {}}),
        ({"asr": ASR, "denoise": {}}, {"asr": ASR}, {"denoise": {}}),
        (
            {"asr": ASR, "denoise": {}, "denoise_for": FOR_LISTENERS},
            {"asr": ASR, "denoise": {}, "denoise_for": FOR_LISTENERS},
            None,
        ),
        (
            {"asr": ASR, "denoise": {}, "diarize": {}, "denoise_for": FOR_LISTENERS},
            {"asr": ASR, "denoise": {}, "denoise_for": FOR_LISTENERS},
            {"diarize": {}, "denoise": {}, "denoise_for": FOR_LISTENERS},
        ),
        (
            {"asr": ASR, "denoise": {}, "denoise_for": BOTH},
            {"asr": ASR, "denoise": {}, "denoise_for": FOR_LISTENERS},
            {"denoise": {}, "denoise_for": BOTH},
        ),
        (
            {"asr": ASR, "diarize": {}, "models": {"asr": "a@1", "diarize": "d@1"}},
            {"asr": ASR, "models": {"asr": "a@1"}},
            {"diarize": {}, "models": {"diarize": "d@1"}},
        ),
        ({"asr": ASR, "per_channel": True}, {"asr": ASR, "per_channel": True}, None),
        (
            {"asr": ASR, "diarize": {}, "redact": ["email"]},
            {"asr": ASR, "redact": ["email"]},
            {"diarize": {}},
        ),
        ({"asr": ASR, "denoise": {}, "redact": ["email"], "redact_sound": "REDACT_SOUND_TONE"}, None, None),
        ({"asr": ASR, "stages": [VOICE | TRACKS]}, {"asr": ASR}, {"stages": [VOICE | TRACKS]}),
        (
            {"asr": ASR, "listen_to": "voice", "stages": [VOICE]},
            {"asr": ASR, "listen_to": "voice", "stages": [VOICE]},
            None,
        ),
        (
            {"asr": ASR, "diarize": {}, "listen_to": "voice", "stages": [VOICE | TRACKS]},
            {"asr": ASR, "listen_to": "voice", "stages": [VOICE]},
            {"diarize": {}, "listen_to": "voice", "stages": [VOICE | TRACKS]},
        ),
    ],
)
def test_words_in_pieces_and_the_rest_whole(asked: Any, words: Any, whole: Any) -> None:
    """Every part is a pipeline that the gateway takes."""
    division = divided(json.dumps(asked))
    for found, wanted in ((division.words, words), (division.whole, whole)):
        assert found == (divided_config(wanted) if wanted else None)
        if found is not None:
            Plan(found)


def divided_config(wanted: Any) -> Any:
    return json_format.ParseDict(wanted, PipelineConfig())
