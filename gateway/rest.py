"""The HTTP doors: each reads what is asked, asks the core, writes the answer. No decisions in them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway import docs, files, hangup, openapi, realtime, refusal, sse, status, transcode, uploads, ws
from gateway.admin import Admin
from gateway.admission import CLASS
from gateway.compat import libretranslate, openai, openai_shapes, rttm
from gateway.config import Limits
from gateway.core import Caller, Core
from gateway.fields import Fields
from gateway.room import Room
from parley import media, wire
from parley.budget import Budget
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import Notice

Door = Callable[[Fields, Caller], Awaitable[Response]]
SOUNDS = {"wav": media.wav, "flac": media.flac}


def app(core: Core, limits: Limits) -> Starlette:
    """Every route."""
    return Starlette(routes=Doors(core, limits).routes(), exception_handlers={HTTPException: _no_such_door})


class Doors:
    """One method a door."""

    def __init__(self, core: Core, limits: Limits) -> None:
        self._core, self._limits = core, limits
        self._room = Room(limits.uploads_bytes)

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
        async def endpoint(request: Request) -> Response:
            try:
                return await self._answer(request, door)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:
                return refusal.response(wire.public(error, "the gateway"), shape)

        return Route(path, endpoint, methods=[method])

    async def _answer(self, request: Request, door: Door) -> Response:
        caller = Caller({CLASS: "batch"} | _metadata(request), Budget.of(self._limits.request_s))
        with self._room.place() as place:
            fields = await uploads.read(request, self._limits.upload_bytes, caller.budget, place)

            async def work() -> Response:
                serves = partial(self._core.serves, caller)
                return await self._core.cache.answered(request.url.path, fields, serves, lambda: door(fields, caller))

            return await hangup.within(caller.budget, hangup.unless(hangup.gone(request), work()))

    async def transcribe(self, fields: Fields, caller: Caller) -> Response:
        """Words, in OpenAI's shape."""
        wishes = openai.asked(fields)
        recording = await files.decode(fields.file(), self._limits.audio_s)
        await files.enrol(wishes.config.diarize, wishes.voices, recording.rate_hz)
        if wishes.streamed:
            return self._tell(wishes, recording, caller)
        heard = await files.transcribe(self._core, recording, wishes.config, caller)
        return _written(wishes, heard)

    def _tell(self, wishes: openai.Wishes, recording: files.Sound, caller: Caller) -> Response:
        """Words as they are found."""
        heard, telling = files.Heard(), openai_shapes.Telling(wishes.shape)

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

        return sse.EventStream(events(), openai.refusal, lambda: _served(heard.models.get("asr", ""), heard.notices))

    async def translate_speech(self, fields: Fields, caller: Caller) -> Response:
        """A recording's words in English, in OpenAI's shape."""
        wishes = openai.asked_in_english(fields)
        recording = await files.decode(fields.file(), self._limits.audio_s)
        heard = await files.transcribe(self._core, recording, wishes.config, caller)
        await files.turn_into(self._core, heard, "en", caller)
        return _written(wishes, heard, "translate")

    async def models(self, fields: Fields, caller: Caller) -> Response:
        """The models that transcribe, in OpenAI's shape."""
        return JSONResponse(openai.models(status.models(await self._core.status(), "asr")))

    async def denoise(self, fields: Fields, caller: Caller) -> Response:
        """A recording without its noise."""
        shape = fields.choice("response_format", tuple(SOUNDS))
        config = DenoiseConfig(attenuation_limit_db=fields.number("attenuation_limit_db", 0, 200))
        recording = await files.decode(fields.file(), self._limits.audio_s)
        cleaned, model = await files.clean(self._core, recording, config, caller, fields.text("model"))
        body = await asyncio.to_thread(SOUNDS[shape], cleaned.data, cleaned.rate_hz)
        return Response(body, media_type=f"audio/{shape}", headers=_served(model))

    async def diarize(self, fields: Fields, caller: Caller) -> Response:
        """Who spoke when."""
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
        caller = _with_key(fields, caller)
        told, model = await files.translate(self._core, wishes.texts, wishes.config, caller, fields.text("model"))
        return JSONResponse(libretranslate.answer(wishes, told), headers=_served(model))

    async def detect(self, fields: Fields, caller: Caller) -> Response:
        """A text's language, in LibreTranslate's shape."""
        text, config = libretranslate.asked_language(fields)
        caller = _with_key(fields, caller)
        (told,), model = await files.translate(self._core, [text], config, caller, fields.text("model"))
        return JSONResponse(libretranslate.detected(told), headers=_served(model))

    async def languages(self, fields: Fields, caller: Caller) -> Response:
        """What can be translated, in LibreTranslate's shape."""
        return JSONResponse(libretranslate.languages(status.languages(await self._core.status(), "translate")))

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
        """For Prometheus."""
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def openapi(self, fields: Fields, caller: Caller) -> Response:
        """For machines that write clients."""
        return JSONResponse(openapi.DOCUMENT)

    async def docs(self, fields: Fields, caller: Caller) -> Response:
        """For people."""
        return HTMLResponse(docs.page(openapi.DOCUMENT))


def _metadata(asked: HTTPConnection) -> dict[str, str]:
    return {name: value for name, value in asked.headers.items() if name != "cookie"}


def _with_key(fields: Fields, caller: Caller) -> Caller:
    """LibreTranslate's clients send their key among the fields; one in a header goes before it."""
    key = fields.text("api_key")
    return replace(caller, metadata={"authorization": f"Bearer {key}", **caller.metadata}) if key else caller


def _served(model: str, notices: Iterable[Notice] = ()) -> dict[str, str]:
    """Which model served, and what did not go as asked."""
    told = {wire.MODEL: model, "parley-notices": ", ".join(f"{each.stage} {each.reason}" for each in notices)}
    return {name: value for name, value in told.items() if value}


def _written(wishes: openai.Wishes, heard: files.Heard, task: str = "transcribe") -> Response:
    body, kind = openai_shapes.answer(heard, wishes.shape, wishes.granularities, task)
    return Response(body, media_type=kind, headers=_served(heard.models.get("asr", ""), heard.notices))


async def _no_such_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = f"There is no {request.method} {request.url.path}; /docs lists what there is."
    told = {"code": "NOT_FOUND", "reason": "NO_SUCH_ROUTE", "message": said}
    return JSONResponse({"error": told}, error.status_code, error.headers)
