"""What every gRPC door does with a call: who asks, how errors are told. Must not know a service, nor grpc itself."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any
from urllib.parse import unquote

from gateway.core import Caller
from parley.budget import Budget
from parley.wire import protocol

Context = Any


def caller(context: Context) -> Caller:
    """Who asks. A name may come twice, as with credentials on TLS; the last one counts."""
    metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    return Caller(metadata, Budget.of(context.time_remaining()), peer=host_of(context.peer()))


def host_of(peer: str) -> str:
    """The host in `ipv4:10.0.0.1:5000` or `ipv6:%5B::1%5D:5000`; empty for a Unix socket, which has none."""
    kind, _, address = unquote(peer).partition(":")
    return address.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


async def raw(context: Context) -> AsyncIterator[bytes]:
    """What is sent, until the caller has no more."""
    while (data := await context.read()) is not protocol.EOF:
        yield data


async def or_status(work: Awaitable[Any], context: Context) -> Any:
    """Errors become a status; a caller who hung up is nobody's error."""
    try:
        return await work
    except Exception as error:
        code, message, trailers = protocol.status_of(protocol.public(error, "gateway"))
        return await context.abort(code, message, trailers)
