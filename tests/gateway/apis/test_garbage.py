"""Values of a wrong kind in every field of every JSON endpoint: told, or answered; never an error of ours.

The fields are those of the OpenAPI document, of PipelineConfig and of a Realtime session, so a new one is tried too.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.apis.deepgram import requests as listen
from gateway.apis.document import DOCUMENT
from gateway.apis.openai import settings
from gateway.http.document.schema import Json
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.gateway.apis.test_fuzz import client_and_core, frames_of

MANY = "1" * 400
GARBAGE = [
    *("null", "true", "0", "-1", "0.5", MANY, f"-{MANY}", "1" * 5_000, "1e400", "-1e400", "NaN", "Infinity"),
    *('""', r'"\ud800"', r'"a\udc00b"', r'"\u0000"', r'"\u202e"', '"../../x@1"', f'"{MANY}"'),
    *(f'"{"x" * 5_000}"', f'"x@{"y" * 5_000}"', '"a@1"', '"\'"'),
    *("[]", "[[]]", "[{}]", "[1]", '["a"]', "[null]", r'["\ud800"]', f"[{MANY}]"),
    *("{}", '{"a":1}', '{"":""}', r'{"\ud800":1}', '{"type":[]}', '{"type":{}}'),
    *("[" * 70 + "]" * 70, "[" * 900 + "]" * 900, '{"a":' * 500 + "1" + "}" * 500),
]
UNKNOWN = "nonsense"


def bodies() -> Iterator[tuple[str, str, str, Json, str]]:
    """Each operation that takes a body, its media type, an example and the name of one field."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                example = {} if isinstance(media.get("example"), str) else media.get("example", {})
                for name in (*media["schema"].get("properties", example), UNKNOWN):
                    yield method, path, kind, example, name


def spoilt(told: Json, name: str, garbage: str) -> str:
    """An object in JSON whose one field has that value."""
    pairs = {key: json.dumps(value) for key, value in told.items()} | {name: garbage}
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs.items()) + "}"


def wrapped(path: tuple[str, ...], garbage: str) -> str:
    """The same in objects inside each other; a name that ends with [] has a list of them."""
    for name in reversed(path):
        garbage = spoilt({}, name.removesuffix("[]"), f"[{garbage}]" if name.endswith("[]") else garbage)
    return garbage


@pytest.mark.parametrize(("method", "path", "kind", "example", "name"), list(bodies()))
def test_no_field_of_a_body_breaks_an_endpoint(method: str, path: str, kind: str, example: Json, name: str) -> None:
    """4xx or an answer, as JSON, as a form and in the query."""
    client, _ = client_and_core()
    for garbage in GARBAGE:
        asked: dict[str, Any] = {"content": spoilt(example, name, garbage), "headers": {"content-type": kind}}
        if kind != "application/json":
            told = {key: str(value) for key, value in example.items() if key != "file"} | {name: garbage.strip('"')}
            asked = {"data": told} | ({"files": {"file": b"RIFF"}} if kind.startswith("multipart") else {})
        answer = client.request(method, path, **asked)
        assert answer.status_code < 500, (garbage[:40], answer.text)
        assert len(answer.content) < 20_000
        answer = client.request(method, path, params={name: garbage[:3_000]})
        assert answer.status_code < 500, (garbage[:40], answer.text)


@pytest.mark.parametrize(
    "body", [b"\xed\xa0\x80", b'{"q": "\xed\xa0\x80"}', '{"q": "a"}'.encode("utf-16"), b"\xff", b"1"]
)
@pytest.mark.parametrize("path", ["/translate", "/detect", "/v1/routes/change", "/v1/audio/transcriptions"])
def test_bytes_that_are_no_text_are_told(path: str, body: bytes) -> None:
    """JSON is UTF-8."""
    client, _ = client_and_core()
    assert client.post(path, content=body, headers={"content-type": "application/json"}).status_code == 400


def config_paths(kind: Any, depth: int = 3) -> Iterator[tuple[str, ...]]:
    """Of every field of a message, and of those in it."""
    for field in kind.fields:
        name = f"{field.name}[]" if field.is_repeated else field.name
        yield (field.name,)
        if field.message_type and depth and not field.message_type.GetOptions().map_entry:
            yield from ((name, *inner) for inner in config_paths(field.message_type, depth - 1))


@pytest.mark.parametrize("path", [*config_paths(PipelineConfig.DESCRIPTOR), (UNKNOWN,)], ids=".".join)
async def test_no_field_of_a_pipeline_breaks_its_socket(path: tuple[str, ...]) -> None:
    """The first frame is understood, or its sender told which field is wrong."""
    for garbage in GARBAGE:
        await assert_told("/v1/pipeline", [wrapped(path, garbage), '{"control":"end"}'], garbage)


@pytest.mark.parametrize("name", sorted({*listen.LIVE, *listen.WHOLE, *listen.REFUSED, UNKNOWN}))
async def test_no_name_of_a_query_breaks_listening(name: str) -> None:
    """Of a recording and of a WebSocket: refused, or heard without."""
    client, core = client_and_core()
    for garbage in (each.strip('"')[:2_000] for each in GARBAGE):
        raw = {"encoding": "linear16", "sample_rate": "16000"} | {name: garbage}
        answer = client.post("/v1/listen", params=raw, content=bytes(320), headers={"content-type": "audio/wav"})
        assert answer.status_code < 500, (garbage[:40], answer.text)
        sent: list[str | bytes] = [bytes(320), '{"type":"Finalize"}', '{"type":"CloseStream"}']
        told = await frames_of(client.app, "/v1/listen", sent, urlencode(raw, errors="replace").encode())
        assert {each["code"] for each in told if each["type"] == "websocket.close"} <= {1000, 1008}
        assert core.open == core.admission.open == 0


INPUT = ("session", "audio", "input")
SESSION_PATHS = [
    *((name,) for name in ("type", "event_id", "session", "audio", UNKNOWN)),
    *(("session", name) for name in (*settings.SESSION, UNKNOWN)),
    *(("session", "audio", name) for name in ("input", "output", UNKNOWN)),
    *((*INPUT, name) for name in (*settings.BETA_NAMES.values(), UNKNOWN)),
    *((*INPUT, "format", name) for name in ("type", "rate", UNKNOWN)),
    *((*INPUT, "noise_reduction", name) for name in ("type", UNKNOWN)),
    *((*INPUT, "transcription", name) for name in (*settings.TRANSCRIPTION, UNKNOWN)),
    *((*INPUT, "turn_detection", name) for name in (*settings.TURNS, UNKNOWN)),
]
EVENTS = ("session.update", "transcription_session.update", "input_audio_buffer.append", "input_audio_buffer.clear")


@pytest.mark.parametrize("path", SESSION_PATHS, ids=".".join)
async def test_no_field_of_an_event_breaks_a_conversation(path: tuple[str, ...]) -> None:
    """Each event with each value, and after each some sound that the settings are used for."""
    sound = ['{"type":"input_audio_buffer.append","audio":"AAAAAAAA"}', '{"type":"input_audio_buffer.commit"}']
    for event in EVENTS[:2] if path[0] == "session" else EVENTS:
        told = [wrapped(path, garbage) for garbage in GARBAGE]
        told = told if path == ("type",) else [f'{{"type":"{event}",{each[1:]}' for each in told]
        await assert_told("/v1/realtime", [frame for each in told for frame in (each, *sound)], event)


TRANSLATION_PATHS = [
    *((name,) for name in ("type", "event_id", "session", "audio", UNKNOWN)),
    *(("session", name) for name in ("audio", UNKNOWN)),
    *(("session", "audio", name) for name in ("input", "output", UNKNOWN)),
    *(("session", "audio", "output", name) for name in ("language", UNKNOWN)),
    *((*INPUT, name) for name in ("transcription", "noise_reduction", UNKNOWN)),
    *((*INPUT, "transcription", name) for name in ("model", UNKNOWN)),
    *((*INPUT, "noise_reduction", name) for name in ("type", UNKNOWN)),
]


@pytest.mark.parametrize("path", TRANSLATION_PATHS, ids=".".join)
async def test_no_field_of_an_event_breaks_a_translation(path: tuple[str, ...]) -> None:
    """The same of a session that translates."""
    kind = "session.input_audio_buffer.append"
    sound = [f'{{"type":"{kind}","audio":"AAAAAAAA"}}']
    for event in ("session.update", kind):
        told = [wrapped(path, garbage) for garbage in GARBAGE]
        told = told if path == ("type",) else [f'{{"type":"{event}",{each[1:]}' for each in told]
        frames = [frame for each in told for frame in (each, *sound)]
        await assert_told("/v1/realtime/translations", frames, event)


async def assert_told(path: str, sent: list[str], garbage: str) -> None:
    """Whatever comes back, it is no error of ours."""
    client, core = client_and_core()
    told = await frames_of(client.app, path, list(sent))
    text = " ".join(str(each.get("text")) for each in told)
    assert not any(mark in text for mark in ('"report"', "INTERNAL", "server_error")), (garbage[:40], text[-300:])
    assert {each["code"] for each in told if each["type"] == "websocket.close"} <= {1000, 1008, 1009}
    assert core.open == 0


@pytest.mark.parametrize("width", [19_000, 21_000])
def test_a_wide_body_is_refused_before_anybody_looks_through_it(width: int) -> None:
    """A glossary has ten thousand entries; a million lists are nobody's wish."""
    client, _ = client_and_core()
    lists = ",".join(["[]"] * width)
    answer = client.post("/translate", content=f'{{"q":[{lists}]}}', headers={"content-type": "application/json"})
    assert ("beside each other" in answer.text) == (width > 20_000)
    assert answer.status_code == 400
