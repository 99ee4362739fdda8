"""Deepgram's API for recordings; behind it a core that says what it is told to."""

import pytest
from starlette.testclient import TestClient

from tests.gateway.conftest import FakeCore, final

WAV = {"content-type": "audio/wav"}


def test_a_recording_is_words(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """In their shape; and our name for the model that answered."""
    core.answers = [final("Alfa, bravo.", 0, 1000, ("Alfa,", "bravo.")), final("Charlie.", 1500, 2000, ("Charlie.",))]
    answer = client.post("/v1/listen?smart_format=true&utterances=true&foo=1", content=talk, headers=WAV)
    body = answer.json()
    (channel,) = body["results"]["channels"]
    (said,) = channel["alternatives"]
    assert (said["transcript"], channel["detected_language"]) == ("Alfa, bravo. Charlie.", "en")
    assert [word["word"] for word in said["words"]] == ["alfa", "bravo", "charlie"]
    assert [(each["start"], each["transcript"]) for each in body["results"]["utterances"]] == [
        (0.0, "Alfa, bravo."),
        (1.5, "Charlie."),
    ]
    assert body["metadata"]["duration"] == 2.5
    assert (answer.headers["parley-model"], answer.headers["parley-ignored"]) == ("echo@1", "foo")
    assert core.asked[0].config.asr.recording


@pytest.mark.parametrize(("encoding", "width"), [("linear16", 2), ("linear32", 4), ("mulaw", 1), ("alaw", 1)])
def test_bare_samples_are_heard(client: TestClient, core: FakeCore, encoding: str, width: int) -> None:
    """Their rate and encoding stand in the query."""
    path = f"/v1/listen?encoding={encoding}&sample_rate=8000"
    answer = client.post(path, content=bytes(8000 * width), headers={"content-type": "application/octet-stream"})
    assert answer.json()["metadata"]["duration"] == 1.0


def test_each_channel_has_its_words(client: TestClient, core: FakeCore) -> None:
    """In the order of the channels."""
    first, second = final("alfa"), final("bravo")
    first.transcript.track, second.transcript.track = "1", "2"
    core.answers = [second, first]
    path = "/v1/listen?multichannel=true&encoding=linear16&sample_rate=8000&channels=2"
    channels = client.post(path, content=bytes(32_000), headers=WAV).json()["results"]["channels"]
    assert [each["alternatives"][0]["transcript"] for each in channels] == ["alfa", "bravo"]


@pytest.mark.parametrize(
    ("sent", "right"),
    [
        ({"content": b"junk", "headers": WAV}, "cannot be decoded"),
        ({"json": {"url": "http://localhost/secret"}}, "not fetched here"),
        ({}, "send one as the body"),
    ],
)
def test_what_is_no_recording_is_refused_in_their_shape(
    client: TestClient, sent: dict[str, object], right: str
) -> None:
    """And nothing is fetched from anywhere."""
    answer = client.post("/v1/listen", **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["err_code"]) == (400, "Bad Request")
    assert right in answer.json()["err_msg"]
