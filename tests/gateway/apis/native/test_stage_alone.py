"""The endpoint of a stage that none was written for; a whole filter is driven by tests/e2e/test_fifth_stage.py."""

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from gateway.apis.native.stage_alone import StageAlone
from gateway.caller import Caller
from gateway.config import Limits
from gateway.http.fields import Fields
from parley.audio import media
from parley.errors import BadInput, FieldInvalid, ParleyError
from parley.v1.audio_pb2 import AudioChunk, Track
from parley.v1.diarize_pb2 import DiarizeResponse, Turn
from parley.v1.separate_pb2 import SeparateResponse
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


async def test_every_track_is_a_file_of_a_zip(core: FakeCore, talk: bytes) -> None:
    """Each as it came, under its name; the stage is asked for all of them."""
    sounds = {"voice": b"\1\0" * 20_000, "music": b"\2\0" * 20_000}
    for at in (0, 30_000):
        core.answers += [
            SeparateResponse(audio=AudioChunk(track="voice", data=sounds["voice"][at : at + 30_000])),
            SeparateResponse(
                other=Track(name="music", audio=AudioChunk(track="music", data=sounds["music"][at : at + 30_000]))
            ),
        ]
    separate = StageAlone(core, Limits(), STAGES["separate"])  # type: ignore[arg-type]
    answer: Any = await separate.answer(Fields({"response_format": "zip"}, talk), Caller())
    package = zipfile.ZipFile(io.BytesIO(await body(answer)))
    heard = {name: media.read(package.read(name), 10).data for name in package.namelist()}
    assert heard == {f"{name}.flac": data for name, data in sounds.items()}
    assert package.testzip() is None
    assert core.asked[0].config.others


async def body(answer: Any) -> bytes:
    """All that is sent."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await answer({"type": "http"}, receive, send)
    assert sent[0]["status"] == 200
    return b"".join(each.get("body", b"") for each in sent)


@pytest.mark.parametrize("stage", ["denoise", "diarize"])
async def test_a_stage_of_one_sound_gives_no_zip(core: FakeCore, talk: bytes, stage: str) -> None:
    alone = StageAlone(core, Limits(), STAGES[stage])  # type: ignore[arg-type]
    with pytest.raises(FieldInvalid, match="say one of"):
        await alone.answer(Fields({"response_format": "zip"}, talk), Caller())


async def test_its_path_is_its_name(core: FakeCore) -> None:
    endpoint = listener(core).endpoint()
    assert (endpoint.method, endpoint.path) == ("POST", "/v1/audio/diarize")
