"""OpenAI's Realtime translation: what a pipeline says -> its events. Pure; must not know a socket.

Deltas only ever append: of what was said, what recognition has committed to; of the translation, whole pieces.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from gateway.apis.openai import requests
from gateway.apis.openai.settings import RATE_HZ, as_object, only
from gateway.audio.incoming import frame_bytes
from gateway.http.refusal import answer
from gateway.pipeline import notices
from parley.errors import BadInput, FieldInvalid, ParleyError, Unavailable
from parley.v1.asr_pb2 import AsrConfig, Transcript
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig, PipelineResponse
from parley.v1.translate_pb2 import Translation

Json = dict[str, Any]
Named = Callable[[str, str], str]  # a stage and a client's name for a model -> ours
NEVER = 253_402_300_799  # seconds since 1970; sessions here do not expire
FRAME_MS = 200  # times are told in steps of it
FORM = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_S16LE, sample_rate_hz=RATE_HZ, channels=1)


class Unreached(BadInput):
    """The language that was heard is one from which nothing is translated."""

    reason = "LANGUAGE_PAIR"


def _unique() -> str:
    return uuid4().hex[:20]


class Interpretation:
    """One session's memory."""

    def __init__(self, model: str, named: Named, unique: Callable[[], str] = _unique) -> None:
        self._model, self._named, self._unique = model, named, unique
        self._session = f"sess_{unique()}"
        self._language = ""
        self._transcription: Json | None = None
        self._noise_reduction: Json | None = None
        self._bytes, self._start_ms = 0, 0  # that the present pipeline has heard; where it began
        self._sent = ""  # of the utterance that is being said, in deltas
        self._said_before = False  # an utterance
        self._translated: int | None = None  # where the text began whose translation came last

    # The session itself.

    def created(self) -> Json:
        """The first event."""
        return self._event("session.created", session=self._described())

    def closed(self) -> Json:
        """The last event."""
        return self._event("session.closed")

    def update(self, kind: str, session: object) -> Json:
        """Apply all given settings, or none where one is invalid."""
        only(given := as_object(session, "session"), ("audio",), "session")
        only(audio := as_object(given.get("audio"), "audio"), ("input", "output"), "session.audio")
        heard, told = (as_object(audio.get(name), f"audio.{name}") for name in ("input", "output"))
        only(heard, ("noise_reduction", "transcription"), "session.audio.input")
        only(told, ("language",), "session.audio.output")
        language = told.get("language", self._language)
        if not isinstance(language, str):
            raise FieldInvalid("`audio.output.language` must be a string, e.g. de.", field="audio.output.language")
        transcription = self._patched(heard, "transcription", self._transcription)
        only(transcription or {}, ("model",), "session.audio.input.transcription")
        self._named("asr", _text(transcription or {}, "model"))  # refused before it is taken
        noise_reduction = self._patched(heard, "noise_reduction", self._noise_reduction)
        self._language, self._transcription, self._noise_reduction = language, transcription, noise_reduction
        return self._event("session.updated", session=self._described())

    def _patched(self, given: Json, name: str, before: Json | None) -> Json | None:
        """A setting that is left out keeps its value, null takes it away."""
        if name not in given:
            return before
        return None if given[name] is None else as_object(given[name], f"audio.input.{name}")

    def _described(self) -> Json:
        heard = {"transcription": self._transcription, "noise_reduction": self._noise_reduction}
        audio = {"input": heard, "output": {"language": self._language or None}}
        return {"id": self._session, "type": "translation", "model": self._model, "expires_at": NEVER, "audio": audio}

    def _event(self, kind: str, **more: object) -> Json:
        return {"type": kind, "event_id": f"event_{self._unique()}", **more}

    def refusal(self, error: ParleyError, event_id: object = None) -> Json:
        """What went wrong, and with which of the client's events."""
        body = requests.refusal(error, answer(error).status)["error"]
        return self._event("error", error=body | {"event_id": event_id} if isinstance(body, dict) else body)

    # What goes in.

    def check(self) -> None:
        """Raises where the session asks for a model that is not there."""
        self._named("translate", self._model)

    def form(self) -> AudioFormat:
        """What the client's audio is."""
        return FORM

    def ready(self) -> None:
        """Raises where sound comes before it is known what becomes of it."""
        if not self._language:
            message = "Say `audio.output.language` in a session.update before the first sound, e.g. de."
            raise FieldInvalid(message, field="audio.output.language")

    def begin(self) -> PipelineConfig:
        """The config of the next pipeline, from the settings as they are now."""
        config = PipelineConfig(format=FORM, asr=AsrConfig(interim_results=self._transcription is not None))
        config.translate.add(target_language=self._language)
        wishes = {"asr": _text(self._transcription or {}, "model"), "translate": self._model}
        meant = {stage: self._named(stage, name) for stage, name in wishes.items()}
        config.models.update({stage: model for stage, model in meant.items() if model})
        if self._noise_reduction:
            config.denoise.SetInParent()
            config.denoise_for = DenoiseFor.DENOISE_FOR_LISTENERS
        return config

    def hear(self, data: bytes) -> None:
        """Counts audio that was sent to the pipeline."""
        self._bytes += len(data)

    # What comes out.

    def events_of(self, heard: PipelineResponse) -> Iterator[Json]:
        """The events for one answer of the pipeline."""
        if heard.HasField("transcript") and self._transcription is not None:
            yield from self._said(heard.transcript)
        elif heard.HasField("translation") and heard.translation.text:
            yield self._translation(heard.translation)
        elif heard.notice.reason == Unreached.reason:
            yield self.refusal(Unreached(heard.notice.message))
        elif heard.notice.reason in (notices.UNTRANSLATED, notices.UNTRANSLATED_NOW):
            yield self.refusal(Unavailable(heard.notice.message))

    def _said(self, transcript: Transcript) -> Iterator[Json]:
        text = transcript.text.strip()
        text = text if transcript.is_final else text[: transcript.committed_characters]
        if text.startswith(self._sent) and len(text) > len(self._sent):
            gap = " " if self._said_before and not self._sent else ""
            delta, self._sent = gap + text[len(self._sent) :], text
            yield self._event("session.input_transcript.delta", delta=delta, elapsed_ms=self._ms(transcript.interval))
        if transcript.is_final:
            self._said_before, self._sent = self._said_before or bool(text), ""

    def _translation(self, piece: Translation) -> Json:
        """Pieces of one text have their own white space; between two texts there is none."""
        began, before = piece.interval.start.ToNanoseconds(), self._translated
        self._translated = began
        gap = " " if before is not None and before != began else ""
        ms = self._ms(piece.interval)
        return self._event("session.output_transcript.delta", delta=gap + piece.text, elapsed_ms=ms)

    def _ms(self, interval: Any) -> int:
        return int(self._start_ms + interval.end.ToMilliseconds()) // FRAME_MS * FRAME_MS

    def over(self) -> Iterator[Json]:
        """Nothing is owed when a pipeline has ended; the next one's times continue where this one ended."""
        self._start_ms += self._bytes * 1000 // (frame_bytes(FORM) * RATE_HZ)
        self._bytes, self._sent = 0, ""
        if self._translated is not None:
            self._translated = -1
        return iter(())

    def failed(self, error: ParleyError) -> Iterator[Json]:
        """There are no turns to fail."""
        return iter(())


def _text(data: Json, name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise FieldInvalid(f"`{name}` must be a string.", field=name)
    return value
