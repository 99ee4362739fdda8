"""Parley's own REST API: sound cleaned, speakers told apart, what operators ask. No decisions in it."""

import asyncio

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway import recordings
from gateway.apis.native import rttm, websocket
from gateway.apis.native.admin import Admin
from gateway.apis.native.captions import CaptionsApi
from gateway.apis.native.jobs import JobsApi
from gateway.apis.native.reading import ReadingApi
from gateway.apis.native.recorded import SOUNDS, recorded
from gateway.apis.native.rollouts import RolloutsApi
from gateway.apis.native.stage_alone import StageAlone
from gateway.apis.native.voices import KeptVoices
from gateway.audio import recording
from gateway.caller import Caller
from gateway.calls.calls import Calls
from gateway.config import Limits
from gateway.core import Core
from gateway.http import transcode
from gateway.http.document.schema import Json
from gateway.http.endpoint import Endpoint, metadata, peer, served, upgrade
from gateway.http.fields import Fields
from gateway.jobs import Jobs
from gateway.sessions.sessions import Sessions
from parley.audio import media
from parley.budget import Budget
from parley.errors import NotFound
from parley.nearest import advice
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.wire.pipeline import ADDED

TRACING = ("traceparent", "tracestate")


class Native:
    """One method an endpoint."""

    def __init__(
        self, core: Core, limits: Limits, described: Json, jobs: Jobs, sessions: Sessions, calls: Calls
    ) -> None:
        self._sessions = sessions
        self._core, self._limits, self._described = core, limits, described
        self._jobs, self._captions = JobsApi(jobs), CaptionsApi(calls)

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("POST", "/v1/audio/denoise", self.denoise, is_cached=True),
            Endpoint("POST", "/v1/audio/diarize", self.diarize, is_cached=True),
            *(StageAlone(self._core, self._limits, stage).endpoint() for stage in ADDED),
            Endpoint("GET", "/v1/pipeline", upgrade),
            Endpoint("GET", "/v1/status", self.status),
            Endpoint("GET", "/v1/traces", self.trace),
            Endpoint("GET", "/healthz", self.healthz),
            Endpoint("GET", "/readyz", self.readyz),
            Endpoint("GET", "/metrics", self.metrics),
            Endpoint("GET", "/openapi.json", self.openapi),
            *Admin(self._core).endpoints(),
            *KeptVoices(self._core).endpoints(),
            *ReadingApi(self._core).endpoints(),
            *RolloutsApi(self._core).endpoints(),
            *self._jobs.endpoints(),
            *self._captions.endpoints(),
        ]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [WebSocketRoute("/v1/pipeline", self.pipeline), *self._jobs.sockets(), *self._captions.sockets()]

    async def denoise(self, fields: Fields, caller: Caller) -> Response:
        """A recording without its noise."""
        fields.only(("file", "model", "response_format", "attenuation_limit_db"))
        shape = fields.choice("response_format", tuple(SOUNDS))
        config = DenoiseConfig(attenuation_limit_db=fields.number("attenuation_limit_db", 0, 200))
        sound = await recording.decode(fields.file(), self._limits.audio_s)
        samples = await asyncio.to_thread(media.samples, fields.file(), sound.rate_hz)
        cleaned = recordings.clean(self._core, sound, config, caller, fields.text("model"))
        return recorded(SOUNDS[shape](sound.rate_hz, samples, 1), cleaned, f"audio/{shape}", caller.budget)

    async def diarize(self, fields: Fields, caller: Caller) -> Response:
        """Who spoke when."""
        fields.only(("file", "model", "response_format", "max_speakers", "voices"))
        shape = fields.choice("response_format", ("json", "rttm"))
        config = DiarizeConfig(max_speakers=fields.count("max_speakers", 100), voices=fields.texts("voices"))
        sound = await recording.decode(fields.file(), self._limits.audio_s)
        turns, model = await recordings.turns(self._core, sound, config, caller, fields.text("model"))
        if shape == "rttm":
            return Response(rttm.rttm(turns, fields.name), media_type="text/plain", headers=served(model))
        return JSONResponse({"model": model, "turns": [transcode.plain(turn) for turn in turns]}, headers=served(model))

    async def pipeline(self, socket: WebSocket) -> None:
        """Several stages in one live stream."""
        # A browser cannot set headers here; what it can say is which trace it wants to see.
        asked = {name: value for name, value in socket.query_params.items() if name in TRACING}
        caller = Caller(asked | metadata(socket), Budget.of(None), peer=peer(socket))
        await websocket.pipeline(socket, self._sessions, caller, self._limits)

    async def status(self, fields: Fields, caller: Caller) -> Response:
        """The gateway's status: stages, replicas, models, routes."""
        return JSONResponse(await self._core.status())

    async def trace(self, fields: Fields, caller: Caller) -> Response:
        """Where the time of one stream went, for who sent `tracestate: parley=keep` with its traceparent."""
        return JSONResponse({"spans": await self._core.trace(fields.text("id").lower())})

    async def healthz(self, fields: Fields, caller: Caller) -> Response:
        """Answers 200 while the process runs."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, fields: Fields, caller: Caller) -> Response:
        """Whether the stages can serve that are needed, or asked about; 503 with those that cannot."""
        fields.only(("stage",))
        asked, stages = fields.texts("stage") or self._core.needs, await self._core.ready()
        if strange := next((stage for stage in asked if stage not in stages), ""):
            raise NotFound(f"There is no stage {strange!r} here; {advice(strange, stages)}")
        missing = [stage for stage in asked if not stages[stage]]
        return JSONResponse({"ready": not missing, "missing": missing, "stages": stages}, 503 if missing else 200)

    async def metrics(self, fields: Fields, caller: Caller) -> Response:
        """Prometheus metrics; as OpenMetrics with trace ids as exemplars, where the client accepts that."""
        generate, kind = choose_encoder(caller.metadata.get("accept", ""))
        return Response(generate(REGISTRY), headers={"content-type": kind})

    async def openapi(self, fields: Fields, caller: Caller) -> Response:
        """The OpenAPI document as JSON."""
        return JSONResponse(self._described)
