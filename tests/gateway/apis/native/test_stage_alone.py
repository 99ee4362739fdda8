"""The endpoint of a stage that none was written for; a whole filter is driven by tests/e2e/test_fifth_stage.py."""

import json

import pytest

from gateway.apis.native.stage_alone import StageAlone
from gateway.caller import Caller
from gateway.config import Limits
from gateway.http.fields import Fields
from parley.errors import BadInput, FieldInvalid, ParleyError
from parley.v1.diarize_pb2 import DiarizeResponse, Turn
from parley.wire.stages import STAGES
from tests.gateway.conftest import FakeCore


def listener(core: FakeCore) -> StageAlone:
    """A stage of sound that answers with events."""
    return StageAlone(core, Limits(), STAGES["diarize"])  # type: ignore[arg-type]


async def test_a_listener_says_its_events_in_order(core: FakeCore, talk: bytes) -> None:
    """Each with its name; the model is named once, and the stage is sent the recording with the client's settings."""
    core.answers = [DiarizeResponse(turn=Turn(id=name, speaker="1")) for name in ("t1", "t2")]
    fields = Fields({"config": '{"max_speakers": 3}', "model": "echo@1"}, talk)
    answer = await listener(core).answer(fields, Caller())
    told = json.loads(bytes(answer.body))
    assert told["model"] == answer.headers["parley-model"] == "echo@1"
    assert [(each["type"], each["id"]) for each in told["events"] if each["id"].startswith("t")] == [
        ("turn", "t1"),
        ("turn", "t2"),
    ]
    first, *pieces = core.asked
    assert (first.config.max_speakers, first.config.format.sample_rate_hz) == (3, 8000)
    assert sum(len(each.audio.data) for each in pieces) == 40_000
    assert core.model == "echo@1"
    assert core.open == 0


@pytest.mark.parametrize(
    ("values", "error", "why"),
    [
        ({"config": '{"most_speakers": 3}'}, FieldInvalid, 'no field named "most_speakers"'),
        ({"config": '{"format": {"channels": 2}}'}, FieldInvalid, "The format is the recording's"),
        ({"config": "three"}, BadInput, "The field `config` is not JSON"),
        ({"response_format": "wav"}, FieldInvalid, "say one of json"),
        ({"max_speakers": "3"}, FieldInvalid, "There is no field `max_speakers`"),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_asked(
    core: FakeCore, talk: bytes, values: dict[str, object], error: type[ParleyError], why: str
) -> None:
    with pytest.raises(error, match=why):
        await listener(core).answer(Fields(values, talk), Caller())
    assert core.asked == []


async def test_its_path_is_its_name(core: FakeCore) -> None:
    endpoint = listener(core).endpoint()
    assert (endpoint.method, endpoint.path) == ("POST", "/v1/audio/diarize")
