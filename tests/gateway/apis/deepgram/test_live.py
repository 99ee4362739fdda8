"""Deepgram's live API as a socket; behind it a core that says what it is told to."""

from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gateway.access.admission import Admission
from gateway.apis.deepgram import live
from gateway.config import Limits
from parley.errors import CircuitOpen
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final, tone
from tests.waiting import until_now

RAW = "/v1/listen?encoding=linear16&sample_rate=16000"
CLOSE, FINALIZE, KEEP = {"type": "CloseStream"}, {"type": "Finalize"}, {"type": "KeepAlive"}


def rest(socket: WebSocketTestSession) -> tuple[list[dict[str, Any]], int, str]:
    """What comes until the close, and the close."""
    told: list[dict[str, Any]] = []
    try:
        while True:
            told.append(socket.receive_json())
    except WebSocketDisconnect as closed:
        return told, closed.code, closed.reason or ""


def test_what_is_left_then_metadata_then_the_close(client: TestClient, core: FakeCore) -> None:
    """A close before that would make LiveKit connect again."""
    core.answers = [final("alfa")]
    with client.websocket_connect(RAW) as socket:
        socket.send_bytes(bytes(3201))
        socket.send_json(CLOSE)
        told, code, _ = rest(socket)
    assert [each["type"] for each in told] == ["Results", "Metadata"]
    assert (code, told[1]["duration"]) == (1000, 0.1)
    assert core.open == 0


def test_an_empty_frame_closes_too(client: TestClient) -> None:
    """As older clients say it."""
    with client.websocket_connect(RAW) as socket:
        socket.send_bytes(b"")
        assert rest(socket)[1] == 1000


def test_samples_are_never_cut_in_two(client: TestClient, core: FakeCore) -> None:
    """An odd byte waits for the next frame, and a long frame goes on in pieces."""
    with client.websocket_connect(f"{RAW}&channels=2") as socket:
        for data in (bytes(3), bytes(100_002)):
            socket.send_bytes(data)
        socket.send_json(CLOSE)
        rest(socket)
    pieces = [len(request.audio.data) for request in core.asked if request.HasField("audio")]
    assert sum(pieces) == 100_004
    assert all(length % 4 == 0 and length <= 1 << 15 for length in pieces)


def test_a_file_needs_no_encoding(client: TestClient, core: FakeCore) -> None:
    """Its header says the rate."""
    with client.websocket_connect("/v1/listen") as socket:
        socket.send_bytes(tone(0.5))
        socket.send_json(CLOSE)
        told, code, _ = rest(socket)
    assert (code, told[-1]["duration"]) == (1000, 0.5)
    assert core.asked[0].config.format.sample_rate_hz == 8000


def test_a_file_that_is_none_is_told_in_their_words(client: TestClient) -> None:
    """DATA-0000 is what their clients know."""
    with client.websocket_connect("/v1/listen") as socket:
        socket.send_bytes(b"no sound at all, whatever its length may be")
        socket.send_json(CLOSE)
        told, code, reason = rest(socket)
    assert (told[-1]["type"], told[-1]["variant"]) == ("Error", "UNDECODABLE_MEDIA")
    assert (code, reason) == (1008, "DATA-0000")


def test_a_finalize_flushes_and_the_stream_goes_on(client: TestClient, core: FakeCore) -> None:
    """Between the sound before it and the sound after it."""
    with client.websocket_connect(RAW) as socket:
        for each in (bytes(320), FINALIZE, bytes(640)):
            socket.send_bytes(each) if isinstance(each, bytes) else socket.send_json(each)
        socket.send_json(CLOSE)
        told, code, _ = rest(socket)
    assert [request.WhichOneof("message") for request in core.asked] == ["config", "audio", "control", "audio"]
    assert [each.get("from_finalize") for each in told] == [True, None]
    assert code == 1000


def test_a_finalize_before_any_sound_is_answered(client: TestClient, core: FakeCore) -> None:
    """As pipecat waits for it."""
    with client.websocket_connect(RAW) as socket:
        socket.send_json(FINALIZE)
        assert socket.receive_json()["from_finalize"] is True
        socket.send_json(CLOSE)
        rest(socket)
    assert not core.asked


@pytest.mark.parametrize("frame", ["hello", "[]", "{}", '{"type": "Configure"}', '{"type": ["KeepAlive"]}'])
def test_a_frame_that_makes_no_sense_ends_nothing(client: TestClient, frame: str) -> None:
    """It is told as their own server does, and the stream goes on."""
    with client.websocket_connect(RAW) as socket:
        socket.send_text(frame)
        told = socket.receive_json()
        assert (told["type"], told["variant"], told["message"]) == ("Error", "SchemaError", frame)
        socket.send_json(CLOSE)
        assert rest(socket)[1] == 1000


def test_a_stream_in_which_nothing_comes_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """NET-0001, as soon as theirs."""
    monkeypatch.setattr(live, "SILENT_S", 0.05)
    with client.websocket_connect(RAW) as socket:
        told, code, reason = rest(socket)
    assert "KeepAlive" in told[-1]["description"]
    assert (code, reason) == (1011, "NET-0001")


def test_a_pause_ends_the_pipeline_and_not_the_stream(hasty: TestClient, core: FakeCore) -> None:
    """Its places are free for others; what comes later is heard."""
    core.answers = [final("alfa", 0, 10)]
    with hasty.websocket_connect(RAW) as socket:
        socket.send_bytes(bytes(3200))
        assert socket.receive_json()["start"] == 0.0
        until_now(lambda: not core.open)
        socket.send_json(KEEP)
        socket.send_bytes(bytes(3200))
        socket.send_json(CLOSE)
        told, code, _ = rest(socket)
    assert (code, told[-1]["duration"]) == (1000, 0.2)
    assert told[0]["start"] + told[0]["duration"] == 0.11


def test_keep_alives_alone_do_not_hold_a_place_for_ever(hasty: TestClient, core: FakeCore) -> None:
    """Others wait for it."""
    with hasty.websocket_connect(RAW) as socket:
        socket.send_json(KEEP)
        _, code, reason = rest(socket)
    assert (code, reason) == (1011, "NET-0001")
    assert core.admission.open == 0


def test_what_is_wrong_is_told_at_the_handshake(client: TestClient) -> None:
    """In Deepgram's shape, with a status that its clients act on."""
    with pytest.raises(WebSocketDenialResponse) as denied:
        client.websocket_connect("/v1/listen?encoding=opus").__enter__()
    assert denied.value.status_code == 400
    assert {"err_code", "err_msg", "request_id"} == set(denied.value.json())


def test_a_full_gateway_says_so_at_the_handshake(client: TestClient, core: FakeCore) -> None:
    """With the time to come back."""
    core.admission = Admission(Limits(streams=1))
    with client.websocket_connect(RAW) as socket:
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect(RAW).__enter__()
        assert (denied.value.status_code, denied.value.json()["err_code"]) == (429, "TOO_MANY_REQUESTS")
        assert denied.value.headers["retry-after"]
        socket.send_json(CLOSE)
        rest(socket)
    assert core.admission.open == 0


def test_what_is_not_heeded_is_told(client: TestClient) -> None:
    """Names that nobody knows are no error."""
    with client.websocket_connect(f"{RAW}&numerals=true&mip_opt_out=true") as socket:
        headers: dict[bytes, bytes] = dict(socket.extra_headers or ())
        socket.send_json(CLOSE)
        rest(socket)
    assert headers[b"parley-ignored"] == b"numerals, mip_opt_out"
    assert headers[b"dg-request-id"]


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_recogniser_ends_the_stream(client: TestClient, core: FakeCore, lost: bool) -> None:
    """There is no notice in this API, and a stream must not go quiet."""
    notice = {"stage": "asr", "reason": "UNAVAILABLE", "message": "No more words."}
    core.answers = [PipelineResponse(notice=notice)] if lost else []
    core.error = None if lost else CircuitOpen("No more words.")
    with client.websocket_connect(RAW) as socket:
        socket.send_bytes(bytes(3200))
        socket.send_json(CLOSE)
        told, code, _ = rest(socket)
    assert (told[-1]["type"], told[-1]["description"]) == ("Error", "No more words.")
    assert code == 1013
    assert core.open == core.admission.open == 0


def test_hanging_up_releases_the_stream(client: TestClient, core: FakeCore) -> None:
    """In mid-speech."""
    with client.websocket_connect(RAW) as socket:
        socket.send_bytes(bytes(3200))
        socket.portal.call(core.opened.wait)
        socket.close()
        until_now(lambda: not core.admission.open)
    assert core.open == 0
