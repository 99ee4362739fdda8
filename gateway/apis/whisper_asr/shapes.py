"""whisper-asr-webservice's fields and answers <-> ours. Must not know HTTP."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.apis.openai import subtitles
from gateway.apis.openai.answers import answer
from gateway.http import refusal as plain
from gateway.http.fields import Fields
from gateway.pipeline.speakers import by_speaker
from gateway.recordings import Transcription
from parley.errors import FieldInvalid, ParleyError
from parley.languages import NAMES
from parley.v1.asr_pb2 import AsrConfig, Transcript
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import PipelineConfig

BOTH = ("audio_file", "encode", "model")
# WhisperX's fork of it says `enable_diarization` where it says `diarize`.
APART = ("diarize", "enable_diarization")
FIELDS = (
    *BOTH, *APART, "max_speakers", "task", "language", "initial_prompt", "hotwords", "output", "word_timestamps",
    "video_file",
)  # fmt: skip
DETECTING = (*BOTH, "detect_lang_length", "video_file")
RAW = AudioFormat(encoding=AudioEncoding.AUDIO_ENCODING_PCM_S16LE, sample_rate_hz=16_000, channels=1)
DETECTED_S = 30.0  # from the start
TEXT = "text/plain; charset=utf-8"
Json = dict[str, object]


@dataclass(frozen=True)
class Wanted:
    """What a request asks for."""

    config: PipelineConfig
    shape: str
    in_english: bool


def asked(fields: Fields) -> Wanted:
    """A request for words in ours."""
    in_english = fields.choice("task", ("transcribe", "translate")) == "translate"
    shape = fields.choice("output", tuple(_WRITERS))
    config = AsrConfig(language=fields.text("language"), prompt=fields.text("initial_prompt"))
    config.phrases.extend(word for each in fields.text("hotwords").split(",") if (word := each.strip()))
    config.MergeFrom(AsrConfig(hints_only=True, recording=True, word_times=True))
    return Wanted(PipelineConfig(asr=config, diarize=_diarize(fields)), shape, in_english)


def _diarize(fields: Fields) -> DiarizeConfig | None:
    most = fields.count("max_speakers", 100)
    return DiarizeConfig(max_speakers=most) if any(fields.flag(name) for name in APART) else None


def any_language() -> PipelineConfig:
    """Where only the language is asked for."""
    return PipelineConfig(asr=AsrConfig(recording=True))


def file_of(fields: Fields) -> bytes:
    """The recording."""
    if fields.upload is None:
        raise FieldInvalid("There is no recording; send one as the form field `audio_file`.", field="audio_file")
    return fields.upload


def is_raw(fields: Fields) -> bool:
    """Whether it is samples without a header: `encode=false` says that nothing is to be decoded."""
    return "encode" in fields.values and not fields.flag("encode")


def written(heard: Transcription, shape: str) -> tuple[str, str]:
    """The body, and its media type."""
    return _WRITERS[shape](heard), "application/json" if shape == "json" else TEXT


def tell_apart(heard: Transcription) -> None:
    """Cuts the finals where another person speaks."""
    heard.finals = [part for final in heard.finals for part in by_speaker(final)]


def _json(heard: Transcription) -> str:
    whole = json.loads(answer(heard, "verbose_json", ("segment",))[0])
    for segment, final in zip(whole["segments"], heard.finals, strict=True):
        segment |= {"speaker": _named(final.speaker)} if final.speaker else {}
    return json.dumps({name: whole[name] for name in ("language", "segments", "text")}, ensure_ascii=False)


def _lines(heard: Transcription) -> Sequence[Transcript]:
    """The finals, with the speaker written before the words."""
    lines = [Transcript.FromString(final.SerializeToString()) for final in heard.finals]
    for line in lines:
        line.text = f"[{_named(line.speaker)}]: {line.text.strip()}" if line.speaker else line.text
    return lines


def _named(speaker: str) -> str:
    """Speakers 1, 2, ... are SPEAKER_00, SPEAKER_01, ...; a known name stays."""
    return f"SPEAKER_{int(speaker) - 1:02}" if speaker.isdecimal() else speaker


def _txt(heard: Transcription) -> str:
    if not any(final.speaker for final in heard.finals):
        return heard.text + "\n"
    return "".join(f"{line.text.strip()}\n" for line in _lines(heard))


def _tsv(heard: Transcription) -> str:
    rows = ((each.interval.start, each.interval.end, " ".join(each.text.split())) for each in _lines(heard))
    lines = (f"{start.ToMilliseconds()}\t{end.ToMilliseconds()}\t{text}\n" for start, end, text in rows if text)
    return "start\tend\ttext\n" + "".join(lines)


_WRITERS: Mapping[str, Callable[[Transcription], str]] = {
    "txt": _txt,
    "vtt": lambda heard: subtitles.vtt(_lines(heard)),
    "srt": lambda heard: subtitles.srt(_lines(heard)),
    "tsv": _tsv,
    "json": _json,
}


def language(heard: Transcription) -> Json:
    """Which it is, by name and by code, and how sure; empty where nobody speaks."""
    code = heard.language.split("-")[0]
    sure = [final.language_confidence for final in heard.finals if final.language == heard.language]
    confidence = round(sum(sure) / len(sure), 4) if sure else 0.0
    return {"detected_language": NAMES.get(code, code).lower(), "language_code": code, "confidence": confidence}


def refusal(error: ParleyError, status: int) -> Json:
    """An error, as FastAPI shows them, with ours beside it."""
    return {"detail": str(error)} | plain.ours(error, status)
