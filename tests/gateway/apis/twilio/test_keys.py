"""Who may call, and who may listen."""

import base64
from pathlib import Path

import pytest
from starlette.testclient import WebSocketDenialResponse

from gateway.access.keys import KeyRing
from gateway.apis.twilio import signature
from gateway.config import TelephonyConfig, TwilioConfig
from parley.wire.keys import make, write
from tests.gateway.apis.deepgram.test_live import rest
from tests.gateway.apis.twilio.phone import CAPTIONS, CONNECTED, PATH, STOP, Phone, called, media, start
from tests.gateway.conftest import FakeCore
from tests.waiting import until_now


class Keyed:
    """A gateway that asks for keys."""

    def __init__(self, core: FakeCore, folder: Path) -> None:
        (self.ann, ann), (self.ben, ben), (self.fay, fay) = (make(name, ["use"]) for name in ("ann", "ben", "fay"))
        write(folder / "keys.json", [ann, ben, fay])
        core.keys = KeyRing(folder / "keys.json")


def test_a_key_comes_by_any_way_that_twilio_leaves(core: FakeCore, tmp_path: Path) -> None:
    """And counts: without one, or with a wrong one, nobody is heard."""
    keys = Keyed(core, tmp_path)
    basic = base64.b64encode(f"any:{keys.ann}".encode()).decode()
    sent = (CONNECTED, start(), media(0), STOP)
    with Phone(core) as client:
        assert called(client, CONNECTED, start(key=keys.ann), media(0), STOP)[0] == 1000
        assert called(client, *sent, path=f"{PATH}?key={keys.ann}")[0] == 1000
        assert called(client, *sent, authorization=f"Basic {basic}")[0] == 1000
        assert core.caller
        assert core.caller.metadata["authorization"] == f"Bearer {keys.ann}"
        assert called(client, *sent)[1].startswith("KEY_NEEDED")
        assert called(client, start(key="pk_wrong"))[1].startswith("KEY_NEEDED")
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect(f"{PATH}?key=wrong").__enter__()
    assert denied.value.status_code == 401


def test_only_the_key_of_a_call_hears_it(core: FakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another's is told that there is no such call, over either way."""
    monkeypatch.setattr("gateway.calls.rooms.WAIT_S", 0.02)
    keys = Keyed(core, tmp_path)
    with Phone(core) as client, client.websocket_connect(PATH) as socket:
        socket.send_text(start(key=keys.ann))
        mine, theirs = ({"authorization": f"Bearer {key}"} for key in (keys.ann, keys.ben))
        until_now(lambda: client.streams)
        assert client.get(CAPTIONS, headers=theirs).status_code == 404
        assert client.get(CAPTIONS).status_code == 401
        with client.websocket_connect(CAPTIONS, headers=theirs) as listener:
            told, code, _ = rest(listener)
            assert (told[-1]["reason"], code) == ("NOT_FOUND", 1008)
        browser = ["parley", f"openai-insecure-api-key.{keys.ann}"]  # it can set no header
        with client.websocket_connect(CAPTIONS, subprotocols=browser) as listener:
            assert str(listener.accepted_subprotocol) == "parley"
            assert listener.receive_json()["number"] == 1
            listener.close()
        with client.websocket_connect(CAPTIONS, headers=mine) as listener:
            assert listener.receive_json()["type"] == "call_started"
            socket.send_text(STOP)
            assert rest(listener)[1] == 1000


def test_twilio_is_known_by_its_signature(core: FakeCore, tmp_path: Path) -> None:
    """Then the config's key counts where the call brings none; strangers are refused at the handshake."""
    keys = Keyed(core, tmp_path)
    twilio = TwilioConfig(auth_token="token", key=keys.fay)
    signed = {signature.HEADER: signature.signed("token", "wss://testserver/v1/twilio")}
    with Phone(core, TelephonyConfig(twilio=twilio)) as client:
        assert called(client, start(), media(0), STOP, **signed)[0] == 1000
        assert core.caller
        assert core.caller.metadata["authorization"] == f"Bearer {keys.fay}"
        with pytest.raises(WebSocketDenialResponse) as denied:
            client.websocket_connect(PATH).__enter__()
    assert (denied.value.status_code, denied.value.json()["error"]["reason"]) == (403, "SIGNATURE_INVALID")


def test_streams_of_calls_are_bounded(core: FakeCore, tmp_path: Path) -> None:
    """Of all and of each key, silent ones too; who goes makes room."""
    keys = Keyed(core, tmp_path)
    with Phone(core, streams=2, streams_per_key=1) as client:
        with client.websocket_connect(PATH) as socket:
            socket.send_text(start(key=keys.ann))
            until_now(lambda: client.streams)
            assert called(client, start(key=keys.ann), STOP)[1].startswith("STREAMS_FULL: 1 calls")
            assert called(client, start(key=keys.ben), STOP)[0] == 1000
            with client.websocket_connect(PATH) as other:
                other.send_text(start(key=keys.ben))
                until_now(lambda: client.streams == 2)
                assert called(client, start(key=keys.fay), STOP)[1].startswith("STREAMS_FULL: 2 calls")
                other.send_text(STOP)
                rest(other)
            socket.send_text(STOP)
            rest(socket)
        until_now(lambda: not client.streams)
        assert called(client, start(key=keys.ann), STOP)[0] == 1000
