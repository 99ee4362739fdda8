"""Files and frames that something happened to, sent to the APIs. `make fuzz` throws many more.

Whatever comes, the answer is one that the APIs know, nothing stays open, and the process lives.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, cast

import grpc
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.access.upload_memory import UploadMemory
from gateway.apis.app import app
from gateway.apis.riva import server
from gateway.audio import incoming
from gateway.config import CacheConfig, GatewayConfig, Limits
from gateway.core import Core
from parley.compat import riva_asr_pb2 as asr
from parley.compat import riva_nmt_pb2 as nmt
from parley.errors import ParleyError
from parley.v1.audio_pb2 import AudioFormat
from tests.gateway.conftest import FakeCore, final
from tests.parley.audio.test_media import KINDS, written
from tests.sound import cut, tone

LIMITS = Limits(upload_bytes=300_000, audio_s=10.0, request_s=20.0)
KNOWN = {200, 400, 404, 405, 408, 413, 426, 499}
CLOSES = {1000, 1008, 1009}
FORM = (
    b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'
)


@cache
def _file(kind: str) -> bytes:
    return written(kind, tone(440, 0.3))


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A few bytes changed, a piece doubled or left out, the end cut off."""
    data = bytearray(whole)
    places = st.integers(0, max(0, len(data) - 1))
    for _ in range(draw(st.integers(0, 8))):
        # Headers are where lies are.
        at = draw(st.one_of(places, st.integers(0, min(80, len(data) - 1))))
        data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, draw(st.integers(0, 255))]))
    start, end = sorted((draw(places), draw(places)))
    what = draw(st.sampled_from(["leave", "double", "drop", "cut"]))
    if what == "double":
        data[end:end] = data[start:end]
    elif what == "drop":
        del data[start:end]
    elif what == "cut":
        del data[end:]
    return bytes(data)


files = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: mutated(_file(kind)))


def client_and_core() -> tuple[TestClient, FakeCore]:
    core = FakeCore()
    core.answers = [final("alfa")]
    return TestClient(app(cast(Core, core), LIMITS, CacheConfig()), raise_server_exceptions=False), core


@given(files, st.sampled_from(["/v1/audio/denoise", "/v1/audio/diarize", "/v1/audio/transcriptions"]))
def test_files_that_something_happened_to(file: bytes, path: str) -> None:
    """Heard as far as they go, or refused in a sentence; never a 500."""
    client, core = client_and_core()
    answer = client.post(path, files={"file": ("a", file)}, data={"model": "whisper-1"})
    assert answer.status_code in KNOWN, answer.text
    assert core.open == 0


@given(files, st.sampled_from([{}, {"encoding": "linear16", "sample_rate": "8000"}, {"encoding": "mulaw"}]))
def test_bodies_that_something_happened_to(file: bytes, query: dict[str, str]) -> None:
    """The same of a file that is the body, and of bare samples."""
    client, core = client_and_core()
    answer = client.post("/v1/listen", params=query, content=file, headers={"content-type": "audio/wav"})
    assert answer.status_code in KNOWN, answer.text
    assert core.open == 0


@given(mutated(FORM))
@example(FORM.replace(b"\r\n", b"\n"))
def test_forms_that_something_happened_to(form: bytes) -> None:
    """A parser's quarrel is the caller's to mend."""
    client, _ = client_and_core()
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/audio/transcriptions", content=form, headers=headers)
    assert answer.status_code in KNOWN, answer.text


@given(mutated(_file("wav")), st.lists(st.integers(0, 9000), max_size=5), st.booleans())
async def test_streams_that_something_happened_to(data: bytes, places: list[int], raw: bool) -> None:
    """Whole samples come out, or a refusal, whatever a header says."""

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in cut(data, places):
            yield chunk

    try:
        with UploadMemory(LIMITS.uploads_bytes).reserve() as reservation:
            told = AudioFormat(sample_rate_hz=16_000) if raw else None
            form, samples = await incoming.listen(chunks(), told, LIMITS, reservation)
            heard = [piece async for piece in samples]
    except ParleyError:
        return
    assert all(len(piece) % incoming.frame_bytes(form) == 0 for piece in heard)
    assert sum(map(len, heard)) <= max(len(data), 2 * 48_000 * 10)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
KEYS = ["type", "session", "audio", "input", "format", "turn_detection", "transcription", "asr", "diarize", "control"]
KEYS += [
    "translate",
    "models",
    "denoise",
    "sample_rate_hz",
    "event_id",
    "input_audio_format",
    "rate",
    "language",
    "output",
    *("event", "start", "media", "callSid", "streamSid", "customParameters", "track", "timestamp", "payload"),
]
TYPES = ["session.update", "transcription_session.update", "input_audio_buffer.append", "input_audio_buffer.commit"]
TYPES += ["input_audio_buffer.clear", "audio/pcmu", "server_vad", "flush", "end", "AAAA"]
TYPES += ["session.input_audio_buffer.append", "session.close", "KeepAlive", "Finalize", "CloseStream"]
TYPES += ["connected", "start", "media", "stop", "inbound"]
objects = st.recursive(
    st.one_of(values, st.sampled_from(TYPES)),
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
SOCKETS = ("/v1/pipeline", "/v1/realtime", "/v1/realtime/translations", "/v1/listen", "/v1/twilio")
frames = st.lists(st.one_of(objects.map(json.dumps), st.text(max_size=30), st.binary(max_size=300)), max_size=6)


async def frames_of(http_app: Any, path: str, sent: list[str | bytes], query: bytes = b"") -> list[dict[str, Any]]:
    """Everything a socket is sent back, until it is closed or hangs up."""
    told: list[dict[str, Any]] = []
    coming: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    coming += [{"type": "websocket.receive", "text" if isinstance(each, str) else "bytes": each} for each in sent]

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop(0)
        await asyncio.sleep(0.005)  # what is on its way back may come; that nothing more comes has no event
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {"type": "websocket", "path": path, "query_string": query, "headers": [], "subprotocols": []}
    await asyncio.wait_for(http_app(scope, receive, send), 10)
    return told


@given(frames, st.sampled_from(SOCKETS))
@example(["[" * 100_000], "/v1/realtime")
@example(["1" * 100_000], "/v1/pipeline")
async def test_frames_that_make_no_sense(sent: list[str | bytes], path: str) -> None:
    """Told, or closed with a reason that is the caller's to mend; never with one of ours."""
    client, core = client_and_core()
    told = await frames_of(client.app, path, sent)
    assert told[0]["type"] == "websocket.accept"
    assert {each["code"] for each in told if each["type"] == "websocket.close"} <= CLOSES
    assert "explains report" not in " ".join(str(each.get("text")) for each in told)
    assert core.open == 0


MESSAGES = [
    ("asr", "Recognize", asr.RecognizeRequest(config={"language_code": "en"}, audio=_file("wav"), id={"value": "r"})),
    ("nmt", "TranslateText", nmt.TranslateTextRequest(texts=["a"], target_language="de", dnt_phrases=["a##b"])),
    ("asr", "GetRivaSpeechRecognitionConfig", asr.RivaSpeechRecognitionConfigRequest(model_name="a")),
]
calls = st.sampled_from(MESSAGES).flatmap(
    lambda each: st.tuples(st.just(each[:2]), mutated(each[2].SerializeToString()))
)


class Call:
    """What a handler needs of a call, and how it ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def time_remaining(self) -> None:
        return None

    def peer(self) -> str:
        return "ipv4:10.0.0.1:5000"

    def set_trailing_metadata(self, _: object) -> None: ...

    async def abort(self, code: grpc.StatusCode, *_: object) -> None:
        self.code = code


@given(calls)
async def test_messages_that_something_happened_to(call: tuple[tuple[str, str], bytes]) -> None:
    """Bytes that are no message, or mean what nobody meant: INVALID_ARGUMENT or an answer, never INTERNAL."""
    (service, method), data = call
    core, context = FakeCore(), Call()
    methods = server.RivaMethods(cast(Core, core), GatewayConfig(upstreams={}, limits=LIMITS))
    path = f"/{server.ASR if service == 'asr' else server.NMT}/{method}"
    handler: Any = methods.service(type("Details", (), {"method": path}))
    await handler.unary_unary(data, context)
    assert context.code in (None, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
    assert core.open == 0
