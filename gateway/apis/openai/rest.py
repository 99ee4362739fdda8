"""OpenAI's REST API: recordings to words, in their own language or in English. No decisions in it."""

from contextlib import aclosing

from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway import recordings
from gateway.apis.openai import answers, realtime, requests
from gateway.apis.openai.batches.rest import BatchesApi
from gateway.audio import recording
from gateway.caller import Caller
from gateway.config import Limits
from gateway.core import Core
from gateway.http import sse
from gateway.http.endpoint import Endpoint, metadata, peer, served, upgrade
from gateway.http.fields import Fields
from gateway.jobs import Jobs
from gateway.report import status as report
from parley.budget import Budget


class OpenAi:
    """One method an endpoint."""

    def __init__(self, core: Core, limits: Limits, jobs: Jobs) -> None:
        self._core, self._limits = core, limits
        self._batches = BatchesApi(jobs, self._asr)

    def _asr(self, name: str) -> str:
        return self._core.named("asr", name)

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("POST", "/v1/audio/transcriptions", self.transcribe, requests.refusal, is_cached=True),
            Endpoint("POST", "/v1/audio/translations", self.translate_speech, requests.refusal, is_cached=True),
            Endpoint("GET", "/v1/models", self.models, requests.refusal),
            Endpoint("GET", "/v1/realtime", upgrade),
            Endpoint("GET", "/v1/realtime/translations", upgrade),
            *self._batches.endpoints(),
        ]

    def sockets(self) -> list[WebSocketRoute]:
        """What answers WebSockets."""
        return [
            WebSocketRoute("/v1/realtime", self.realtime),
            WebSocketRoute("/v1/realtime/translations", self.realtime_translations),
        ]

    async def transcribe(self, fields: Fields, caller: Caller) -> Response:
        """Words, in OpenAI's shape."""
        wanted = requests.asked(fields, self._asr)
        mixed = not wanted.config.per_channel
        sound = await recording.decode(fields.file(), self._limits.audio_s, mixed=mixed, most_hz=recording.HEARD_HZ)
        await recording.enrol(wanted.config.diarize, wanted.voices, sound.rate_hz)
        if wanted.streamed:
            return self._tell(wanted, sound, caller)
        heard = await recordings.transcribe(self._core, sound, wanted.config, caller)
        return _written(wanted, heard)

    def _tell(self, wanted: requests.TranscriptionRequest, sound: recording.RecordingSound, caller: Caller) -> Response:
        """Words as they are found."""
        heard, streamed = recordings.Transcription(), answers.StreamedTranscript(wanted.shape, wanted.config.asr.tokens)

        async def events() -> sse.Events:
            async with aclosing(recordings.hear(self._core, sound, wanted.config, caller)) as stream:
                async for answer in stream:
                    heard.take(answer)
                    if answer.HasField("opened"):
                        yield {}
                    elif answer.HasField("transcript") and answer.transcript.is_final:
                        for event in streamed.more(answer.transcript):
                            yield event
            yield streamed.done()

        def headers() -> dict[str, str]:
            return served(heard.models.get("asr", ""), heard.notices)

        return sse.EventStream(events(), requests.refusal, caller.budget, headers)

    async def translate_speech(self, fields: Fields, caller: Caller) -> Response:
        """A recording's words in English, in OpenAI's shape."""
        wanted = requests.asked_in_english(fields, self._asr)
        sound = await recording.decode(fields.file(), self._limits.audio_s, most_hz=recording.HEARD_HZ)
        heard = await recordings.transcribe(self._core, sound, wanted.config, caller)
        await recordings.turn_into(self._core, heard, "en", caller)
        return _written(wanted, heard, "translate")

    async def models(self, fields: Fields, caller: Caller) -> Response:
        """The models that transcribe, in OpenAI's shape."""
        status = await self._core.status()
        return JSONResponse(requests.models(report.models(status, "asr"), report.provenance(status, "asr")))

    async def realtime(self, socket: WebSocket) -> None:
        """Live words, in OpenAI's shape."""
        caller = Caller(metadata(socket), Budget.of(None), peer=peer(socket))
        await realtime.realtime(socket, self._core, caller, self._limits)

    async def realtime_translations(self, socket: WebSocket) -> None:
        """Live words in another language, in OpenAI's shape."""
        caller = Caller(metadata(socket), Budget.of(None), peer=peer(socket))
        await realtime.translations(socket, self._core, caller, self._limits)


def _written(
    wanted: requests.TranscriptionRequest, heard: recordings.Transcription, task: str = "transcribe"
) -> Response:
    body, kind = answers.answer(heard, wanted.shape, wanted.granularities, task)
    return Response(body, media_type=kind, headers=served(heard.models.get("asr", ""), heard.notices))
