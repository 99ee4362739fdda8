"""The Python client: streams to a gateway, or straight to a service. Must not know what is in a message's fields.

async with Client("localhost:50051") as parley:
    async for answer in parley.stream("Pipeline", requests):
        ...
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from parley.errors import BadInput, DeadlinePassed, NotFound, Unavailable
from parley.wire import protocol
from parley.wire.stages import SERVICES
from parley.wire.tls import UpstreamTls

OPTIONS = (
    ("grpc.max_receive_message_length", protocol.LARGEST_MESSAGE),
    # A replica that comes back is found again at once, not after grpc's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
FAR, NEAR = protocol.keepalive(20_000, 10_000), protocol.keepalive(1_000, 3_500)
TLS = "grpcs://"
NO_TLS = UpstreamTls()


def dial(address: str, tls: UpstreamTls = NO_TLS, *, alone: bool = False, near: bool = False) -> grpc.aio.Channel:
    """A channel to host:port or unix:/path; grpcs://host:port is TLS (SSL_CERT_FILE names roots of your own).

    Channels of one process to one address share a connection, but for those that want to be alone. The other side is
    near where silence of some seconds can only mean that it is gone.
    """
    options: tuple[tuple[str, str | int], ...] = (*OPTIONS, *(NEAR if near else FAR))
    options += (("grpc.use_local_subchannel_pool", int(alone)),)
    if tls.on:
        options += (("grpc.ssl_target_name_override", tls.name),) if tls.name else ()
        return grpc.aio.secure_channel(address, protocol.credentials(tls), options=options)
    if address.startswith(TLS):
        credentials = grpc.ssl_channel_credentials(_roots())
        return grpc.aio.secure_channel(address.removeprefix(TLS), credentials, options=options)
    return grpc.aio.insecure_channel(address, options=options)


def _roots() -> bytes | None:
    """Whom to trust beside gRPC's own choice; gRPC does not look where everybody else looks."""
    file = os.environ.get("SSL_CERT_FILE", "")
    try:
        return Path(file).read_bytes() if file else None
    except OSError as error:
        raise BadInput(f"SSL_CERT_FILE names {file}, which cannot be read ({error.strerror}).") from None


def _why(address: str) -> str:
    if address.startswith(TLS):
        return "is `parley up` running, and its certificate trusted? SSL_CERT_FILE=ca.pem names who vouches for it."
    return f"is `parley up` running? Behind TLS it is {TLS}{address}."


SETTLES_IN_MS, MOST_NOTED = 1000, 64  # answers of one call
Trailers = Iterable[tuple[str, str | bytes]]


class Exchange:
    """One bidirectional call as bytes. Leaving it cancels what is left of it, and waits until that is done."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        path: str,
        requests: AsyncIterable[bytes],
        metadata: Mapping[str, str],
        timeout_s: float | None = None,
        on_first: Callable[[], None] | None = None,
    ) -> None:
        self._on_first, self.other = on_first, protocol.OTHER  # how an error calls who cannot be reached
        self._call: Any = channel.stream_stream(path)(metadata=tuple(metadata.items()), timeout=timeout_s)
        self._end: tuple[grpc.StatusCode, str, Trailers] | None = None
        self._failed: Exception | None = None
        self._broke_off = False
        self._waits_since: float | None = None  # a request that the other side does not take
        # First byte of an answer -> what must also be in it, so that it is noted; no others are.
        self.notable: Mapping[bytes, bytes] = {}
        self.noted: deque[bytes] = deque(maxlen=MOST_NOTED)
        self._answers, self._is_peeked = self._read(), False
        self._call.add_done_callback(self._note_end)
        self._writer = asyncio.create_task(self._write(requests))

    def _note_end(self, _: object) -> None:
        """Keep the server's status: a write that fails because of it would overwrite it with INTERNAL (grpc#36066)."""
        if self._end is None:
            self._end = self._status()

    def _status(self) -> tuple[grpc.StatusCode, str, Trailers]:
        call = self._call
        return _now(call.code()), _now(call.details()) or "", _now(call.trailing_metadata()) or ()

    async def _settled(self) -> None:
        """A write that failed before the server's status was here has put INTERNAL in its place: wait for the real one.

        grpc.aio tells nobody when it comes, so we look.
        """
        for _ in range(SETTLES_IN_MS // 5):
            if not (self._end and self._end[0] is grpc.StatusCode.INTERNAL and not self._end[2] and self._broke_off):
                return
            await asyncio.sleep(0.005)
            self._end = self._status()

    async def _write(self, requests: AsyncIterable[bytes]) -> None:
        try:
            async for request in requests:
                self._waits_since = time.monotonic()
                await self._call.write(request)
                self._waits_since = None
            await self._call.done_writing()
        except (grpc.RpcError, grpc.aio.InternalError, asyncio.InvalidStateError):
            self._broke_off = True  # the call is over; whoever reads learns why
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End it for a reason of our own, which whoever reads is told."""
        self._failed = self._failed or error
        self._call.cancel()

    @property
    def stalled_s(self) -> float:
        """For so long a request has not been taken, and nothing was answered; 0: no request waits."""
        return 0.0 if self._waits_since is None else time.monotonic() - self._waits_since

    async def begun(self) -> None:
        """Wait for the first answer, or for the end; a call that fails before it fails here."""
        self._is_peeked = True
        await anext(self._answers, None)

    def answers(self) -> AsyncIterator[bytes]:
        """What comes back, until the call ends."""
        return self._answers

    async def _read(self) -> AsyncGenerator[bytes]:
        try:
            while (answer := await self._call.read()) is not grpc.aio.EOF:
                if self._on_first:
                    self._on_first()
                    self._on_first = None
                self._waits_since = self._waits_since and time.monotonic()
                if (also := self.notable.get(answer[:1])) is not None and also in answer:
                    self.noted.append(answer)
                yield answer
                if self._is_peeked:  # by `begun`; it is for whoever wants the answers all the same
                    self._is_peeked = False
                    yield answer
            await self._call.code()
        except asyncio.CancelledError:
            if self._failed is None:
                raise
        except grpc.aio.AioRpcError:
            pass  # _note_end has it
        if self._failed is not None:
            raise self._failed
        await self._settled()
        if self._end is None or self._end[0] is not grpc.StatusCode.OK:
            raise protocol.error_from(*(self._end or (grpc.StatusCode.UNAVAILABLE, "", ())), self.other)

    async def trailers(self) -> dict[str, str]:
        """What the server said at the end."""
        return _texts(self._end[2] if self._end else await self._call.trailing_metadata())

    @property
    def said_at_end(self) -> dict[str, str]:
        """The same, where the end has come; else nothing."""
        return _texts(self._end[2] if self._end else ())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.cancel()
        self._call.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer
        with suppress(asyncio.CancelledError):
            await self._call.code()


def _texts(trailers: Trailers | None) -> dict[str, str]:
    return {key: value for key, value in trailers or () if isinstance(value, str)}


def _now(done: Coroutine[Any, Any, Any]) -> Any:
    """The value of a coroutine that has nothing to wait for any more."""
    try:
        done.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("grpc.aio waits for the status of a call that is done.")


class Client:
    """One address. Errors come as the tree in `parley.errors`."""

    def __init__(
        self, address: str = "localhost:50051", metadata: Mapping[str, str] | None = None, *, alone: bool = False
    ) -> None:
        self.address = address
        self._metadata = dict(metadata or {})
        self._channel = dial(address, alone=alone)

    async def stream(
        self, service: str, requests: AsyncIterable[Message], *, model: str = "", timeout_s: float | None = None
    ) -> AsyncGenerator[Any]:
        """Talk to Pipeline or to one stage, e.g. Asr: requests in, answers out."""
        method = _service(service).methods_by_name["Stream"]
        answer_type = GetMessageClass(method.output_type)
        metadata = self._metadata | ({protocol.MODEL: model} if model else {})
        raw = (request.SerializeToString() async for request in requests)
        path = f"/{method.containing_service.full_name}/{method.name}"
        async with Exchange(self._channel, path, raw, metadata, timeout_s) as exchange:
            exchange.other = self.address
            async for answer in exchange.answers():
                yield answer_type.FromString(answer)

    async def models(self, method: str, request: Message, stage: str, timeout_s: float = 60.0) -> Any:
        """Call List, Load or Retire of a stage's Models service."""
        return await self.unary("Models", method, request, stage, timeout_s)

    async def unary(self, service: str, method: str, request: Message, stage: str = "", timeout_s: float = 60) -> Any:
        """Call a method with one answer."""
        found, metadata = _service(service).methods_by_name[method], {**self._metadata, protocol.STAGE: stage}
        call: Any = self._channel.unary_unary(f"/{found.containing_service.full_name}/{method}")
        try:
            answer = await call(request.SerializeToString(), metadata=tuple(metadata.items()), timeout=timeout_s)
        except grpc.aio.AioRpcError as failed:
            raise protocol.error_of(failed, self.address) from None
        return GetMessageClass(found.output_type).FromString(answer)

    async def ready(self, timeout_s: float) -> None:
        """Wait until the address answers."""
        try:
            await asyncio.wait_for(self._channel.channel_ready(), timeout_s)
        except TimeoutError:
            raise DeadlinePassed(f"Nobody answers at {self.address}; {_why(self.address)}") from None

    async def health(self, service: str = "", timeout_s: float = 3.0) -> None:
        """Fail unless the server, or one service of it, says that it serves."""
        from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

        call: Any = self._channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer = await call(HealthCheckRequest(service=service).SerializeToString(), timeout=timeout_s)
        except grpc.aio.AioRpcError as failed:
            raise protocol.error_of(failed, self.address) from None
        if (
            status := HealthCheckResponse.ServingStatus.Name(HealthCheckResponse.FromString(answer).status)
        ) != "SERVING":
            raise Unavailable(f"{self.address} says {status}; wait until it has loaded its models.")

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _service(name: str) -> ServiceDescriptor:
    if name not in SERVICES:
        raise NotFound(f"There is no service {name}; there are {', '.join(SERVICES)}.")
    return SERVICES[name]


async def requests_of(kind: Any, config: Message, items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Message]:
    """A config and then pieces: bytes become audio, strings text, and None a flush."""
    yield kind(config=config)
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield _request(kind, item)
    else:
        for item in items:
            yield _request(kind, item)


def _request(kind: Any, item: bytes | str | None) -> Message:
    if item is None:
        return kind(control={"action": "CONTROL_ACTION_FLUSH"})  # type: ignore[no-any-return]
    piece = {"audio": {"data": item}} if isinstance(item, bytes) else {"text": {"text": item}}
    return kind(**piece)  # type: ignore[no-any-return]
