"""What vLLM's own example of a Realtime client sends, and what it waits for."""

from typing import Any

from starlette.testclient import TestClient, WebSocketTestSession

from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.apis.openai.test_realtime import _append, _talking
from tests.gateway.conftest import FakeCore, final

SECOND = bytes(32_000)


def guess(text: str, committed: int) -> PipelineResponse:
    return PipelineResponse(transcript={"text": text, "committed_characters": committed})


def until_done(socket: WebSocketTestSession) -> list[dict[str, Any]]:
    events = [socket.receive_json()]
    while events[-1]["type"] not in ("transcription.done", "error"):
        events.append(socket.receive_json())
    return events


def test_a_file_is_heard_and_then_another(client: TestClient, core: FakeCore) -> None:
    """The deltas make up the text; commits before the last one end nothing, and each text begins anew."""
    core.answers = [guess("alfa bra", 5), final("alfa bravo"), final("kilo", 2000, 3000)]
    with _talking(client, "/v1/realtime") as socket:
        assert socket.receive_json()["id"].startswith("sess_")
        for _ in range(2):
            socket.send_json({"type": "session.update", "model": "whisper-1"})
            socket.send_json({"type": "input_audio_buffer.commit"})
            socket.send_json(_append(SECOND))
            socket.send_json({"type": "input_audio_buffer.commit", "final": True})
            *deltas, done = until_done(socket)
            assert [event["delta"] for event in deltas] == ["alfa ", "bravo", " kilo"]
            assert done == {
                "type": "transcription.done",
                "text": "alfa bravo kilo",
                "usage": {"type": "duration", "seconds": 1.0},
            }
    assert core.asked[0].config.format.sample_rate_hz == 16_000


def test_sound_without_words_is_done_too(client: TestClient, core: FakeCore) -> None:
    """Nobody waits for ever, also who sent none."""
    with _talking(client, "/v1/realtime") as socket:
        socket.receive_json()
        socket.send_json({"type": "session.update", "model": ""})
        socket.send_json({"type": "input_audio_buffer.commit", "final": True})
        assert until_done(socket)[0]["text"] == ""


def test_a_model_that_nobody_has_is_told_in_their_shape(client: TestClient, core: FakeCore) -> None:
    """And the session goes on."""
    with _talking(client, "/v1/realtime") as socket:
        socket.receive_json()
        socket.send_json({"type": "session.update", "model": "wisper-1"})
        error = socket.receive_json()
        assert error["type"] == "error"
        assert "did you mean `whisper-1`?" in error["error"]
        assert error["code"] == "model_not_found"
        socket.send_json({"type": "session.update", "model": "whisper-1"})
        socket.send_json({"type": "input_audio_buffer.commit", "final": True})
        assert until_done(socket)[-1]["type"] == "transcription.done"
