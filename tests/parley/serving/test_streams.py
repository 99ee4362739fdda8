"""The one RPC of a stage, with the network faked."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.errors import Draining, ParleyError, TooManyStreams
from parley.serving.batcher import BatchConfig
from parley.serving.registry import Registry
from parley.serving.stage import ServiceConfig, Stage, read_text
from parley.serving.streams import ServiceStreams
from parley.v1 import translate_pb2 as v1
from parley.wire import protocol
from tests.fakes import spec_of
from tests.waiting import never

CONFIG = v1.TranslateRequest(config={"target_language": "de"}).SerializeToString()


class Aborted(Exception):
    pass


class Call:
    """What grpc.aio hands to a handler."""

    def __init__(self, requests: Sequence[bytes], **metadata: str) -> None:
        self._requests, self._metadata = list(requests), metadata
        self._trailers: Any = ()
        self.written: list[v1.TranslateResponse] = []
        self.status: tuple[grpc.StatusCode, str, Any] | None = None

    def invocation_metadata(self) -> Any:
        return tuple((key.replace("_", "-"), value) for key, value in self._metadata.items())

    def set_trailing_metadata(self, trailers: Any) -> None:
        self._trailers = trailers

    def trailing_metadata(self) -> Any:
        return self._trailers

    def time_remaining(self) -> None:
        return None

    async def read(self) -> Any:
        return self._requests.pop(0) if self._requests else protocol.EOF

    async def write(self, data: bytes) -> None:
        self.written.append(v1.TranslateResponse.FromString(data))

    async def abort(self, code: grpc.StatusCode, message: str, trailers: Any) -> None:
        self.status = code, message, trailers
        raise Aborted

    @property
    def error(self) -> ParleyError:
        assert self.status
        return protocol.error_from(*self.status)


class Parrot:
    """Says each piece again; breaks on "crash"."""

    def __init__(self) -> None:
        self._held: list[str] = []

    def feed(self, item: str) -> Iterator[Message]:
        if item == "crash":
            raise ZeroDivisionError("secret")
        yield v1.Translation(text=item)

    def flush(self) -> Iterator[Message]:
        return iter(())

    def next_job(self) -> Any:
        return None

    def absorb(self, result: object) -> Iterator[Message]:
        return iter(())

    def finish(self) -> Iterator[Message]:
        yield v1.Translation(text="bye")


class Same:
    def run(self, jobs: Sequence[object]) -> Sequence[object]:
        return jobs


def begin(config: v1.TranslateConfig, spec: ModelSpec, settings: ServiceConfig) -> Parrot:
    return Parrot()


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    made = Registry(lambda spec: Placed(Same(), "CPU", ""), BatchConfig())
    await made.load(spec_of("translate"))
    yield made
    await made.close()


@pytest.fixture
def streams(registry: Registry) -> ServiceStreams:
    service = v1.DESCRIPTOR.services_by_name["Translate"]
    stage = Stage(service, ServiceConfig, lambda spec: Placed(Same(), "CPU", ""), begin, read_text)
    return ServiceStreams(stage, ServiceConfig(listen="", models=(), streams=1), registry)


def text(words: str) -> bytes:
    return v1.TranslateRequest(text={"text": words}).SerializeToString()


async def refused(streams: ServiceStreams, call: Call) -> ParleyError:
    with pytest.raises(Aborted):
        await streams.handle(None, call)
    return call.error


async def test_a_stream_from_its_config_to_its_end(streams: ServiceStreams, registry: Registry) -> None:
    """Opened comes first, then what the session says, the last word at the end; the trailers name the model."""
    call = Call([CONFIG, text("a"), text("b")])
    await streams.handle(None, call)
    assert call.written[0].opened.model == "echo@1"
    assert [each.translation.text for each in call.written[1:]] == ["a", "b", "bye"]
    assert (protocol.MODEL, "echo@1") in call.trailing_metadata()
    assert (streams.open, registry.models[0].streams) == (0, 0)


async def test_what_breaks_inside_stays_inside(streams: ServiceStreams, registry: Registry) -> None:
    """A bug costs one stream: the caller gets an id, the lease comes back, the next stream works."""
    error = await refused(streams, Call([CONFIG, text("crash")]))
    assert error.reason == "INTERNAL"
    assert "secret" not in str(error)
    assert (streams.open, registry.models[0].streams) == (0, 0)
    await streams.handle(None, Call([CONFIG]))


async def test_a_refusal_still_names_the_model(streams: ServiceStreams) -> None:
    """Whoever is refused by a model learns which one it was."""
    call = Call([CONFIG, CONFIG])
    assert (await refused(streams, call)).reason == "CONFIG_REPEATED"
    assert call.status
    assert (protocol.MODEL, "echo@1") in call.status[2]


async def test_no_place_and_no_service(streams: ServiceStreams, registry: Registry) -> None:
    """A full or a draining service refuses before it reads a byte."""
    streams.open = 1
    assert type(await refused(streams, Call([CONFIG]))) is TooManyStreams
    streams.draining = True
    assert type(await refused(streams, Call([CONFIG]))) is Draining
    assert registry.models[0].streams == 0


async def test_hanging_up_gives_the_place_back(streams: ServiceStreams, registry: Registry) -> None:
    """A cancelled stream is counted out, and whoever waits for the last one to go is woken."""

    class Silent(Call):
        async def read(self) -> Any:
            if self._requests:
                return self._requests.pop(0)
            reading.set()
            return await asyncio.Event().wait()

    reading = asyncio.Event()
    task = asyncio.create_task(streams.handle(None, Silent([CONFIG])))
    await reading.wait()
    assert (streams.open, registry.models[0].streams) == (1, 1)
    gone = asyncio.create_task(streams.gone(within_s=30))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone
    assert (streams.open, registry.models[0].streams) == (0, 0)


async def test_waiting_for_the_last_stream_is_bounded(streams: ServiceStreams) -> None:
    """Nobody to wait for is no wait; a stream that stays is waited for as long as told."""
    await streams.gone(within_s=1000)
    streams.open = 1
    streams._none.clear()
    await streams.gone(within_s=0.01)


async def test_a_stream_is_a_span_of_its_caller(streams: ServiceStreams, spans: InMemorySpanExporter) -> None:
    """The caller's traceparent is the parent, and the span names the model."""
    await streams.handle(None, Call([CONFIG], traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01"))
    (span,) = spans.get_finished_spans()
    assert span.parent
    assert f"{span.parent.span_id:016x}" == "cd" * 8
    assert span.attributes
    assert span.attributes["parley.model"] == "echo@1"


async def test_who_never_begins_holds_no_place(registry: Registry) -> None:
    """A caller that opens a stream and says nothing is refused soon, and its lease comes back."""

    class Mute(Call):
        async def read(self) -> Any:
            await never()

    service = v1.DESCRIPTOR.services_by_name["Translate"]
    stage = Stage(service, ServiceConfig, lambda spec: Placed(Same(), "CPU", ""), begin, read_text)
    streams = ServiceStreams(stage, ServiceConfig(listen="", models=(), first_message_s=0.05), registry)
    assert (await refused(streams, Mute([]))).reason == "STREAM_IDLE"
    assert (streams.open, registry.models[0].streams) == (0, 0)
