"""Garbage at every entry of real processes: HTTP, WebSockets, gRPC's own frames, Parley's, Riva's and Models' messages.

Whatever comes, the status is one that a caller can act on, no log tells of an unexpected error, and every process
lives and serves. `make fuzz` does it for longer.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from gateway.apis.audiosocket.wire import Frame
from gateway.apis.audiosocket.wire import written as frame_of
from gateway.apis.wyoming.wire import Event, written
from parley.cli.processes.ports import free_address
from parley.compat import riva_asr_pb2 as asr
from parley.compat import riva_nmt_pb2 as nmt
from parley.v1 import jobs_pb2, models_pb2, pipeline_pb2, traces_pb2
from parley.wire.protocol import STAGE
from parley.wire.stages import STAGES
from tests.e2e.cluster import Cluster
from tests.gateway.apis.test_fuzz import SOCKETS, frames, mutated
from tests.services.test_fields import messages

pytestmark = pytest.mark.timeout(900)
Channels = dict[str, grpc.Channel]
Shown = tuple[tuple[str, str], ...]
PATIENCE_S = 20
# What breaks inside is INTERNAL or UNKNOWN; what is late or full has its own codes.
OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}
RIVA_ASR, RIVA_NMT = "/nvidia.riva.asr.RivaSpeechRecognition", "/nvidia.riva.nmt.RivaTranslation"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Ends with a look at what is left of it."""
    folder = tmp_path_factory.mktemp("fuzz")
    jobs = {"folder": str(folder / "jobs"), "reserve_bytes": 0, "folders": [str(folder / "recordings")]}
    ports: dict[str, Any] = {
        "wyoming": {"listen": free_address()},
        "telephony": {"audiosocket": {"listen": free_address()}},
    }
    with Cluster(folder, jobs=jobs, **ports) as cluster:
        asyncio.run(cluster.start())
        yield cluster
        cluster.check()  # none has ended
        for name in cluster.names:
            lines = (cluster.folder / f"{name}.log").read_text().splitlines()
            wrong = [line[:2000] for line in lines if "unexpected error" in line or "Traceback" in line]
            assert [line for line in wrong if "ServerReflection" not in line] == []  # of that the library tells
        assert httpx.get(f"http://{cluster.http}/readyz").status_code == 200
        stages = asyncio.run(cluster.status())["stages"].values()
        assert {replica["breaker"] for stage in stages for replica in stage["replicas"]} == {"closed"}


@pytest.fixture(scope="module")
def channels(cluster: Cluster) -> Iterator[Channels]:
    """To the gateway, and past it to each service."""
    addresses = {"gateway": cluster.grpc} | {stage: f"unix:{cluster.socket(stage)}" for stage in STAGES}
    found = {name: grpc.insecure_channel(address) for name, address in addresses.items()}
    yield found
    for channel in found.values():
        channel.close()


def called(channel: grpc.Channel, path: str, sent: list[bytes], shown: Shown = ()) -> None:
    """A whole call, of whichever shape: the status must not be a fault of ours."""
    call: Any = channel.stream_stream(path)
    try:
        for _ in call(iter(sent), metadata=shown, timeout=PATIENCE_S):
            pass
    except grpc.RpcError as failed:
        status: Any = failed
        assert status.code() not in OURS, (path, status.code(), status.details())


def serialized(kind: type[Message]) -> st.SearchStrategy[bytes]:
    """A message with its fields at their extremes, or with bytes that something happened to."""
    whole = st.deferred(lambda: messages(kind)).map(lambda message: message.SerializeToString())
    return st.one_of(whole, whole.flatmap(lambda data: mutated(data) if data else st.binary(max_size=20)))


def talks(kind: type[Message]) -> st.SearchStrategy[list[bytes]]:
    """A few messages, in whichever order; often a config comes first."""
    named: Any = kind.DESCRIPTOR.fields_by_name
    first = next((name for name in ("config", "streaming_config") if name in named), None)
    any_message = st.one_of(serialized(kind), st.binary(max_size=60))
    if first is None:
        return st.lists(any_message, max_size=5)
    found = st.deferred(lambda: messages(kind)).filter(lambda message: message.HasField(first))
    config = found.map(lambda message: message.SerializeToString())
    sound = st.sampled_from([kind(**{name: value}).SerializeToString() for name, value in _items(kind)])
    rest = st.lists(st.one_of(sound, any_message), max_size=5)
    begun = st.one_of(st.just(kind(**{first: {}}).SerializeToString()), config)
    return st.one_of(st.lists(any_message, max_size=5), st.tuples(begun, rest).map(lambda each: [each[0], *each[1]]))


def _items(kind: type[Message]) -> Iterator[tuple[str, Any]]:
    fields = kind.DESCRIPTOR.fields_by_name
    values = {"audio": {"data": bytes(6400)}, "text": {"text": "One. Two!"}, "control": {"action": 1}}
    values |= {"data": bytes(6400)}
    yield from ((name, value) for name, value in values.items() if name in fields)
    if "audio_content" in fields:
        yield from (("audio_content", data) for data in (bytes(6400), b"RIFF", b"fLaC", b"OggS", b"\x1aE\xdf\xa3"))


STREAMS: dict[str, type[Message]] = {
    **{stage.path: stage.request for stage in STAGES.values()},
    "/parley.v1.Pipeline/Stream": pipeline_pb2.PipelineRequest,
    "/parley.v1.Jobs/Submit": jobs_pb2.JobsSubmitRequest,
    f"{RIVA_ASR}/StreamingRecognize": asr.StreamingRecognizeRequest,
    f"{RIVA_NMT}/StreamingTranslateSpeechToText": nmt.StreamingTranslateSpeechToTextRequest,
}
UNARY: dict[str, type[Message]] = {
    "/parley.v1.Models/List": models_pb2.ModelsListRequest,
    "/parley.v1.Models/Card": models_pb2.ModelsCardRequest,
    "/parley.v1.Models/Load": models_pb2.ModelsLoadRequest,
    "/parley.v1.Models/Retire": models_pb2.ModelsRetireRequest,
    "/parley.v1.Jobs/Get": jobs_pb2.JobsGetRequest,
    "/parley.v1.Jobs/List": jobs_pb2.JobsListRequest,
    "/parley.v1.Jobs/Cancel": jobs_pb2.JobsCancelRequest,
    "/parley.v1.Jobs/Delete": jobs_pb2.JobsDeleteRequest,
    "/parley.v1.Jobs/Results": jobs_pb2.JobsResultsRequest,
    "/parley.v1.Traces/Get": traces_pb2.TracesGetRequest,
    f"{RIVA_ASR}/Recognize": asr.RecognizeRequest,
    f"{RIVA_ASR}/GetRivaSpeechRecognitionConfig": asr.RivaSpeechRecognitionConfigRequest,
    f"{RIVA_NMT}/TranslateText": nmt.TranslateTextRequest,
    f"{RIVA_NMT}/ListSupportedLanguagePairs": nmt.AvailableLanguageRequest,
}
SHOWN = st.lists(
    st.tuples(
        st.sampled_from(["parley-model", "parley-model-asr", "parley-session", "parley-class", "parley-user", STAGE]),
        st.one_of(st.sampled_from([*STAGES, "echo@1", "asr/default", "a@b@c"]), st.text('!~ {}"%/@', max_size=30)),
    ),
    max_size=3,
).map(tuple)


def each(kinds: Mapping[str, type[Message]], of: Callable[[type[Message]], Any]) -> st.SearchStrategy[tuple[str, Any]]:
    """A path and what is sent there."""
    found = {path: of(kind) for path, kind in kinds.items()}
    return st.sampled_from(sorted(found)).flatmap(lambda path: st.tuples(st.just(path), found[path]))


@given(each(STREAMS, talks), SHOWN)
def test_streams_of_garbage_through_the_gateway(
    channels: Channels, talk: tuple[str, list[bytes]], shown: Shown
) -> None:
    """Parley's own, Riva's, and each stage's alone."""
    called(channels["gateway"], *talk, shown)


@given(each({name: stage.request for name, stage in STAGES.items()}, talks), SHOWN)
def test_streams_of_garbage_to_a_service(channels: Channels, talk: tuple[str, list[bytes]], shown: Shown) -> None:
    """Who gets past the gateway finds nothing that breaks."""
    stage, sent = talk
    called(channels[stage], STAGES[stage].path, sent, shown)


@given(each(UNARY, serialized), SHOWN)
def test_calls_of_garbage(channels: Channels, call: tuple[str, bytes], shown: Shown) -> None:
    """At the gateway, and what services have of them at a service; none of them has such a model to take away."""
    path, data = call
    called(channels["gateway"], path, [data], shown)
    if path.startswith("/parley."):
        called(channels["asr"], path, [data], shown)


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_reflection_of_garbage(channels: Channels, sent: list[bytes]) -> None:
    """Not ours, but behind our port."""
    for channel in channels.values():
        call: Any = channel.stream_stream(REFLECTION)
        with suppress(grpc.RpcError):
            for _ in call(iter(sent), timeout=PATIENCE_S):
                pass


HEAD = b"POST /translate?x=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEAD += b'Content-Length: 40\r\nExpect: 100-continue\r\n\r\n{"q": "a", "source": "en", "target":"de"}'
CHUNKED = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nq=a\r\n0\r\n\r\n"
UPGRADE = b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
UPGRADE += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
FRAME = b"\x81\x8f\0\0\0\0" + b'{"type":"none"}' + b"\x82\x84\0\0\0\0abcd" + b"\x89\x80\0\0\0\0" + b"\x88\x80\0\0\0\0"
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
HTTP2 += (
    b"\0\0\x05\x01\x04\0\0\0\x01" + b"\x83\x86\x84\x41\0" + struct.pack(">I", 4)[1:] + b"\x08\0\0\0\0\x01\0\0\0\x01"
)
PCM = {"rate": 16000, "width": 2, "channels": 1}
WYOMING = b"".join(
    written(event)
    for event in (Event("describe"), Event("transcribe", {"language": "en"}), Event("audio-start", PCM))
    + 2 * (Event("audio-chunk", PCM, bytes(640)),)
    + (Event("audio-stop"),)
)

AUDIOSOCKET = b"".join(map(frame_of, (Frame(1, bytes(16)), Frame(0x10, bytes(320)), Frame(0x10, bytes(320)), Frame(0))))


def raw(address: str, data: bytes) -> None:
    """Bytes to a port; whatever comes back is read, for as long as something does."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as line, suppress(OSError):
        line.settimeout(0.05)
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65_536):
            pass


@given(st.one_of(mutated(HEAD), mutated(CHUNKED), mutated(HEAD + CHUNKED), mutated(UPGRADE + FRAME), mutated(HTTP2)))
def test_bytes_at_the_http_port(cluster: Cluster, data: bytes) -> None:
    """Heads, chunks and WebSocket frames that something happened to, and what is meant for the other port."""
    raw(cluster.http, data)


@given(st.one_of(mutated(HTTP2), mutated(HEAD), st.binary(max_size=200).map(lambda data: HTTP2[:24] + data)))
def test_bytes_at_the_grpc_port(cluster: Cluster, data: bytes) -> None:
    """HTTP/2 that is none."""
    raw(cluster.grpc, data)


@given(st.one_of(mutated(WYOMING), mutated(WYOMING[:130]), mutated(HEAD), st.binary(max_size=200)))
def test_bytes_at_wyomings_port(cluster: Cluster, data: bytes) -> None:
    """Events that something happened to, and what is meant for another port."""
    raw(cluster.config["wyoming"]["listen"], data)


@given(st.one_of(mutated(AUDIOSOCKET), mutated(HEAD), st.binary(max_size=200)))
def test_bytes_at_audiosockets_port(cluster: Cluster, data: bytes) -> None:
    """Frames that something happened to, and what is meant for another port."""
    raw(cluster.config["telephony"]["audiosocket"]["listen"], data)


@given(st.sampled_from(SOCKETS), frames)
def test_frames_at_the_sockets(cluster: Cluster, path: str, sent: list[str | bytes]) -> None:
    """As tests/gateway/apis/test_fuzz.py has it, with everything behind it."""
    with suppress(WebSocketException, TimeoutError), connect(f"ws://{cluster.http}{path}") as live:
        for frame in sent:
            live.send(frame)
        while True:
            told = live.recv(0.05)
            assert "explains report" not in str(told)


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    st.sampled_from(
        ["/translate", "/detect", "/languages", "/v1/models", "/v1/status", "/v1/routes", "/metrics", "/docs"]
    )
    | st.text("/v1%.?#&=;azé\u202e", max_size=30).map(lambda text: f"/{text}"),
    st.dictionaries(
        st.sampled_from(["content-type", "accept", "parley-model", "range", "x-a"]), st.text("a/;=*\u00e9", max_size=9)
    ),
    st.binary(max_size=60),
)
def test_requests_at_the_http_port(
    cluster: Cluster, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    """Any method of any path, with any header."""
    shown = {name: text.encode("latin-1") for name, text in headers.items()}
    asked = httpx.Request(method, f"http://{cluster.http}{path}", headers=list(shown.items()), content=body)  # type: ignore[arg-type]
    with httpx.Client(timeout=PATIENCE_S) as client:
        answer = client.send(asked)
    assert answer.status_code < 500, (method, path, answer.text)
