"""whisper-asr-webservice's two endpoints: a recording to words or subtitles, and its language. No decisions in it."""

from starlette.responses import JSONResponse, Response

from gateway import recordings
from gateway.apis.deepgram.recorded import with_header
from gateway.apis.openai.requests import chosen
from gateway.apis.whisper_asr import shapes
from gateway.audio import recording
from gateway.audio.recording import RecordingSound
from gateway.caller import Caller
from gateway.config import Limits
from gateway.core import Core
from gateway.http.endpoint import Endpoint, ignored, served
from gateway.http.fields import Fields
from parley.v1.pipeline_pb2 import PipelineConfig


class WhisperAsr:
    """One method an endpoint."""

    def __init__(self, core: Core, limits: Limits) -> None:
        self._core, self._limits = core, limits

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        return [
            Endpoint("POST", "/asr", self.transcribe, shapes.refusal, is_cached=True),
            Endpoint("POST", "/detect-language", self.detect, shapes.refusal, is_cached=True),
        ]

    async def transcribe(self, fields: Fields, caller: Caller) -> Response:
        """Words, as text, subtitles, or JSON."""
        wanted = shapes.asked(fields)
        heard = await self._heard(await self._sound(fields), wanted.config, fields, caller)
        shapes.tell_apart(heard)
        if wanted.in_english:
            await recordings.turn_into(self._core, heard, "en", caller)
        body, kind = shapes.written(heard, wanted.shape)
        headers = served(heard.models.get("asr", ""), heard.notices) | ignored(fields, shapes.FIELDS)
        return Response(body, media_type=kind, headers=headers)

    async def detect(self, fields: Fields, caller: Caller) -> Response:
        """The language that is spoken in the first half minute."""
        sound = await self._sound(fields)
        sound.cut(fields.number("detect_lang_length", 0, 3600) or shapes.DETECTED_S)
        heard = await self._heard(sound, shapes.any_language(), fields, caller)
        headers = served(heard.models.get("asr", ""), heard.notices) | ignored(fields, shapes.DETECTING)
        return JSONResponse(shapes.language(heard), headers=headers)

    async def _sound(self, fields: Fields) -> RecordingSound:
        file = shapes.file_of(fields)
        samples = with_header(file, shapes.RAW) if shapes.is_raw(fields) else file
        return await recording.decode(samples, self._limits.audio_s, most_hz=recording.HEARD_HZ)

    async def _heard(
        self, sound: RecordingSound, config: PipelineConfig, fields: Fields, caller: Caller
    ) -> recordings.Transcription:
        config.models.update(chosen(self._core.named("asr", fields.text("model"))))
        return await recordings.transcribe(self._core, sound, config, caller)
