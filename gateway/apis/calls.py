"""What every gRPC API does with a call: reads the caller, turns errors into a status. Must not know services, grpc."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import unquote

from gateway.access.entry import shown
from gateway.access.locality import is_local_peer
from gateway.config import Limits
from gateway.core import Caller, Core
from parley.budget import Budget
from parley.errors import ParleyError
from parley.wire import idle, protocol

Context = Any
Message = TypeVar("Message")


def caller(context: Context) -> Caller:
    """Who calls. A metadata name may come twice, as with credentials on TLS; the last one counts."""
    metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    is_local = is_local_peer(context.peer(), metadata)
    return Caller(metadata, Budget.of(context.time_remaining()), peer=host_of(context.peer()), is_local=is_local)


def host_of(peer: str) -> str:
    """The host in `ipv4:10.0.0.1:5000` or `ipv6:%5B::1%5D:5000`; empty for a Unix socket, which has none."""
    kind, _, address = unquote(peer).partition(":")
    return address.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


@contextmanager
def audited(core: Core, method: str, context: Context) -> Iterator[Callable[[ParleyError], None] | None]:
    """A record of the audit log around a call; gives who wants to know of its error. Raises where none can be made."""
    core.audit.check()
    who = caller(context)
    with core.audit.call(method, who.peer) as entry:
        shown(core.keys.claimed(who.metadata), who.metadata)
        yield entry.fail if entry else None


async def first(context: Context, limits: Limits) -> Any:
    """Reads the first message; EOF where there is none."""
    return await idle.message(context.read(), limits.first_message_s)


async def raw(context: Context, within_s: float) -> AsyncIterator[bytes]:
    """What is sent, until the caller has no more; raises where nothing is sent for so long."""
    with idle.IdleTimer(within_s) as timer:
        while (data := await timer.message(context.read())) is not protocol.EOF:
            yield data


async def all_of(
    context: Context, limits: Limits, then_s: float, read: Callable[[bytes], Message]
) -> AsyncIterator[Message]:
    """The first message soon, and the others; each as it is read."""
    data = await first(context, limits)
    with idle.IdleTimer(then_s) as timer:
        while data is not protocol.EOF:
            yield read(data)
            data = await timer.message(context.read())


async def or_status(work: Awaitable[Any], context: Context) -> Any:
    """Errors become a status; a caller who hung up is nobody's error."""
    try:
        return await work
    except Exception as error:
        code, message, trailers = protocol.status_of(protocol.public(error, "gateway"))
        return await context.abort(code, message, trailers)
