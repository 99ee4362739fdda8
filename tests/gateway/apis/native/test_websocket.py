import threading
import time
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gateway.http import transcode
from parley.errors import Overloaded
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.gateway.conftest import FakeCore, final
from tests.waiting import until_now

CONFIG = {"format": {"sample_rate_hz": 16000}, "asr": {"interim_results": True}}


def _closed(socket: WebSocketTestSession) -> int:
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    return closed.value.code


def _refused(socket: WebSocketTestSession) -> tuple[str, int]:
    """The error event's reason, and the close code after it."""
    while (event := socket.receive_json())["type"] != "error":
        pass
    assert set(event) >= {"code", "reason", "message"}
    return event["reason"], _closed(socket)


def test_a_conversation(client: TestClient, core: FakeCore) -> None:
    """Config, audio and controls go in; events and cleaned audio come out; then a clean close."""
    core.answers = [final("alfa")]
    with client.websocket_connect("/v1/pipeline", headers={"parley-session": "s1"}) as socket:
        socket.send_json(CONFIG)
        assert socket.receive_json()["models"] == {"asr": "echo@1"}
        socket.send_bytes(b"echo")
        assert socket.receive_bytes() == b"echo"
        socket.send_json({"control": "flush"})
        socket.send_json({"control": "end"})
        assert (event := socket.receive_json())["type"] == "transcript"
        assert event["text"] == "alfa"
        assert _closed(socket) == 1000
    assert [request.WhichOneof("message") for request in core.asked] == ["config", "audio", "control", "end"]
    assert core.caller is not None
    assert core.caller.metadata["parley-session"] == "s1"


@pytest.mark.parametrize("first", ["hello", "{}x", "[]", '{"asr": 5}', '{"nope": 1}', "\x00"])
def test_a_garbage_first_frame_is_told_what_is_expected(client: TestClient, core: FakeCore, first: str) -> None:
    """An error event and a close, and the core never hears of it."""
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_text(first)
        assert _refused(socket)[1] == 1008
    assert core.caller is None


def test_audio_before_the_config_is_refused(client: TestClient) -> None:
    """The order is part of the contract."""
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_bytes(bytes(320))
        assert _refused(socket) == ("CONFIG_EXPECTED", 1008)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"asr": {}}, "CONFIG_REPEATED"),
        ({"control": "jump"}, "INVALID_ARGUMENT"),
        ({"control": []}, "INVALID_ARGUMENT"),
    ],
)
def test_a_bad_frame_in_the_middle_ends_the_conversation(
    client: TestClient, core: FakeCore, frame: Any, reason: str
) -> None:
    """At once, with a reason, and nothing stays open."""
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        socket.send_json(frame)
        assert _refused(socket) == (reason, 1008)
    assert core.open == 0


def test_a_frame_that_is_too_large_is_refused(client: TestClient) -> None:
    """Memory per conversation is bounded."""
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        socket.send_bytes(bytes((1 << 20) + 2))
        assert _refused(socket) == ("CHUNK_TOO_LARGE", 1009)


def test_a_large_config_is_read_beside_the_loop(
    client: TestClient, core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A glossary of thousands of phrases takes longer than neighbours may wait for their sound."""
    threads: list[str] = []
    config = transcode.config

    def seen(text: str) -> PipelineConfig:
        threads.append(threading.current_thread().name)
        return config(text)

    monkeypatch.setattr(transcode, "config", seen)
    glossary = [{"source": f"phrase {n}", "target": f"Wort {n}"} for n in range(2_000)]
    large = CONFIG | {"translate": [{"source_language": "en", "target_language": "de", "glossary": glossary}]}
    for asked in (large, CONFIG):
        with client.websocket_connect("/v1/pipeline") as socket:
            socket.send_json(asked)
            assert socket.receive_json()["type"] == "opened"
            socket.send_json({"control": "end"})
            socket.close()
    assert [name.startswith("beside") for name in threads] == [True, False]
    assert len(core.asked[0].config.translate[0].glossary) == 2_000


def test_what_the_core_refuses_is_told_before_the_close(client: TestClient, core: FakeCore) -> None:
    """Come back later is 1013."""
    core.error = Overloaded("full", retry_s=1)
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        assert _refused(socket) == ("QUEUE_FULL", 1013)


def test_an_unexpected_error_is_an_id(client: TestClient, core: FakeCore) -> None:
    """No traceback reaches the client."""
    core.error = RuntimeError("secret")
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        event = socket.receive_json()
        assert event["report"] in event["message"]
        assert "secret" not in str(event)
        assert _closed(socket) == 1011


def test_who_says_nothing_is_not_waited_for(hasty: TestClient, core: FakeCore) -> None:
    """A socket without a config is closed, and so is one that sends no sound after it; one that ended is answered."""
    with hasty.websocket_connect("/v1/pipeline") as socket:
        assert _refused(socket) == ("STREAM_IDLE", 1008)
    with hasty.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        assert socket.receive_json()["type"] == "opened"
        assert _refused(socket) == ("STREAM_IDLE", 1008)
    assert core.open == 0
    core.hang = True
    with hasty.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        assert socket.receive_json()["type"] == "opened"
        socket.send_json({"control": "end"})
        time.sleep(0.2)
        assert core.open == 1
        socket.close()


@pytest.mark.parametrize("ended", [False, True])
def test_hanging_up_releases_the_stream(client: TestClient, core: FakeCore, ended: bool) -> None:
    """In the middle of the audio or while waiting for the answers."""
    core.hang = True
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        assert socket.receive_json()["type"] == "opened"
        socket.send_bytes(bytes(320))
        if ended:
            socket.send_json({"control": "end"})
        assert core.open == 1
        socket.close()
        until_now(lambda: core.open == 0)


def test_what_comes_after_the_end_is_not_heard(client: TestClient, core: FakeCore) -> None:
    """The end is the end."""
    core.hang = True
    with client.websocket_connect("/v1/pipeline") as socket:
        socket.send_json(CONFIG)
        socket.send_json({"control": "end"})
        socket.send_bytes(b"late")
        assert socket.receive_json()["type"] == "opened"
        socket.close()
        until_now(lambda: core.open == 0)
    assert not any(request.audio.data == b"late" for request in core.asked)
