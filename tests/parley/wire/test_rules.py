"""What a request's fields may hold, said in the protos and checked before anybody looks."""

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from parley.errors import BadInput
from parley.v1.asr_pb2 import AsrConfig, Endpointing
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.models_pb2 import ModelsLoadRequest
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import TranslateConfig
from parley.wire import rules


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (AsrConfig(endpointing={"stop_silence": Duration(seconds=2**62)}), r"endpointing\.stop_silence.*0 to 86400 s"),
        (
            AsrConfig(endpointing=Endpointing(max_utterance=Duration(seconds=-1))),
            "max_utterance` is -1 s",
        ),
        (AsrConfig(language="x" * 36), "language` has 36 characters; send at most 35"),
        (AsrConfig(phrases=["ok", "a\0b"]), r"phrases` has the control character '\\x00'"),
        (AsrConfig(phrases=["word"] * 1001), "phrases` has 1001 entries; send at most 1000"),
        (DenoiseConfig(attenuation_limit_db=float("nan")), "attenuation_limit_db` is nan; send 0 to 200"),
        (DenoiseConfig(attenuation_limit_db=-1), "attenuation_limit_db` is -1; send 0 to 200"),
        (DiarizeConfig(max_speakers=101), "max_speakers` is 101; send 0 to 100"),
        (DiarizeConfig(enrolments=[{"name": "n" * 201}]), r"enrolments\.name` has 201"),
        (TranslateConfig(glossary=[{"source": "a"}] * 10_001), "glossary` has 10001 entries"),
        (TranslateConfig(glossary=[{"source": "a" * 201}]), r"glossary\.source` has 201"),
        (
            PipelineConfig(translate=[TranslateConfig()] * 9),
            "translate` has 9 entries; send at most 8",
        ),
        (PipelineConfig(models={"asr": "m" * 1001}), "models` has 1001 characters"),
        (ModelsLoadRequest(model="m" * 201), "model` has 201 characters"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(message: Any, said: str) -> None:
    """The refusal names the field, what it holds, and what it may hold."""
    with pytest.raises(BadInput, match=said):
        rules.check(message)


def test_what_people_send_passes() -> None:
    """Usual configs, and the greatest values that are allowed."""
    rules.check(PipelineConfig(asr={"language": "en", "phrases": ["Parley"], "prompt": "a\n\tb" * 2_000}, diarize={}))
    rules.check(AsrConfig(endpointing={"stop_silence": Duration(seconds=86_400)}))
    rules.check(DenoiseConfig(attenuation_limit_db=200))
    rules.check(TranslateConfig(target_language="de", glossary=[{"source": "a" * 200, "target": ""}] * 10_000))
