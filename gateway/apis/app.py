"""Every HTTP API behind one app: how a request is read, worked on and answered. Must not know what is asked."""

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.access.admission import CLASS
from gateway.access.upload_memory import Reservation, UploadMemory
from gateway.apis.console import pages
from gateway.apis.document import DOCUMENT
from gateway.apis.libretranslate.rest import LibreTranslate
from gateway.apis.native.rest import Native
from gateway.apis.openai.rest import OpenAi
from gateway.caller import Caller
from gateway.config import CacheConfig, Limits
from gateway.core import Core
from gateway.http import hangup, refusal, uploads
from gateway.http.cache import Cache
from gateway.http.endpoint import Endpoint, metadata, peer
from gateway.http.fields import Fields
from gateway.http.gate import IN_THE_BODY
from parley.budget import Budget
from parley.wire import protocol


def app(core: Core, limits: Limits, cached: CacheConfig) -> Starlette:
    """The HTTP application: every endpoint of every API."""
    openai, native = OpenAi(core, limits), Native(core, limits, DOCUMENT)
    endpoints = [*openai.endpoints(), *native.endpoints(), *LibreTranslate(core).endpoints()]
    cache, memory = Cache(cached), UploadMemory(limits.uploads_bytes)
    routes: list[BaseRoute] = [
        Route(each.path, Serving(each, core, limits, cache, memory), methods=[each.method]) for each in endpoints
    ]
    routes += [*openai.sockets(), *native.sockets()]
    return Starlette(routes=[*routes, *pages.routes()], exception_handlers={HTTPException: _no_such_route})


class Serving:
    """One endpoint. Starlette asks an object for the whole answer, and a function only for what to answer."""

    def __init__(self, endpoint: Endpoint, core: Core, limits: Limits, cache: Cache, memory: UploadMemory) -> None:
        self._endpoint, self._core, self._limits, self._cache, self._memory = endpoint, core, limits, cache, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is uploaded has its place until the answer is sent: some answers are made from it meanwhile."""
        request = Request(scope, receive)
        with self._memory.reserve() as reservation:
            try:
                response = await self._answer(request, reservation)
            except ClientDisconnect:
                response = Response(status_code=499)  # nobody reads it
            except Exception as error:
                response = refusal.response(protocol.public(error, "the gateway"), self._endpoint.shape)
            await response(scope, receive, send)

    async def _answer(self, request: Request, reservation: Reservation) -> Response:
        path, budget = request.url.path, Budget.of(self._limits.request_s)
        most = uploads.LONGEST_TEXT if path in IN_THE_BODY else self._limits.upload_bytes
        fields = await uploads.read(request, most, budget, reservation)
        caller = Caller({CLASS: "batch"} | _key(path, fields) | metadata(request), budget, peer=peer(request))

        async def work() -> Response:
            if not self._endpoint.is_cached:
                return await self._endpoint.handler(fields, caller)
            serves = partial(self._core.serves, caller)
            return await self._cache.answered(path, fields, serves, lambda: self._endpoint.handler(fields, caller))

        return await hangup.within(budget, hangup.unless(hangup.gone(request), work()))


def _key(path: str, fields: Fields) -> dict[str, str]:
    """LibreTranslate's clients send their key among the fields; one in a header goes before it."""
    key = fields.text("api_key") if path in IN_THE_BODY else ""
    return {"authorization": f"Bearer {key}"} if key else {}


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"There is no {request.method} {request.url.path}; /docs lists what there is."
    body = {"code": "NOT_FOUND", "reason": "NO_SUCH_ROUTE", "message": message}
    return JSONResponse({"error": body}, error.status_code, error.headers)
