"""vLLM's dialect of Realtime transcription: what a pipeline says -> its events. Pure; must not know a socket.

Its clients name a model where OpenAI's send settings, send 16 kHz, and say `final` with the commit that ends the sound.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.apis.openai.requests import Named, chosen
from gateway.http.refusal import answer
from parley.errors import FieldInvalid, ParleyError
from parley.v1.asr_pb2 import AsrConfig, Transcript
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse

Json = dict[str, Any]
RATE_HZ = 16_000
FORM = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_S16LE, sample_rate_hz=RATE_HZ, channels=1)


def is_spoken(event: Mapping[str, Any]) -> bool:
    """Whether a session.update is theirs."""
    return "model" in event and "session" not in event


class VllmTranscription:
    """One session's memory: one text after the other, each up to a final commit."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._model, self._bytes = "", 0
        self._text, self._sent = "", ""  # in finals; of the utterance that is being said, in deltas
        self._is_ended = False  # by a commit that nothing has answered yet

    def update(self, event: Mapping[str, Any]) -> Iterator[Json]:
        """Takes the model; they are not told that it is taken."""
        if not isinstance(model := event.get("model"), str):
            raise FieldInvalid("`model` must be a string.", field="model")
        self._named(model)  # refused before it is taken
        self._model = model
        return iter(())

    def refusal(self, error: ParleyError, event_id: object = None) -> Json:
        """What went wrong."""
        return {"type": "error", "error": str(error), "code": error.reason.lower(), "status": answer(error).status}

    def form(self) -> AudioFormat:
        """What the client's audio is."""
        return FORM

    def ready(self) -> None:
        """Sound may come at any time."""

    def begin(self) -> PipelineConfig:
        """The config of the next pipeline."""
        return PipelineConfig(format=FORM, asr=AsrConfig(interim_results=True), models=chosen(self._named(self._model)))

    def hear(self, data: bytes) -> None:
        """Counts audio that was sent to the pipeline."""
        self._bytes += len(data)

    def commit(self) -> Iterator[Json]:
        """The sound ends here; `over` has the answer."""
        self._is_ended = True
        return iter(())

    def events_of(self, heard: PipelineResponse) -> Iterator[Json]:
        """Deltas only ever append: what recognition has committed to."""
        if not heard.HasField("transcript"):
            return
        transcript: Transcript = heard.transcript
        text = transcript.text.strip()
        text = text if transcript.is_final else text[: transcript.committed_characters]
        if text.startswith(self._sent) and len(text) > len(self._sent):
            gap = " " if self._text and not self._sent else ""
            yield {"type": "transcription.delta", "delta": gap + text[len(self._sent) :]}
            self._sent = text
        if transcript.is_final:
            self._text, self._sent = f"{self._text} {text}".strip(), ""

    def over(self) -> Iterator[Json]:
        """A pipeline has ended; where the sound has too, the whole text is told."""
        if self._is_ended:
            usage = {"type": "duration", "seconds": round(self._bytes / 2 / RATE_HZ, 3)}
            yield {"type": "transcription.done", "text": self._text, "usage": usage}
            self._text, self._bytes, self._is_ended = "", 0, False
        self._sent = ""

    def failed(self, error: ParleyError) -> Iterator[Json]:
        """There are no turns to fail."""
        return iter(())
