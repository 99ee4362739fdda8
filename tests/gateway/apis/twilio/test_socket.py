"""Calls over Twilio's WebSocket, as Twilio documents them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from gateway.apis.twilio.socket import MULAW
from gateway.calls import track
from gateway.calls.call import Call, CallStart
from gateway.calls.calls import Calls
from gateway.config import GatewayConfig, TelephonyConfig
from gateway.core import Caller, Core
from parley.errors import BadConfig, Draining
from tests.gateway.apis.deepgram.test_live import rest
from tests.gateway.apis.test_fuzz import frames_of
from tests.gateway.apis.twilio.phone import (
    CAPTIONS,
    CONNECTED,
    PATH,
    STOP,
    Phone,
    called,
    heard_of,
    media,
    overheard,
    start,
)
from tests.gateway.apis.twilio.test_messages import frame
from tests.gateway.conftest import FakeCore, final
from tests.waiting import never, until, until_now


def test_both_sides_are_heard_and_told_apart(phone: Phone, core: FakeCore) -> None:
    """Each has a pipeline of its own, which hears its own sound; the listener hears both, in one order."""
    core.answers = [final("alfa", 0, 20, ("alfa",))]
    events = overheard(phone, CONNECTED, start(agent="Ann"), media(0), media(0, "outbound"), STOP)
    assert events[0]["type"] == "call_started"
    assert (events[0]["tracks"], events[0]["ignored"]) == (["inbound", "outbound"], ["agent"])
    words = [event for event in events if event["type"] == "transcript"]
    assert {(event["track"], event["speaker"], event["words"][0]["speaker"]) for event in words} == {
        ("inbound", "inbound", "inbound"),
        ("outbound", "outbound", "outbound"),
    }
    assert (events[-1]["type"], events[-1]["reason"]) == ("call_ended", "STOP")
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert {(event["call"], event["stream"]) for event in events} == {("CA1", "MZ1")}
    configs = [request.config for request in core.asked if request.HasField("config")]
    assert [config.format.sample_rate_hz for config in configs] == [8000, 8000]
    assert core.open == 0


def test_no_packet_stays_behind(phone: Phone, core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause and the end take what is left."""
    monkeypatch.setattr(track, "PAUSE_S", 0.3)
    with phone.websocket_connect(PATH) as socket:
        socket.send_text(start())
        for at_ms in range(0, 80, 20):
            socket.send_text(media(at_ms, length=160))
        until_now(lambda: any(request.HasField("control") for request in core.asked))
        socket.send_text(media(80, length=160))
        socket.send_text(STOP)
        rest(socket)
    sizes = [len(request.audio.data) for request in core.asked if request.HasField("audio")]
    assert (sizes[0], sizes[-1], sum(sizes)) == (160, 160, 800)


async def test_who_hangs_up_is_heard_to_the_last_word(core: FakeCore) -> None:
    """Without a stop, in mid-call."""
    core.answers = [final("alfa", 0, 20)]
    phone = Phone(core)
    listening = asyncio.create_task(heard_of(phone.calls))
    await until(lambda: phone.listeners)
    await frames_of(phone.app, PATH, [CONNECTED, start(), media(0)])
    events = await listening
    assert [event["type"] for event in events[-2:]] == ["transcript", "call_ended"]
    assert events[-1]["reason"] == "HANG_UP"


def test_times_are_the_calls(phone: Phone, core: FakeCore) -> None:
    """Packets were lost for an hour; what is heard after them was said after them."""
    core.answers = [final("alfa", 3060, 3080, ("alfa",))]
    events = overheard(phone, start(), media(0), media(3_600_000), STOP)
    (word,) = (event for event in events if event["type"] == "transcript")
    assert word["interval"] == word["words"][0]["interval"] == {"start": "3600s", "end": "3600.020s"}
    assert events[-1]["at"] == "3600.060s"
    assert sum(len(request.audio.data) for request in core.asked) == 24_000 + 960


def test_a_side_without_sound_is_answered_and_gives_its_place_away(
    core: FakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flushed after a moment, its pipeline ended after long; another one hears what comes then, at its time."""
    monkeypatch.setattr(track, "PAUSE_S", 0.02)
    core.answers = [final("alfa", 3000, 3060)]
    with Phone(core, sound_s=0.6) as client, client.websocket_connect(CAPTIONS) as listener:
        until_now(lambda: client.listeners)
        with client.websocket_connect(PATH) as socket:

            def goes_on(pipelines: int) -> bool:
                socket.send_text(media(0, "outbound"))
                return core.open == pipelines

            socket.send_text(start())
            socket.send_text(media(0))
            for pipelines in (2, 1):
                until_now(lambda: goes_on(pipelines))  # noqa: B023
            assert [request.WhichOneof("message") for request in core.asked].count("control") >= 1
            socket.send_text(media(60_000))
            socket.send_text(STOP)
            rest(socket)
        told, *_ = rest(listener)
    said = [event for event in told if event["type"] == "transcript" and event["track"] == "inbound"]
    assert [event["interval"]["end"] for event in said] == ["3.060s", "60.060s"]


def test_a_socket_without_messages_ends(core: FakeCore) -> None:
    """Others wait for its places."""
    with Phone(core, sound_s=0.05) as client:
        assert called(client, start(), media(0))[1].startswith("STREAM_IDLE")


def test_what_was_said_before_garbage_is_told(phone: Phone, core: FakeCore) -> None:
    """It was said all the same."""
    core.answers = [final("alfa", 0, 20)]
    events = overheard(phone, start(), media(0), "garbage")
    assert [event["type"] for event in events[-2:]] == ["transcript", "call_ended"]
    assert events[-1]["reason"] == "INVALID_ARGUMENT"


async def test_a_gateway_that_goes_away_answers_what_was_said(core: FakeCore) -> None:
    """Then the caller may call another one."""
    core.answers = [final("alfa", 0, 20)]
    config = GatewayConfig(upstreams={})
    calls = Calls(cast(Core, core), config)

    async def speak(call: Call) -> str:
        await call.hear("inbound", MULAW, 0, bytes(480))
        await never()

    listening = asyncio.create_task(heard_of(calls))
    begun = CallStart("CA1", "MZ1", ("inbound",), 40)
    heard = asyncio.create_task(calls.heard(begun, calls.asked({}), Caller(), speak))
    await core.opened.wait()
    await calls.close(5.0)
    with pytest.raises(Draining):
        await heard
    assert [event["type"] for event in await listening][-2:] == ["transcript", "call_ended"]


def test_keys_of_the_keypad_are_told_and_hidden_where_something_is(phone: Phone) -> None:
    """People type the numbers of their cards."""
    for parameters, digit in (({}, "5"), ({"redact": "card"}, "[DIGIT]")):
        events = overheard(phone, start(**parameters), frame("dtmf", track="inbound_track", digit="5"), STOP)
        (key,) = (event for event in events if event["type"] == "dtmf")
        assert (key["digit"], key["track"]) == (digit, "inbound")


def test_messages_that_mean_nothing_here_end_nothing(phone: Phone) -> None:
    """Those of marks are Twilio's own; what is not known is told once."""
    events = overheard(phone, CONNECTED, start(), frame("mark", name="a"), *[frame("news", a=1)] * 3, STOP)
    assert [event.get("reason") for event in events if event["type"] == "notice"] == ["UNKNOWN_MESSAGE"]
    assert events[-1]["reason"] == "STOP"


def test_what_the_address_says_and_means_nothing_is_told(phone: Phone) -> None:
    """Twilio drops queries; others that speak its contract do not."""
    with phone.websocket_connect(f"{PATH}?language=en&agent=Ann") as socket:
        headers: dict[bytes, bytes] = dict(socket.extra_headers or ())
        socket.send_text(start())
        socket.send_text(STOP)
        rest(socket)
    assert headers[b"parley-ignored"] == b"agent"


def test_captions_come_as_events_too(phone: Phone, core: FakeCore) -> None:
    """The same ones, until the call is over."""
    core.answers = [final("alfa", 0, 20)]
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(phone.get, CAPTIONS)
        until_now(lambda: phone.listeners)
        assert called(phone, start(), media(0), STOP)[0] == 1000
        answer = asked.result()
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    assert [event["type"] for event in told] == ["call_started", "opened", "transcript", "call_ended"]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [({"langauge": "en"}, "langauge"), ({"redact": "names"}, "redact"), ({"webhook": "https://x"}, "webhook_secret")],
)
def test_options_that_make_no_sense_are_told_at_the_start(core: FakeCore, options: dict[str, str], wrong: str) -> None:
    """Not with the first call."""
    with pytest.raises(BadConfig, match=wrong):
        Phone(core, TelephonyConfig(options=options))
