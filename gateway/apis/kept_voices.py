"""parley.v1.Voices over gRPC. No decisions in it."""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from gateway import voices
from gateway.apis import calls
from gateway.apis.calls import Context
from gateway.core import Caller, Core
from parley.v1 import voices_pb2 as v1
from parley.wire import protocol, rules

Answer = Callable[[Any, Caller], Awaitable[Message]]
Handler = Callable[[bytes, Context], Awaitable[Any]]


class KeptVoices:
    """One method a method."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> dict[str, Handler]:
        """Path -> what answers it."""
        return {
            f"/parley.v1.Voices/{name}": _handler(kind, answer)
            for name, kind, answer in (
                ("Add", v1.VoicesAddRequest, self._add),
                ("List", v1.VoicesListRequest, self._list),
                ("Remove", v1.VoicesRemoveRequest, self._remove),
            )
        }

    async def _add(self, request: v1.VoicesAddRequest, caller: Caller) -> Message:
        voice = await voices.keep(self._core, request.name, request.file, caller)
        return v1.VoicesAddResponse(voice=voice.shown)

    async def _list(self, request: v1.VoicesListRequest, caller: Caller) -> Message:
        kept = self._core.voices.of(self._core.key_for(caller, "diarize"))
        return v1.VoicesListResponse(voices=[kept[name].shown for name in sorted(kept)])

    async def _remove(self, request: v1.VoicesRemoveRequest, caller: Caller) -> Message:
        self._core.voices.remove(self._core.key_for(caller, "diarize"), request.name)
        return v1.VoicesRemoveResponse()


def _handler(kind: type[Message], answer: Answer) -> Handler:
    async def done(data: bytes, context: Context) -> bytes:
        request = protocol.parse(kind, data)
        rules.check(request)
        return (await answer(request, calls.caller(context))).SerializeToString()

    async def handle(data: bytes, context: Context) -> Any:
        return await calls.or_status(done(data, context), context)

    return handle
