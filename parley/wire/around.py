"""Something around every call of a gRPC server, also around those that are refused. Must not know what."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import grpc

from parley.errors import ParleyError
from parley.wire import protocol
from parley.wire.trust import HEALTH

EVERYBODYS = (HEALTH, "/grpc.reflection.")  # methods that nobody is asked for a key for
Outcome = Callable[[ParleyError], None]
Enter = Callable[[str, Any], AbstractContextManager[Outcome | None]]


class Around(grpc.aio.ServerInterceptor):
    """Enters what `enter` gives for a method and its context, unless that raises; tells it of the error at the end."""

    def __init__(self, enter: Enter) -> None:
        self._enter = enter

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The handler, or who refuses in its place, with something around it."""
        handler, method = await continuation(handler_call_details), handler_call_details.method
        return handler if handler is None or method.startswith(EVERYBODYS) else self._around(handler, method)

    def _around(self, handler: Any, method: str) -> "grpc.RpcMethodHandler[Any, Any]":
        """Ours are of two shapes."""
        answer = handler.unary_unary or handler.stream_stream

        async def called(request: Any, context: Any) -> Any:
            try:
                with self._enter(method, context) as tell:
                    return await _told(answer(request, context), context, tell)
            except ParleyError as error:
                return await context.abort(*protocol.status_of(error))

        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        make = unary if handler.unary_unary else stream
        return make(called, handler.request_deserializer, handler.response_serializer)


async def _told(answer: Any, context: Any, tell: Outcome | None) -> Any:
    """The answer; a status that is none of success is told as the error that it means."""
    try:
        return await answer
    except BaseException:
        code = context.code()
        found = code if isinstance(code, grpc.StatusCode) else protocol.CODES[code or 0]
        if tell and found is not grpc.StatusCode.OK:
            tell(protocol.error_from(found, context.details() or "", context.trailing_metadata() or ()))
        raise
