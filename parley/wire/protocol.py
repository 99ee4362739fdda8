"""Errors <-> gRPC status, the names of our metadata, and how a server listens. Must not know a stage or numpy."""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from parley.errors import BadConfig, BadInput, ParleyError
from parley.wire.error_names import of_reason
from parley.wire.tls import TlsConfig, UpstreamTls

log = logging.getLogger(__name__)

MODEL = "parley-model"  # asks for a model (with -asr and so on, for one stage of several); in trailers: what served
STAGE = "parley-stage"  # which stage's Models service a call through the gateway means
SESSION = "parley-session"  # keeps a client's streams on one version
USER = "parley-user"  # who the client works for; routes may go by it
PAYER = "parley-payer"  # what stands for the caller's key in metrics; the gateway says it, callers do not
CLASS = "parley-class"  # live or batch: what can wait gives way in engines too
FOR = "parley-for"  # the id of the key that a worker of jobs acts for
AGAIN = "parley-again"  # another replica has lost this stream: it is let in before new ones
ROOM = "/room"  # behind a version's name, to its health: whether it would take one more stream
DETAILS = "grpc-status-details-bin"
DOMAIN = "parley"
LARGEST_MESSAGE = 16 << 20
LONGEST_WORDS = 500  # of an error: trailers that grow with the input are dropped on the way, and the status with them

OTHER = "The other side"

EOF = grpc.aio.EOF
Metadata = tuple[tuple[str, str | bytes], ...]


def keepalive(after_ms: int, within_ms: int) -> tuple[tuple[str, int], ...]:
    """Ask after so much silence whether the other side is there, and hang up when no answer comes.

    gRPC asks once at a time: where it waits for an answer already, for reasons of its own, that would take a minute.
    """
    times = {"keepalive_time": after_ms, "keepalive_timeout": within_ms, "http2.ping_timeout": after_ms + within_ms}
    return tuple((f"grpc.{name}_ms", each) for name, each in times.items())


SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    # A window that does not grow: what a stream may send before it is read is memory of ours.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 1 << 18),
    # Without this two processes share a port in silence.
    ("grpc.so_reuseport", 0),
    # Who connects and says nothing is not waited for.
    ("grpc.server_handshake_timeout_ms", 10_000),
    # A caller whose machine vanished without a word is noticed.
    *keepalive(20_000, 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
)
NO_TLS = TlsConfig()
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def public(error: BaseException, process: str) -> ParleyError:
    """What a caller may see: our own errors as they are, anything else as an id that the log explains."""
    if isinstance(error, ParleyError):
        return error
    report = uuid.uuid4().hex[:8]
    log.error("unexpected error %s", report, exc_info=error)
    shown = ParleyError(f"Something broke in {process}; its log explains report {report}.")
    shown.report = report
    return shown


def status_of(error: ParleyError) -> tuple[grpc.StatusCode, str, Metadata]:
    """An error -> code, message and trailers."""
    words = str(error) if len(str(error)) <= LONGEST_WORDS else f"{str(error)[: LONGEST_WORDS - 1]}…"
    status = Status(code=error.code.value, message=words)
    status.details.add().Pack(ErrorInfo(reason=error.reason, domain=DOMAIN))
    if error.retry_s is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_s * 1000))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    return CODES[error.code.value], words, ((DETAILS, status.SerializeToString()),)


def error_of(failed: grpc.aio.AioRpcError, other: str = OTHER) -> ParleyError:
    """A failed call -> the error that the other process meant."""
    return error_from(failed.code(), failed.details() or "", failed.trailing_metadata() or (), other)


def error_from(
    code: grpc.StatusCode, message: str, trailers: Iterable[tuple[str, str | bytes]], other: str = OTHER
) -> ParleyError:
    """A status -> the error that the other process meant; `other` names it where it could say nothing."""
    status, info, retry = Status(), ErrorInfo(), RetryInfo()
    raw = dict(trailers).get(DETAILS, b"")
    with suppress(DecodeError):  # not ours: the code alone must do
        status.ParseFromString(raw if isinstance(raw, bytes) else b"")
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(retry)
    wait_s = retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None
    if code is grpc.StatusCode.UNAVAILABLE and not info.reason:
        log.warning("no connection: %s", message)
        message = f"{other} cannot be reached or went away; try again."  # grpc's own words are for the log
    return of_reason(code.value[0], info.reason)(message or f"The call ended with {code.name}.", retry_s=wait_s)


def parse(kind: type[Message], data: bytes) -> Message:
    """Bytes -> a message; raises BadInput where they are none."""
    try:
        return kind.FromString(data)
    except DecodeError:
        raise BadInput(f"These {len(data)} bytes are not a {kind.DESCRIPTOR.full_name}.") from None


class Guard(grpc.aio.ServerInterceptor):
    """Refuses a call by its method and metadata, before anything else of it is read."""

    def __init__(self, check: Callable[[str, Mapping[str, str]], None]) -> None:
        self._check = check

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Let it through, or answer with the refusal."""
        sent = handler_call_details.invocation_metadata or ()
        try:
            self._check(handler_call_details.method, {key: text for key, text in sent if isinstance(text, str)})
        except ParleyError as error:
            return _refusing(error)
        return await continuation(handler_call_details)


def _refusing(error: ParleyError) -> "grpc.RpcMethodHandler[Any, Any]":
    """For methods of every shape: on the wire they are alike."""

    async def refuse(_: object, context: Any) -> None:
        await context.abort(*status_of(error))

    return grpc.stream_stream_rpc_method_handler(refuse)


def listen(server: grpc.aio.Server, address: str, tls: TlsConfig = NO_TLS) -> None:
    """Take a port or a Unix socket."""
    try:
        if tls.on:
            server.add_secure_port(address, _credentials(tls))
        else:
            server.add_insecure_port(address)
    except RuntimeError as error:
        raise BadConfig(f"`listen` cannot take {address!r} ({error}); is it in use? Write a free host:port.") from None


def credentials(tls: UpstreamTls) -> grpc.ChannelCredentials:
    """What a caller trusts and shows."""
    pair = (Path(tls.key).read_bytes(), Path(tls.cert).read_bytes()) if tls.cert else (None, None)
    return grpc.ssl_channel_credentials(Path(tls.ca).read_bytes(), *pair)


def _credentials(tls: TlsConfig) -> grpc.ServerCredentials:
    pair = (Path(tls.key).read_bytes(), Path(tls.cert).read_bytes())
    roots = Path(tls.client_ca).read_bytes() if tls.mutual else None
    return grpc.ssl_server_credentials([pair], roots, require_client_auth=tls.mutual)
