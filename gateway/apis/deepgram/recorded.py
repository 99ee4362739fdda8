"""A whole recording in Deepgram's words: what was sent, and what was heard. Pure; must not know HTTP."""

import struct
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import uuid4

from gateway.apis.deepgram import shapes
from gateway.apis.deepgram.requests import ListenRequest
from gateway.audio.incoming import frame_bytes
from gateway.http.fields import Fields
from gateway.recordings import Transcription
from parley.errors import FieldInvalid
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat

Json = dict[str, Any]
TAGS = {
    AudioEncoding.AUDIO_ENCODING_PCM_S16LE: 1,
    AudioEncoding.AUDIO_ENCODING_PCM_F32LE: 3,
    AudioEncoding.AUDIO_ENCODING_ALAW: 6,
    AudioEncoding.AUDIO_ENCODING_MULAW: 7,
}  # WAV's names


def file_of(fields: Fields) -> bytes:
    """The recording, which is the request's body."""
    if fields.upload is None:
        wrong = "Recordings are not fetched here" if "url" in fields.values else "There is no recording"
        raise FieldInvalid(f"{wrong}; send one as the body, with a content type such as audio/wav.", field="body")
    return fields.upload


def with_header(samples: bytes, form: AudioFormat) -> bytes:
    """Bare samples as a WAV file; a file stays as it is."""
    if samples[:4] == b"RIFF":
        return samples
    frame, rate_hz = frame_bytes(form), form.sample_rate_hz
    bits = frame // form.channels * 8
    fmt = struct.pack("<HHIIHH", TAGS[form.encoding], form.channels, rate_hz, rate_hz * frame, frame, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", len(fmt))
    return head + fmt + struct.pack("<4sI", b"data", len(samples)) + samples


def answer(wanted: ListenRequest, heard: Transcription, file: bytes, channels: int) -> Json:
    """Everything that was heard."""
    uuid, described = shapes.model_of(heard.models.get("asr", ""))
    count = channels if wanted.config.per_channel else 1
    numbers = shapes.Numbers() if wanted.has_speakers else None
    results: Json = {"channels": [_channel(wanted, _finals(heard, n), numbers) for n in range(count)]}
    if wanted.has_utterances:
        results["utterances"] = [_utterance(wanted, final, numbers) for final in heard.finals]
    about = {
        "transaction_key": "deprecated",
        "request_id": str(uuid4()),
        "sha256": sha256(file).hexdigest(),
        "created": shapes.now(),
        "duration": round(heard.duration_s, 5),
        "channels": count,
        "models": [uuid],
        "model_info": {uuid: described},
    }
    return {"metadata": about, "results": results}


def _finals(heard: Transcription, channel: int) -> list[Transcript]:
    return [final for final in heard.finals if final.track in ("", str(channel + 1))]


def _channel(wanted: ListenRequest, finals: Sequence[Transcript], numbers: shapes.Numbers | None) -> Json:
    words = [word for final in finals for word in shapes.spoken(final.words, 0.0, numbers)]
    texts = [shapes.text_of(final.text, is_written=wanted.is_written) for final in finals]
    languages = [final.language for final in finals] if wanted.has_languages else []
    found = shapes.alternative(" ".join(filter(None, texts)), words, languages)
    detected = next(filter(None, languages), "")
    return {"alternatives": [found]} | ({"detected_language": detected} if detected else {})


def _utterance(wanted: ListenRequest, final: Transcript, numbers: shapes.Numbers | None) -> Json:
    words = shapes.spoken(final.words, 0.0, numbers)
    said = shapes.alternative(shapes.text_of(final.text, is_written=wanted.is_written), words)
    start, end = shapes.seconds(final.interval.start), shapes.seconds(final.interval.end)
    times = {"start": start, "end": end, "channel": int(final.track or 1) - 1, "id": str(uuid4())}
    return times | said | (numbers.of(final.speaker) if numbers else {})
