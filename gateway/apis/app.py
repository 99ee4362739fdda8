"""Every HTTP API behind one app: how a request is read, worked on and answered. Must not know what is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.access.admission import CLASS
from gateway.access.entry import public
from gateway.access.upload_memory import Reservation, UploadMemory
from gateway.apis.console import pages
from gateway.apis.deepgram.requests import refusal as deepgram_refusal
from gateway.apis.deepgram.rest import PATH as LISTEN
from gateway.apis.deepgram.rest import Deepgram
from gateway.apis.document import DOCUMENT
from gateway.apis.libretranslate.rest import LibreTranslate
from gateway.apis.native.data import DataApi
from gateway.apis.native.rest import Native
from gateway.apis.openai.rest import OpenAi
from gateway.apis.twilio.rest import Twilio
from gateway.apis.whisper_asr.rest import WhisperAsr
from gateway.caller import Caller
from gateway.calls.calls import Calls
from gateway.config import CacheConfig, GatewayConfig, JobsConfig, Limits, SessionsConfig
from gateway.core import Core
from gateway.forgetting import Forgetting
from gateway.http import hangup, refusal, uploads
from gateway.http.cache import Cache
from gateway.http.endpoint import Endpoint, metadata, peer
from gateway.http.fields import Fields
from gateway.http.gate import IN_THE_BODY
from gateway.jobs import Jobs
from gateway.sessions.sessions import Sessions
from parley.budget import Budget

SHAPES: Mapping[str, refusal.Shape] = {LISTEN: deepgram_refusal}  # of what is refused before an endpoint is asked


def app(
    core: Core,
    limits: Limits,
    cached: CacheConfig,
    jobs: Jobs | None = None,
    memory: UploadMemory | None = None,
    sessions: Sessions | None = None,
    calls: Calls | None = None,
) -> Starlette:
    """The HTTP application: every endpoint of every API."""
    kept, memory = jobs or Jobs(core, JobsConfig()), memory or UploadMemory(limits.uploads_bytes)
    sessions = sessions or Sessions(core.pipeline, core.keys, SessionsConfig())
    heard = calls or Calls(core, GatewayConfig(upstreams={}, limits=limits))
    openai, cache = OpenAi(core, limits, kept), Cache(cached)
    kept_data = DataApi(core, Forgetting(core, kept, cache))
    native = Native(core, limits, DOCUMENT, kept, sessions, heard)
    twilio, deepgram = Twilio(core, heard), Deepgram(core, limits, memory)
    endpoints = [
        *openai.endpoints(), *deepgram.endpoints(), *native.endpoints(), *LibreTranslate(core).endpoints(),
        *twilio.endpoints(), *kept_data.endpoints(), *WhisperAsr(core, limits).endpoints(),
    ]  # fmt: skip
    routes: list[BaseRoute] = [
        Route(path, ByMethod([Serving(each, core, limits, cache, memory) for each in there]), methods=methods)
        for path, there in _by_path(endpoints).items()
        for methods in [[each.method for each in there]]
    ]
    routes += [*openai.sockets(), *deepgram.sockets(), *native.sockets(), *twilio.sockets()]
    return Starlette(routes=[*routes, *pages.routes()], exception_handlers={HTTPException: _no_such_route})


def _by_path(endpoints: Iterable[Endpoint]) -> dict[str, list[Endpoint]]:
    found: dict[str, list[Endpoint]] = {}
    for each in endpoints:
        found.setdefault(each.path, []).append(each)
    return found


class ByMethod:
    """The endpoints of one path; the route lets no other method through, and says which there are."""

    def __init__(self, endpoints: "Iterable[Serving]") -> None:
        self._endpoints = {each.method: each for each in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HEAD is a GET whose body the server leaves out."""
        await self._endpoints["GET" if scope["method"] == "HEAD" else scope["method"]](scope, receive, send)


class Serving:
    """One endpoint. Starlette asks an object for the whole answer, and a function only for what to answer."""

    def __init__(self, endpoint: Endpoint, core: Core, limits: Limits, cache: Cache, memory: UploadMemory) -> None:
        self._endpoint, self._core, self._limits, self._cache, self._memory = endpoint, core, limits, cache, memory
        self.method = endpoint.method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is uploaded has its place until the answer is sent: some answers are made from it meanwhile."""
        request = Request(scope, receive)
        with self._memory.reserve() as reservation:
            try:
                response = await self._answer(request, reservation)
            except ClientDisconnect:
                response = Response(status_code=499)  # nobody reads it
            except Exception as error:
                response = refusal.response(public(error), self._endpoint.shape)
            await response(scope, receive, send)

    async def _answer(self, request: Request, reservation: Reservation) -> Response:
        path, budget = request.url.path, Budget.of(self._limits.request_s)
        most = uploads.LONGEST_TEXT if path in IN_THE_BODY else self._limits.upload_bytes
        fields = await uploads.read(request, most, budget, reservation)
        fields = replace(fields, values={**fields.values, **request.path_params})
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
