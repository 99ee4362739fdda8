"""OpenAI's Realtime transcription: what a pipeline says -> its events. Pure; must not know a socket.

A turn is an item. Deltas only ever append: they are what recognition has committed to. A turn that somebody began
and in which no word was found is completed with an empty text, so that nobody waits for it.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gateway.apis.openai import requests
from gateway.apis.openai.settings import Settings
from gateway.apis.openai.vllm import VllmTranscription
from gateway.audio.incoming import frame_bytes
from gateway.http.refusal import answer
from parley.errors import BadInput, ParleyError
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse

Json = dict[str, Any]
Events = Iterator[Json]
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class NothingToCommit(BadInput):
    """A turn that ends has begun."""

    reason = "INPUT_AUDIO_BUFFER_COMMIT_EMPTY"  # as OpenAI's clients know it


@dataclass
class Item:
    """One turn, which is an item in OpenAI's events."""

    name: str
    start_ms: int
    end_ms: int = 0
    sent: str = ""  # in deltas
    text: str = ""  # in finals
    committed: bool = False


def _unique() -> str:
    return uuid4().hex[:20]


class Conversation:
    """One socket's memory."""

    def __init__(self, settings: Settings, *, beta: bool = False, unique: Callable[[], str] = _unique) -> None:
        self.settings, self._beta, self._unique = settings, beta, unique
        self._session = f"sess_{unique()}"
        self._items: deque[Item] = deque()  # begun and not completed
        self._last: str | None = None  # committed
        self._turns = 0  # committed so far
        self._start_ms = 0  # of the pipeline that runs, in the session's time
        self._bytes = 0  # that it has heard
        self._form, self._by_hand = settings.form(), settings.by_hand  # what it was begun with
        self._fresh = False  # something was heard since the last commit
        self._owed: int | None = None  # a commit that no turn has answered yet, and how many there were before it
        self._dropping = False
        self._model = ""  # that serves: an exact version

    # The session itself.

    def created(self) -> Json:
        """The first event."""
        return self._about_session("created") | {"id": self._session}  # vLLM's clients look for it there

    def update(self, kind: str, session: object) -> Json:
        """Patch the settings; who speaks the older shape is answered in it."""
        self.settings.patch(session)
        self._beta = kind.startswith("transcription_session")
        return self._about_session("updated")

    def _about_session(self, what: str) -> Json:
        session: Json = {"id": self._session, "object": "realtime.transcription_session"}
        if self._beta:
            return self._event(f"transcription_session.{what}", session=session | self.settings.beta())
        return self._event(f"session.{what}", session=session | self.settings.plain())

    def as_vllm(self) -> VllmTranscription:
        """The same session in vLLM's dialect."""
        return VllmTranscription(self.settings.named)

    def _event(self, kind: str, **more: object) -> Json:
        return {"type": kind, "event_id": f"event_{self._unique()}", **more}

    def refusal(self, error: ParleyError, event_id: object = None) -> Json:
        """What went wrong, and with which of the client's events."""
        body = requests.refusal(error, answer(error).status)["error"]
        return self._event("error", error=body | {"event_id": event_id} if isinstance(body, dict) else body)

    # What goes in.

    def check(self) -> None:
        """Raises where the settings ask for what is not there."""
        self.settings.config()

    def ready(self) -> None:
        """Sound may come at any time."""

    def form(self) -> AudioFormat:
        """What the client's audio is."""
        return self.settings.form()

    def begin(self) -> PipelineConfig:
        """The config of the next pipeline, from the settings as they are now."""
        self._form, self._by_hand = self.settings.form(), self.settings.by_hand
        return self.settings.config()

    def hear(self, data: bytes) -> None:
        """Counts audio that was sent to the pipeline."""
        self._bytes += len(data)
        self._fresh = self._fresh or bool(data)

    def commit(self) -> Events:
        """The turn ends here. A turn that was detected is committed by its end, which may be on its way."""
        if not self._fresh:
            raise NothingToCommit("There is nothing to commit; append audio first.")
        self._fresh = False
        if self._by_hand:
            yield from self._commit(self._open_item(), self._now_ms())
        else:
            self._owed = self._turns

    def _open_item(self) -> Item:
        if not self._items or self._items[-1].committed:
            self._items.append(Item(f"item_{self._unique()}", self._start_ms))
        return self._items[-1]

    def clear(self) -> Json:
        """Discards the audio and the turns that are not committed."""
        self._fresh, self._dropping = False, True
        self._items = deque(item for item in self._items if item.committed)
        return self._event("input_audio_buffer.cleared")

    # What comes out.

    def events_of(self, heard: PipelineResponse) -> Events:
        """The events for one answer of the pipeline."""
        if heard.HasField("opened"):
            self._model = heard.opened.models.get("asr", "")
        elif self._by_hand:
            if heard.transcript.is_final and not self._dropping:
                yield from self._append(heard.transcript)
        elif heard.HasField("speech_started") and not self._dropping:
            yield self._started(self._ms(heard.speech_started.at))
        elif heard.HasField("speech_ended") and not self._dropping:
            yield from self._ended(self._ms(heard.speech_ended.at))
        elif heard.transcript.is_final:
            yield from self._final(heard.transcript)
        elif heard.HasField("transcript") and self._items and not self._dropping:
            text = heard.transcript.text[: heard.transcript.committed_characters]
            yield from self._delta(self._items[-1], text)

    def _started(self, at_ms: int) -> Json:
        self._items.append(Item(f"item_{self._unique()}", at_ms))
        return self._event("input_audio_buffer.speech_started", audio_start_ms=at_ms, item_id=self._items[-1].name)

    def _ended(self, at_ms: int) -> Events:
        if self._items and not self._items[-1].committed:
            item = self._items[-1]
            yield self._event("input_audio_buffer.speech_stopped", audio_end_ms=at_ms, item_id=item.name)
            yield from self._commit(item, at_ms)

    def _commit(self, item: Item, end_ms: int) -> Events:
        item.committed, item.end_ms, before, self._last = True, end_ms, self._last, item.name
        self._turns += 1
        whole: Json = {
            "id": item.name,
            "object": "realtime.item",
            "type": "message",
            "role": "user",
            "status": "completed",
        }
        whole["content"] = [{"type": "input_audio", "transcript": None}]
        yield self._event("input_audio_buffer.committed", item_id=item.name, previous_item_id=before)
        for kind in ("created",) if self._beta else ("added", "done"):
            yield self._event(f"conversation.item.{kind}", item=whole, previous_item_id=before)

    def _delta(self, item: Item, text: str) -> Events:
        if text.startswith(item.sent) and len(text) > len(item.sent):
            delta, item.sent = text[len(item.sent) :], text
            yield self._event(f"{TRANSCRIPTION}.delta", item_id=item.name, content_index=0, delta=delta)

    def _final(self, final: Transcript) -> Events:
        """Finals come in order, but a turn without words has none; the next turn may have begun by now."""
        end_ms = self._ms(final.interval.end)
        while len(self._items) > 1 and self._items[1].start_ms < end_ms:
            yield from self._complete()
        if not self._items and not self._dropping:  # nobody said that it began
            yield from self._commit(self._open_item(), end_ms)
        if self._items:
            item = self._items[0]
            yield from self._delta(item, final.text.strip())
            item.text = final.text.strip()
            yield from self._complete()

    def _append(self, final: Transcript) -> Events:
        """Without turn detection a turn is everything until the commit, so finals are joined."""
        item = self._items[0] if self._items else self._open_item()
        item.text = f"{item.text} {final.text.strip()}".strip()
        if item.committed:
            yield from self._delta(item, item.text)

    def _complete(self) -> Events:
        item = self._items.popleft()
        usage = {"type": "duration", "seconds": math.ceil((item.end_ms - item.start_ms) / 1000)}
        completed = {"item_id": item.name, "content_index": 0, "transcript": item.text, "usage": usage}
        completed |= {"model": self._model} if self._model else {}  # ours: a name such as whisper-1 says nothing of it
        yield self._event(f"{TRANSCRIPTION}.completed", **completed)

    def over(self) -> Events:
        """The events when a pipeline has ended; the next one's times continue where this one ended."""
        if self._owed == self._turns:  # somebody committed silence
            yield from self._commit(self._open_item(), self._now_ms())
        while self._items and self._items[0].committed:
            yield from self._delta(self._items[0], self._items[0].text)
            yield from self._complete()
        self._start_ms, self._bytes, self._owed, self._dropping = self._now_ms(), 0, None, False

    def failed(self, error: ParleyError) -> Events:
        """The events that fail every open turn, when its pipeline has failed."""
        body = requests.refusal(error, answer(error).status)["error"]
        while self._items:
            name = self._items.popleft().name
            yield self._event(f"{TRANSCRIPTION}.failed", item_id=name, content_index=0, error=body)

    def _ms(self, at: Any) -> int:
        return self._start_ms + int(at.ToMilliseconds())

    def _now_ms(self) -> int:
        return self._start_ms + self._bytes * 1000 // (frame_bytes(self._form) * self._form.sample_rate_hz)
