import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http import transcode
from parley.errors import BadInput, ConfigRepeated
from parley.v1.audio_pb2 import ControlAction
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.gateway.conftest import final

FIELDS = [field.name for field in PipelineConfig.DESCRIPTOR.fields]
NAMES = st.sampled_from([*FIELDS, "x", "sample_rate_hz", "language"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def test_a_config_uses_the_names_of_the_proto() -> None:
    """Snake case, enums by name, times as seconds."""
    config: dict[str, object] = {"format": {"sample_rate_hz": 8000}, "denoise_for": "DENOISE_FOR_BOTH", "denoise": {}}
    text = json.dumps(config | {"asr": {"endpointing": {"stop_silence": "0.5s"}}})
    told = transcode.config(text)
    assert told.format.sample_rate_hz == 8000
    assert told.asr.endpointing.stop_silence.ToMilliseconds() == 500
    assert told.HasField("denoise")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"asr": {"interim_result": true}}', "did you mean `interim_results`"),
        ('{"dennoise": {}}', "did you mean `denoise`"),
        ('{"denoise": {"zzz": 1}}', "it has format, attenuation_limit_db, bypass"),
        ('{"stages": [{"@type": "type.googleapis.com/parley.v1.DenoisConfig"}]}', "`parley.v1.DenoiseConfig`"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(text: str, told: str) -> None:
    """A typing mistake must not be a default."""
    with pytest.raises(BadInput, match=told):
        transcode.config(text)


@given(JSON)
def test_whatever_json_comes_first_is_a_config_or_bad_input(value: object) -> None:
    """No JSON makes anything but these two."""
    with contextlib.suppress(BadInput):
        assert isinstance(transcode.config(json.dumps(value)), PipelineConfig)


@pytest.mark.parametrize("text", ["", "{", "null", "[" * 100_000, '{"a":' * 50_000, "NaN"])
def test_what_is_not_json_is_bad_input(text: str) -> None:
    """However deep or broken."""
    with pytest.raises(BadInput):
        transcode.config(text)


def test_controls() -> None:
    """Flush goes on, end ends, a second config is refused, nonsense too."""
    flush = transcode.control('{"control": "flush"}')
    assert flush is not None
    assert flush.control.action == ControlAction.CONTROL_ACTION_FLUSH
    assert transcode.control('{"control": "end"}').HasField("end")
    with pytest.raises(ConfigRepeated):
        transcode.control('{"asr": {}}')
    with pytest.raises(BadInput, match="stop"):
        transcode.control('{"control": "stop"}')


def test_an_event_has_its_name_and_all_its_fields() -> None:
    """A reader needs no defaults: what is empty is there."""
    told = json.loads(transcode.event(final("alfa", 0, 1500)))
    assert (told["type"], told["text"], told["is_final"], told["speaker"], told["words"]) == (
        "transcript", "alfa", True, "", [],
    )  # fmt: skip
    assert told["interval"] == {"start": "0s", "end": "1.500s"}
