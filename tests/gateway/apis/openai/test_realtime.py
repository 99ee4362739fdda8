"""The Realtime API as a socket; behind it a core that says what it is told to."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gateway.access.admission import Admission
from gateway.config import Limits
from parley.errors import CircuitOpen, UnknownModel
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final
from tests.waiting import until_now

REALTIME = "/v1/realtime?intent=transcription"
BY_HAND = {"type": "session.update", "session": {"audio": {"input": {"turn_detection": None}}}}
COMMIT = {"type": "input_audio_buffer.commit"}


@contextmanager
def _talking(client: TestClient, path: str = REALTIME, **more: Any) -> Iterator[WebSocketTestSession]:
    """A conversation that ends when the client hangs up; the test client cancels what has not noticed that yet."""
    with client.websocket_connect(path, **more) as socket:
        yield socket
        socket.close()
        until_now(lambda: not socket.portal.call(_listening))


async def _listening() -> bool:
    return any(getattr(task.get_coro(), "__name__", "") == "listen" for task in asyncio.all_tasks())


def _append(data: bytes) -> dict[str, str]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()}


def _until(socket: WebSocketTestSession, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while not events or not events[-1]["type"].endswith(kind):
        events.append(socket.receive_json())
    return events


def test_turns_by_hand_one_after_the_other(client: TestClient, core: FakeCore) -> None:
    """Each commit is a pipeline of its own, and each is completed with its words."""
    core.answers = [final("alfa")]
    with _talking(client) as socket:
        socket.send_json(BY_HAND)
        for _ in range(2):
            socket.send_json(_append(bytes(4800)))
            socket.send_json(COMMIT)
            assert _until(socket, ".completed")[-1]["transcript"] == "alfa"
    configs = [request.config for request in core.asked if request.HasField("config")]
    assert [config.asr.endpointing.disabled for config in configs] == [True, True]


def test_samples_are_never_cut_in_two(client: TestClient, core: FakeCore) -> None:
    """An odd byte waits for the next append, and a long append goes on in pieces."""
    with _talking(client) as socket:
        for data in (bytes(3), b"", bytes(100_001)):
            socket.send_json(_append(data))
        socket.send_json(COMMIT)
        _until(socket, ".completed")
    pieces = [len(request.audio.data) for request in core.asked if request.HasField("audio")]
    assert sum(pieces) == 100_004
    assert all(length % 2 == 0 and length <= 1 << 15 for length in pieces)


@pytest.mark.parametrize(
    "frame",
    [
        "hello",
        "[]",
        "{}",
        '{"type": "response.create", "event_id": "mine"}',
        '{"type": "input_audio_buffer.append", "audio": "%", "event_id": "mine"}',
        '{"type": "input_audio_buffer.append", "audio": 5, "event_id": "mine"}',
        '{"type": "session.update", "session": 5, "event_id": "mine"}',
    ],
)
def test_a_frame_that_makes_no_sense_is_told_and_ends_nothing(client: TestClient, core: FakeCore, frame: str) -> None:
    """The error names the client's event, and the conversation goes on."""
    with _talking(client) as socket:
        socket.send_text(frame)
        error = _until(socket, "error")[-1]["error"]
        assert error["event_id"] == ("mine" if "mine" in frame else None)
        assert error["type"] == "invalid_request_error"
        socket.send_json(BY_HAND)
        assert _until(socket, "session.updated")


def test_binary_frames_are_told(client: TestClient) -> None:
    """This API speaks JSON only."""
    with _talking(client) as socket:
        socket.send_bytes(bytes(320))
        assert "JSON" in _until(socket, "error")[-1]["error"]["message"]


@pytest.mark.parametrize(("error", "close"), [(CircuitOpen("gone"), 1013), (UnknownModel("no such"), 1008)])
def test_a_pipeline_that_cannot_run_ends_the_conversation(
    client: TestClient, core: FakeCore, error: Exception, close: int
) -> None:
    """With one error, not one for every frame."""
    core.error = error
    with client.websocket_connect(REALTIME) as socket:
        for _ in range(3):
            socket.send_json(_append(bytes(4800)))
        assert _until(socket, "error")[-1]["error"]["message"] == str(error)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == close


def test_a_lost_recogniser_ends_the_conversation(client: TestClient, core: FakeCore) -> None:
    """There is no notice in this API, and a stream must not go quiet."""
    core.answers = [PipelineResponse(notice={"stage": "asr", "reason": "UNAVAILABLE", "message": "No more words."})]
    with client.websocket_connect(REALTIME) as socket:
        socket.send_json(_append(bytes(4800)))
        socket.send_json(COMMIT)
        assert _until(socket, "error")[-1]["error"]["message"] == "No more words."


def test_a_browsers_key_in_the_subprotocol_is_no_obstacle(client: TestClient) -> None:
    """`realtime` is the one that is agreed upon."""
    with _talking(client, subprotocols=["realtime", "openai-insecure-api-key.x"]) as socket:
        assert socket.accepted_subprotocol == "realtime"


def test_an_older_client_is_greeted_in_its_shape(client: TestClient) -> None:
    """It says so in a header."""
    with _talking(client, headers={"openai-beta": "realtime=v1"}) as socket:
        assert socket.receive_json()["type"] == "transcription_session.created"


def test_hanging_up_releases_the_stream(client: TestClient, core: FakeCore) -> None:
    """In the middle of a turn."""
    with _talking(client) as socket:
        socket.send_json(_append(bytes(4800)))
        socket.portal.call(core.opened.wait)
        assert core.open == 1
    assert core.open == 0


def test_the_model_that_answered_is_told(client: TestClient, core: FakeCore) -> None:
    """The address says gpt-realtime-whisper; the words say who heard them."""
    core.answers = [final("alfa")]
    with _talking(client, params={"model": "gpt-realtime-whisper"}) as socket:
        socket.send_json(BY_HAND)
        socket.send_json(_append(bytes(4800)))
        socket.send_json(COMMIT)
        assert _until(socket, ".completed")[-1]["model"] == "echo@1"
    assert dict(core.asked[0].config.models) == {}


def test_a_made_up_model_in_the_address_is_refused(client: TestClient, core: FakeCore) -> None:
    """Before anybody speaks, with the nearest one there is."""
    with client.websocket_connect(f"{REALTIME}&model=wisper-1") as socket:
        error = socket.receive_json()["error"]
        assert (error["code"], error["type"]) == ("model_not_found", "invalid_request_error")
        assert "did you mean `whisper-1`?" in error["message"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert not core.asked


def test_a_socket_has_a_place_before_anybody_speaks(client: TestClient, core: FakeCore) -> None:
    """Idle sockets are counted too, and one too many is told when to come back."""
    core.admission = Admission(Limits(streams=1))
    with _talking(client) as socket:
        assert socket.receive_json()["type"] == "session.created"
        assert core.admission.open == 1
        with client.websocket_connect(REALTIME) as other:
            assert other.receive_json()["error"]["code"] == "streams_full"
            with pytest.raises(WebSocketDisconnect) as closed:
                other.receive_json()
    assert closed.value.code == 1013
    assert core.admission.open == 0


def test_a_pause_ends_the_pipeline_and_not_the_turn(hasty: TestClient, core: FakeCore) -> None:
    """Who holds the button and says nothing for long occupies no engine; the commit later has all the words."""
    core.answers = [final("alfa")]
    with _talking(hasty) as socket:
        socket.send_json(BY_HAND)
        socket.send_json(_append(bytes(4800)))
        until_now(lambda: core.asked and not core.open)
        socket.send_json(_append(bytes(4800)))
        socket.send_json(COMMIT)
        assert _until(socket, ".completed")[-1]["transcript"] == "alfa alfa"


def test_a_conversation_in_which_nothing_happens_ends(hasty: TestClient, core: FakeCore) -> None:
    """It has a place that others wait for; why it ends is told."""
    with hasty.websocket_connect(REALTIME) as socket:
        assert _until(socket, "error")[-1]["error"]["code"] == "stream_idle"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert core.admission.open == 0


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ({"transcription": {"model": "wisper-1"}}, "did you mean `whisper-1`?"),
        ({"transcription": {"langauge": "de"}}, "did you mean `language`?"),
        ({"turn_detecion": None}, "did you mean `turn_detection`?"),
        ({"turn_detection": {"silence_ms": 100}}, "did you mean `silence_duration_ms`?"),
        ({"format": {"typ": "audio/pcm"}}, "did you mean `type`?"),
    ],
)
def test_a_mistyped_setting_changes_nothing(client: TestClient, told: dict[str, Any], right: str) -> None:
    """The conversation goes on with what it had, and the client knows why."""
    with _talking(client) as socket:
        before = socket.receive_json()["session"]
        socket.send_json({"type": "session.update", "event_id": "mine", "session": {"audio": {"input": told}}})
        error = socket.receive_json()["error"]
        assert right in error["message"]
        assert error["event_id"] == "mine"
        socket.send_json({"type": "session.update", "session": {}})
        assert socket.receive_json()["session"] == before
