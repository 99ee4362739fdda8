"""Wyoming's events <-> ours. Pure; must not know a connection."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gateway.apis.wyoming.wire import Event
from parley.errors import FieldInvalid, ParleyError, UnsupportedFormat
from parley.v1.asr_pb2 import AsrConfig, Transcript
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.pipeline_pb2 import PipelineConfig

BY = {"name": "Parley", "url": ""}
PROGRAM = "parley"
Named = Callable[[str], str]


def info(models: Iterable[Mapping[str, Any]]) -> Event:
    """What is served: Home Assistant takes the first program, and the languages of all its models."""
    listed = [
        {
            **_artefact(str(model["model"]), str(model["model"]).rpartition("@")[2]),
            "languages": list(model["languages"]),
        }
        for model in sorted(models, key=lambda model: not model.get("default"))
    ]
    program = _artefact(PROGRAM, "1") | {"models": listed, "supports_transcript_streaming": True}
    program |= {"requires_external_vad": True}
    return Event("info", {"asr": [program]})


def _artefact(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "attribution": BY, "installed": True, "description": name, "version": version}


def asked(transcribe: Mapping[str, Any], form: AudioFormat, named: Named) -> PipelineConfig:
    """What a `transcribe` and the format of its sound ask for."""
    phrases = [each for name in ("transcript_names", "transcript_terms") for each in _texts(transcribe, name)]
    asr = AsrConfig(language=_text(transcribe, "language"), interim_results=True, phrases=phrases, hints_only=True)
    model = named(_text(transcribe, "name"))
    return PipelineConfig(format=form, asr=asr, models={"asr": model} if model else {})


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise FieldInvalid(f"`{name}` must be a string.", field=name)
    return value


def _texts(data: Mapping[str, Any], name: str) -> list[str]:
    value = data.get(name) or []
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise FieldInvalid(f"`{name}` must be a list of strings.", field=name)
    return value


def form_of(sound: Mapping[str, Any]) -> AudioFormat:
    """What an `audio-start` says of its samples."""
    rate_hz, width, channels = (sound.get(name) for name in ("rate", "width", "channels"))
    if width != 2:
        raise UnsupportedFormat(f"Samples of {width!r} bytes are not taken; send 16-bit ones, `width` 2.")
    if not (_is_count(rate_hz) and _is_count(channels)):
        given = f"`rate` is {rate_hz!r} and `channels` {channels!r}"
        raise UnsupportedFormat(f"{given}; give whole numbers, e.g. 16000 and 1.")
    encoding = AudioEncoding.AUDIO_ENCODING_PCM_S16LE
    return AudioFormat(encoding=encoding, sample_rate_hz=rate_hz, channels=channels)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 20


def refusal(error: ParleyError) -> Event:
    """An error in Wyoming's shape."""
    return Event("error", {"text": str(error), "code": error.reason})


class Telling:
    """One utterance's text, as it becomes certain. Chunks only ever append; the transcript has the last word.

    Recognition hears every sentence once more when it is over, and may then find another word than the one it had
    committed to: what was told cannot be taken back, so the rest of that sentence comes with the transcript alone.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._finals: list[str] = []
        self._sent = ""  # of the sentence that is being said
        self._started = False

    def more(self, transcript: Transcript) -> Iterator[Event]:
        """The events for what one transcript adds."""
        self._language = self._language or transcript.language
        text = transcript.text if transcript.is_final else transcript.text[: transcript.committed_characters]
        text = text.strip()
        if text.startswith(self._sent) and len(text) > len(self._sent):
            gap = " " if self._finals and not self._sent else ""
            yield from self._start()
            yield Event("transcript-chunk", {"text": gap + text[len(self._sent) :]})
            self._sent = text
        if transcript.is_final:
            self._finals += [text] if text else []
            self._sent = ""

    def _start(self) -> Iterator[Event]:
        if not self._started:
            self._started = True
            yield Event("transcript-start", {"language": self._language} if self._language else {})

    def end(self) -> Iterator[Event]:
        """The whole text, in one event for who does not read chunks."""
        yield from self._start()
        yield Event(
            "transcript", {"text": " ".join(self._finals)} | ({"language": self._language} if self._language else {})
        )
        yield Event("transcript-stop")
