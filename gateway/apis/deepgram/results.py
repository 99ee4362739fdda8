"""What a pipeline says of a live stream -> Deepgram's messages. Pure; must not know a socket.

Ranges of `is_final` results follow each other without a gap and never change. What was said before a Finalize is held
back until it is all there, so that the last of it can carry `from_finalize`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from gateway.apis.deepgram import shapes
from gateway.apis.deepgram.requests import ListenRequest
from gateway.audio.incoming import frame_bytes
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.pipeline_pb2 import PipelineResponse

Json = dict[str, Any]
NEAR_S = 0.1  # a resampler keeps so much sound back at most
NOTICED_S = 0.25  # so late it is known at the latest that somebody speaks again


@dataclass
class Channel:
    """What is known of one channel; times in the stream's."""

    number: int
    final_s: float = 0.0  # up to where results are final
    starts: deque[float] = field(default_factory=deque)  # of utterances whose final has not come; and their ends
    ends: deque[float] = field(default_factory=deque)
    finalizes: deque[float] = field(default_factory=deque)  # that are not answered
    held: Transcript | None = None  # a final that may be the last before a Finalize
    last_word_s: float | None = None  # of the last final, until its UtteranceEnd is told


class LiveResults:
    """One stream's memory."""

    def __init__(self, request: ListenRequest, request_id: str) -> None:
        self._request, self._id, self._created = request, request_id, shapes.now()
        self._numbers = shapes.Numbers() if request.has_speakers else None
        self._channels: list[Channel] = [Channel(0)]
        self._form = AudioFormat()
        self._model, self._hash = "", sha256()
        self._bytes, self._offset_s = 0, 0.0  # where the present pipeline began
        self._flushed_s = -1.0  # where it was flushed last

    # What goes in.

    def begin(self, form: AudioFormat) -> None:
        """The format of the sound; it stays the same for the whole stream."""
        self._form = form
        if len(self._channels) < (count := form.channels if self._request.config.per_channel else 1):
            self._channels = [Channel(number) for number in range(count)]

    def hear(self, data: bytes) -> Iterator[Json]:
        """More sound; time has passed with it."""
        self._bytes += len(data)
        self._hash.update(data)
        for channel in self._channels:
            yield from self._utterance_end(channel)

    @property
    def _heard_s(self) -> float:
        rate = frame_bytes(self._form) * (self._form.sample_rate_hz or 16_000)
        return round(self._bytes / rate, 5)

    def finalize(self, *, runs: bool) -> Iterator[Json]:
        """The client wants what there is. Where nothing can come any more it is answered at once."""
        at = self._heard_s
        nothing_new = not runs or (at == self._flushed_s and not any(each.finalizes for each in self._channels))
        self._flushed_s = at
        for channel in self._channels:
            if nothing_new:
                yield self._final(channel, None, at, from_finalize=True)
            else:
                channel.finalizes.append(at)

    # What comes out.

    def events_of(self, heard: PipelineResponse) -> Iterator[Json]:
        """The messages for one answer of the pipeline."""
        kind = heard.WhichOneof("event") or ""
        if kind == "opened":
            self._model = heard.opened.models.get("asr", "")
        elif kind in ("speech_started", "speech_ended", "transcript", "answered"):
            event = getattr(heard, kind)
            channel = self._channels[int(event.track) - 1 if event.track else 0]
            yield from getattr(self, f"_{kind}")(channel, event)
            yield from self._utterance_end(channel)

    def _speech_started(self, channel: Channel, event: Any) -> Iterator[Json]:
        channel.starts.append(at := round(self._offset_s + shapes.seconds(event.at), 5))
        if self._request.vad_events:
            yield {"type": "SpeechStarted", "channel": self._index(channel), "timestamp": at}

    def _speech_ended(self, channel: Channel, event: Any) -> Iterator[Json]:
        channel.ends.append(self._offset_s + shapes.seconds(event.at))
        return iter(())

    def _transcript(self, channel: Channel, event: Transcript) -> Iterator[Json]:
        if not event.is_final:
            if channel.held is None:
                yield self._interim(channel, event)
            return
        if channel.held is not None:
            yield self._final(channel, channel.held, self._end_of(channel.held))
            channel.held = None
        if channel.finalizes:
            channel.held = event
        else:
            yield self._final(channel, event, self._end_of(event))

    def _answered(self, channel: Channel, event: Any) -> Iterator[Json]:
        at = self._offset_s + shapes.seconds(event.at)
        while channel.finalizes and channel.finalizes[0] <= at + NEAR_S:
            held, channel.held = channel.held, None
            yield self._final(channel, held, channel.finalizes.popleft(), from_finalize=True)
        if channel.held is None and channel.ends and channel.ends[0] <= at:
            yield self._final(channel, None, at)  # somebody was heard, and no word was found

    def over(self) -> Iterator[Json]:
        """The messages when a pipeline has ended; the next one's times continue where this one ended."""
        at = self._heard_s
        for channel in self._channels:
            if channel.held is not None and not channel.finalizes:
                channel.finalizes.append(at)
            for _ in range(len(channel.finalizes)):
                held, channel.held = channel.held, None
                yield self._final(channel, held, channel.finalizes.popleft(), from_finalize=True)
            if channel.ends:
                yield self._final(channel, None, at)
            channel.starts.clear()
        self._offset_s, self._flushed_s = at, -1.0
        if self._numbers:
            self._numbers.anew()

    def metadata(self) -> Json:
        """The last message."""
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._id,
            "sha256": self._hash.hexdigest(),
            "created": self._created,
            "duration": self._heard_s,
            "channels": len(self._channels),
        }

    def _end_of(self, transcript: Transcript) -> float:
        return self._offset_s + shapes.seconds(transcript.interval.end)

    def _interim(self, channel: Channel, guess: Transcript) -> Json:
        said = self._alternative(guess, shapes.guessed(guess, self._offset_s))
        return self._results(channel, max(channel.final_s, self._end_of(guess)), said, is_final=False)

    def _final(self, channel: Channel, said: Transcript | None, end_s: float, *, from_finalize: bool = False) -> Json:
        """All ranges of finals follow each other; an utterance that has ended by then ends with it."""
        words = shapes.spoken(said.words, self._offset_s, self._numbers) if said else []
        end_s = max(channel.final_s, end_s, self._end_of(said) if said else 0.0)
        had_ended = bool(channel.ends and channel.ends[0] <= end_s)
        while channel.ends and channel.ends[0] <= end_s:
            channel.ends.popleft()
        while channel.starts and channel.starts[0] < end_s:  # where one is cut the next begins
            channel.starts.popleft()
        if said and said.text.strip():
            channel.last_word_s = words[-1]["end"] if words else end_s
        found = self._results(channel, end_s, self._alternative(said or Transcript(), words), is_final=True)
        found["speech_final"] = had_ended and self._request.has_endpoints
        found["from_finalize"] = from_finalize
        channel.final_s = end_s
        return found

    def _alternative(self, said: Transcript, words: list[Json]) -> Json:
        text = shapes.text_of(said.text, is_written=self._request.is_written)
        return shapes.alternative(text, words, [said.language] if self._request.has_languages else ())

    def _results(self, channel: Channel, end_s: float, alternative: Json, *, is_final: bool) -> Json:
        uuid, described = shapes.model_of(self._model)
        return {
            "type": "Results",
            "channel_index": self._index(channel),
            "start": round(channel.final_s, 5),
            "duration": round(end_s - channel.final_s, 5),
            "is_final": is_final,
            "speech_final": False,
            "from_finalize": False,
            "channel": {"alternatives": [alternative]},
            "metadata": {"request_id": self._id, "model_uuid": uuid, "model_info": described},
        }

    def _index(self, channel: Channel) -> list[int]:
        return [channel.number, len(self._channels)]

    def _utterance_end(self, channel: Channel) -> Iterator[Json]:
        if channel.last_word_s is None or not self._request.utterance_end_s:
            return
        silent_until = channel.starts[0] if channel.starts else self._heard_s - NOTICED_S
        if silent_until - channel.last_word_s >= self._request.utterance_end_s:
            last, channel.last_word_s = channel.last_word_s, None
            yield {"type": "UtteranceEnd", "channel": self._index(channel), "last_word_end": last}
