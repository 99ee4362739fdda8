"""The HTTP doors: each reads what is asked, asks the core, writes the answer. No decisions in them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from urllib.parse import quote

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway import docs, files, hangup, openapi, realtime, refusal, sse, status, transcode, uploads, ws
from gateway.admin import Admin
from gateway.admission import CLASS
from gateway.compat import libretranslate, openai, openai_shapes, rttm
from gateway.config import Limits
from gateway.core import Caller, Core
from gateway.fields import Fields
from gateway.flow import Flow
from gateway.gate import IN_THE_BODY
from gateway.room import Place, Room
from parley import media, wire
from parley.budget import Budget
from parley.recorder import Flac, Recorder, Wav
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseResponse
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import Notice

log = logging.getLogger(__name__)
Door = Callable[[Fields, Caller], Awaitable[Response]]
SOUNDS: dict[str, Callable[[int, int | None], Recorder]] = {"wav": Wav, "flac": Flac}


def app(core: Core, limits: Limits) -> Starlette:
    """Every route."""
    return Starlette(routes=Doors(core, limits).routes(), exception_handlers={HTTPException: _no_such_door})


class Doors:
    """One method a door."""

    def __init__(self, core: Core, limits: Limits) -> None:
        self._core, self._limits = core, limits
        self._room = Room(limits.uploads_bytes)

    def _asr(self, name: str) -> str:
        return self._core.named("asr", name)

    def routes(self) -> list[BaseRoute]:
        """Path -> door, and how it says no."""
        return [
            self._route("POST", "/v1/audio/transcriptions", self.transcribe, openai.refusal),
            self._route("POST", "/v1/audio/translations", self.translate_speech, openai.refusal),
            self._route("GET", "/v1/models", self.models, openai.refusal),
            self._route("POST", "/v1/audio/denoise", self.denoise),
            self._route("POST", "/v1/audio/diarize", self.diarize),
            WebSocketRoute("/v1/pipeline", self.pipeline),
            self._route("GET", "/v1/pipeline", self.upgrade),
            WebSocketRoute("/v1/realtime", self.realtime),
            self._route("GET", "/v1/realtime", self.upgrade),
            self._route("POST", "/translate", self.translate, libretranslate.refusal),
            self._route("POST", "/detect", self.detect, libretranslate.refusal),
            self._route("GET", "/languages", self.languages, libretranslate.refusal),
            self._route("GET", "/v1/status", self.status),
            self._route("GET", "/healthz", self.healthz),
            self._route("GET", "/readyz", self.readyz),
            self._route("GET", "/metrics", self.metrics),
            self._route("GET", "/openapi.json", self.openapi),
            self._route("GET", "/docs", self.docs),
            *(self._route(*each) for each in Admin(self._core).doors()),
            Route("/", lambda _: RedirectResponse("/docs"), include_in_schema=False),
        ]

    def _route(self, method: str, path: str, door: Door, shape: refusal.Shape = refusal.ours) -> Route:
        return Route(path, _Endpoint(partial(self._serve, door, shape)), methods=[method])

    async def _serve(self, door: Door, shape: refusal.Shape, request: Request, send: Send) -> None:
        """What is uploaded has its place until the answer is sent: some answers are made from it meanwhile."""
        with self._room.place() as place:
            try:
                response = await self._answer(request, door, place)
            except ClientDisconnect:
                response = Response(status_code=499)  # nobody reads it
            except Exception as error:
                response = refusal.response(wire.public(error, "the gateway"), shape)
            await response(request.scope, request.receive, send)

    async def _answer(self, request: Request, door: Door, place: Place) -> Response:
        path, budget = request.url.path, Budget.of(self._limits.request_s)
        most = uploads.LONGEST_TEXT if path in IN_THE_BODY else self._limits.upload_bytes
        fields = await uploads.read(request, most, budget, place)
        caller = Caller({CLASS: "batch"} | _key(path, fields) | _metadata(request), budget)

        async def work() -> Response:
            serves = partial(self._core.serves, caller)
            return await self._core.cache.answered(path, fields, serves, lambda: door(fields, caller))

        return await hangup.within(budget, hangup.unless(hangup.gone(request), work()))

    async def transcribe(self, fields: Fields, caller: Caller) -> Response:
        """Words, in OpenAI's shape."""
        wishes = openai.asked(fields, self._asr)
        mixed = not wishes.config.per_channel
        recording = await files.decode(fields.file(), self._limits.audio_s, mixed=mixed, most_hz=files.HEARD_HZ)
        await files.enrol(wishes.config.diarize, wishes.voices, recording.rate_hz)
        if wishes.streamed:
            return self._tell(wishes, recording, caller)
        heard = await files.transcribe(self._core, recording, wishes.config, caller)
        return _written(wishes, heard)

    def _tell(self, wishes: openai.Wishes, recording: files.Sound, caller: Caller) -> Response:
        """Words as they are found."""
        heard, telling = files.Heard(), openai_shapes.Telling(wishes.shape, wishes.config.asr.tokens)

        async def events() -> sse.Events:
            async with aclosing(files.hear(self._core, recording, wishes.config, caller)) as answers:
                async for answer in answers:
                    heard.take(answer)
                    if answer.HasField("opened"):
                        yield {}
                    elif answer.HasField("transcript") and answer.transcript.is_final:
                        for event in telling.more(answer.transcript):
                            yield event
            yield telling.done()

        def served() -> dict[str, str]:
            return _served(heard.models.get("asr", ""), heard.notices)

        return sse.EventStream(events(), openai.refusal, caller.budget, served)

    async def translate_speech(self, fields: Fields, caller: Caller) -> Response:
        """A recording's words in English, in OpenAI's shape."""
        wishes = openai.asked_in_english(fields, self._asr)
        recording = await files.decode(fields.file(), self._limits.audio_s, most_hz=files.HEARD_HZ)
        heard = await files.transcribe(self._core, recording, wishes.config, caller)
        await files.turn_into(self._core, heard, "en", caller)
        return _written(wishes, heard, "translate")

    async def models(self, fields: Fields, caller: Caller) -> Response:
        """The models that transcribe, in OpenAI's shape."""
        return JSONResponse(openai.models(status.models(await self._core.status(), "asr")))

    async def denoise(self, fields: Fields, caller: Caller) -> Response:
        """A recording without its noise."""
        fields.only(("file", "model", "response_format", "attenuation_limit_db"))
        shape = fields.choice("response_format", tuple(SOUNDS))
        config = DenoiseConfig(attenuation_limit_db=fields.number("attenuation_limit_db", 0, 200))
        recording = await files.decode(fields.file(), self._limits.audio_s)
        samples = await asyncio.to_thread(media.samples, fields.file(), recording.rate_hz)
        answers = files.clean(self._core, recording, config, caller, fields.text("model"))
        return _recorded(SOUNDS[shape](recording.rate_hz, samples), answers, f"audio/{shape}", caller.budget)

    async def diarize(self, fields: Fields, caller: Caller) -> Response:
        """Who spoke when."""
        fields.only(("file", "model", "response_format", "max_speakers"))
        shape = fields.choice("response_format", ("json", "rttm"))
        config = DiarizeConfig(max_speakers=fields.count("max_speakers", 100))
        recording = await files.decode(fields.file(), self._limits.audio_s)
        turns, model = await files.turns(self._core, recording, config, caller, fields.text("model"))
        if shape == "rttm":
            return Response(rttm.rttm(turns, fields.name), media_type="text/plain", headers=_served(model))
        return JSONResponse(
            {"model": model, "turns": [transcode.plain(turn) for turn in turns]}, headers=_served(model)
        )

    async def translate(self, fields: Fields, caller: Caller) -> Response:
        """Text in another language, in LibreTranslate's shape."""
        wishes = libretranslate.asked(fields)
        told, model = await files.translate(self._core, wishes.texts, wishes.config, caller, fields.text("model"))
        headers = _served(model) | _ignored(fields, libretranslate.FIELDS)
        return JSONResponse(libretranslate.answer(wishes, told), headers=headers)

    async def detect(self, fields: Fields, caller: Caller) -> Response:
        """A text's language, in LibreTranslate's shape."""
        text, config = libretranslate.asked_language(fields)
        (told,), model = await files.translate(self._core, [text], config, caller, fields.text("model"))
        headers = _served(model) | _ignored(fields, libretranslate.FIELDS)
        return JSONResponse(libretranslate.detected(told), headers=headers)

    async def languages(self, fields: Fields, caller: Caller) -> Response:
        """What can be translated, in LibreTranslate's shape."""
        return JSONResponse(libretranslate.languages(status.loaded(await self._core.status(), "translate")))

    async def pipeline(self, socket: WebSocket) -> None:
        """Several stages in one live stream."""
        await ws.pipeline(socket, self._core, Caller(_metadata(socket), Budget.of(None)))

    async def realtime(self, socket: WebSocket) -> None:
        """Live words, in OpenAI's shape."""
        await realtime.realtime(socket, self._core, Caller(_metadata(socket), Budget.of(None)))

    async def upgrade(self, fields: Fields, caller: Caller) -> Response:
        """What a plain GET of the WebSocket is told."""
        told = {
            "code": "FAILED_PRECONDITION",
            "reason": "UPGRADE_REQUIRED",
            "message": "This is a WebSocket; see /docs.",
        }
        return JSONResponse({"error": told}, 426, {"upgrade": "websocket", "connection": "upgrade"})

    async def status(self, fields: Fields, caller: Caller) -> Response:
        """What an operator wants to see at a glance."""
        return JSONResponse(await self._core.status())

    async def healthz(self, fields: Fields, caller: Caller) -> Response:
        """The process lives."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, fields: Fields, caller: Caller) -> Response:
        """Every stage can serve, or which one cannot."""
        stages = await self._core.ready()
        missing = [stage for stage, able in stages.items() if not able]
        return JSONResponse({"ready": not missing, "missing": missing, "stages": stages}, 503 if missing else 200)

    async def metrics(self, fields: Fields, caller: Caller) -> Response:
        """For Prometheus; who asks for OpenMetrics gets the traces behind the numbers too."""
        generate, kind = choose_encoder(caller.metadata.get("accept", ""))
        return Response(generate(REGISTRY), headers={"content-type": kind})

    async def openapi(self, fields: Fields, caller: Caller) -> Response:
        """For machines that write clients."""
        return JSONResponse(openapi.DOCUMENT)

    async def docs(self, fields: Fields, caller: Caller) -> Response:
        """For people."""
        return HTMLResponse(docs.page(openapi.DOCUMENT))


class _Endpoint:
    """Starlette asks an object for the whole answer, and a function only for what to answer."""

    def __init__(self, serve: Callable[[Request, Send], Awaitable[None]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(Request(scope, receive), send)


def _metadata(asked: HTTPConnection) -> dict[str, str]:
    return {name: value for name, value in asked.headers.items() if name != "cookie"}


def _key(path: str, fields: Fields) -> dict[str, str]:
    """LibreTranslate's clients send their key among the fields; one in a header goes before it."""
    key = fields.text("api_key") if path in IN_THE_BODY else ""
    return {"authorization": f"Bearer {key}"} if key else {}


def _served(model: str, notices: Iterable[Notice] = ()) -> dict[str, str]:
    """Which model served, and what did not go as asked."""
    told = {wire.MODEL: model, "parley-notices": ", ".join(f"{each.stage} {each.reason}" for each in notices)}
    return {name: value for name, value in told.items() if value}


def _ignored(fields: Fields, known: Iterable[str]) -> dict[str, str]:
    """LibreTranslate's own server takes fields that it does not know; ours says which it did not heed."""
    if not (strange := fields.unknown(known)):
        return {}
    log.info("fields that nobody knows", extra={"fields": strange})
    return {"parley-ignored": ", ".join(quote(name, safe="[]") for name in strange)}


def _recorded(file: Recorder, answers: AsyncGenerator[DenoiseResponse], kind: str, budget: Budget) -> Response:
    """A file as its samples come."""
    model = ""

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal model
        async with aclosing(answers):
            async for answer in answers:
                model = answer.opened.model or model
                if piece := file.write(answer.audio.data):
                    yield piece
        yield file.end()

    flow = Flow(pieces(), kind, budget, lambda: _served(model))
    if file.size is not None:
        flow.headers["content-length"] = str(file.size)
    return flow


def _written(wishes: openai.Wishes, heard: files.Heard, task: str = "transcribe") -> Response:
    body, kind = openai_shapes.answer(heard, wishes.shape, wishes.granularities, task)
    return Response(body, media_type=kind, headers=_served(heard.models.get("asr", ""), heard.notices))


async def _no_such_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = f"There is no {request.method} {request.url.path}; /docs lists what there is."
    told = {"code": "NOT_FOUND", "reason": "NO_SUCH_ROUTE", "message": said}
    return JSONResponse({"error": told}, error.status_code, error.headers)
