"""A Realtime session's settings, in either shape, and what they ask of a pipeline. Pure; must not know a socket."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.apis.openai.requests import Named, chosen
from parley.errors import FieldInvalid
from parley.nearest import advice
from parley.v1.asr_pb2 import AsrConfig, Endpointing
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig

Json = dict[str, Any]

RATE_HZ, TELEPHONE_HZ = 24_000, 8_000
ENCODINGS = {
    "audio/pcm": AudioEncoding.AUDIO_ENCODING_PCM_S16LE,
    "audio/pcmu": AudioEncoding.AUDIO_ENCODING_MULAW,
    "audio/pcma": AudioEncoding.AUDIO_ENCODING_ALAW,
}
BETA_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
BETA_NAMES = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
TRANSCRIPTION = ("model", "language", "languages", "prompt", "keywords", "delay")
TURNS = (
    "type", "threshold", "prefix_padding_ms", "silence_duration_ms", "eagerness", "create_response",
    "interrupt_response", "idle_timeout_ms",
)  # fmt: skip
# What a session may say beside its input belongs to conversations, or is said back by clients that echo ours.
SESSION = (
    *BETA_NAMES, "type", "audio", "include", "id", "object", "expires_at", "client_secret", "model", "modalities",
    "output_modalities", "instructions", "voice", "output_audio_format", "speed", "tools", "tool_choice",
    "parallel_tool_calls", "temperature", "max_output_tokens", "max_response_output_tokens", "tracing", "truncation",
    "prompt", "reasoning",
)  # fmt: skip
SERVER_VAD: Json = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}
LONGEST_SILENCE_MS = 25_000
EAGERNESS = {"low": 1200, "medium": 600, "high": 300, "auto": 600}  # silence in ms that ends a semantic turn


class Settings:
    """The session's settings; fields that a patch leaves out keep their value."""

    def __init__(self, model: str = "", named: Named = str) -> None:
        self.named = named
        self._input: Json = {
            "format": {"type": "audio/pcm", "rate": RATE_HZ},
            "noise_reduction": None,
            "transcription": {"model": model, "language": "", "prompt": ""},
            "turn_detection": SERVER_VAD,
        }

    @property
    def by_hand(self) -> bool:
        """The client says itself where a turn ends."""
        return self._input["turn_detection"] is None

    def patch(self, session: object) -> None:
        """Applies all given settings, or none where one is invalid."""
        only(as_object(session, "session"), SESSION, "session")
        settings, given = dict(self._input), _input_of(as_object(session, "session"))
        only(given, settings, "session.audio.input")
        for name, value in given.items():
            settings[name] = _CHECKS[name](value, settings[name])
        self.named(settings["transcription"]["model"])  # refused before it is taken
        self._input = settings

    def plain(self) -> Json:
        """The settings in the shape of the current API."""
        return {"type": "transcription", "audio": {"input": self._input}}

    def beta(self) -> Json:
        """The settings in the shape of the beta API."""
        kinds = {new: old for old, new in BETA_FORMATS.items()}
        session = {old: self._input[new] for old, new in BETA_NAMES.items()}
        return session | {"input_audio_format": kinds[self._input["format"]["type"]]}

    def form(self) -> AudioFormat:
        """What the client's audio is."""
        form = self._input["format"]
        rate_hz = form["rate"] if form["type"] == "audio/pcm" else TELEPHONE_HZ
        return AudioFormat(encoding=ENCODINGS[form["type"]], sample_rate_hz=rate_hz, channels=1)

    def config(self) -> PipelineConfig:
        """The settings as a pipeline config."""
        transcription = self._input["transcription"]
        asr = AsrConfig(
            language=(language := transcription["language"]),
            languages=() if language else transcription.get("languages", ()),
            prompt=transcription["prompt"],
            phrases=transcription.get("keywords", ()),
            hints_only=True,
            interim_results=not self.by_hand,
            endpointing=self._endpointing(),
        )
        config = PipelineConfig(format=self.form(), asr=asr, models=chosen(self.named(transcription["model"])))
        if self._input["noise_reduction"]:
            config.denoise.SetInParent()
            config.denoise_for = DenoiseFor.DENOISE_FOR_LISTENERS
        return config

    def _endpointing(self) -> Endpointing:
        endpointing = Endpointing(disabled=self.by_hand)
        turns = self._input["turn_detection"]
        if turns is not None:
            endpointing.stop_silence.FromMilliseconds(turns.get("silence_duration_ms") or EAGERNESS[turns["eagerness"]])
        return endpointing


def _input_of(session: Json) -> Json:
    """What a session says of its input, in whichever shape."""
    input_ = {new: session[old] for old, new in BETA_NAMES.items() if old in session}
    if isinstance(input_.get("format"), str):
        input_["format"] = {"type": BETA_FORMATS.get(input_["format"], input_["format"])}
    audio = as_object(session.get("audio"), "audio")
    only(audio, ("input", "output"), "session.audio")
    return input_ | as_object(audio.get("input"), "audio.input")


def only(given: Json, known: Iterable[str], where: str) -> None:
    """A mistyped name would be a wish that nobody heeds."""
    if (strange := next((name for name in given if name not in known), None)) is not None:
        raise FieldInvalid(f"`{where}` has no `{strange}`; {advice(strange, known)}", field=f"{where}.{strange}")


def as_object(value: object, name: str) -> Json:
    """A JSON object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FieldInvalid(f"`{name}` must be a JSON object.", field=name)
    return value


def _format(value: object, _: Json) -> Json:
    given = as_object(value, "format")
    only(given, ("type", "rate"), "format")
    kind, rate_hz = given.get("type", "audio/pcm"), given.get("rate", RATE_HZ)
    if not isinstance(kind, str) or kind not in ENCODINGS:
        message = f"`format` is {kind!r}; say one of {', '.join((*ENCODINGS, *BETA_FORMATS))}."
        raise FieldInvalid(message, field="format")
    if kind != "audio/pcm":
        return {"type": kind}
    return {"type": kind, "rate": _whole(rate_hz, "format.rate", 8_000, 48_000)}


def _transcription(value: object, before: Json) -> Json:
    only(as_object(value, "transcription"), TRANSCRIPTION, "transcription")
    merged = before | {name: each for name, each in as_object(value, "transcription").items() if each is not None}
    for name in ("model", "language", "prompt"):
        if not isinstance(merged[name], str):
            raise FieldInvalid(f"`transcription.{name}` must be a string.", field=f"transcription.{name}")
    for name in ("keywords", "languages"):
        given = merged.get(name, [])
        if not (isinstance(given, list) and all(isinstance(each, str) for each in given)):
            raise FieldInvalid(f"`transcription.{name}` must be a list of strings.", field=f"transcription.{name}")
    if len(languages := merged.get("languages", [])) == 1:
        merged["language"] = languages[0]
    return merged


def _turn_detection(value: object, _: Json) -> Json | None:
    if value is None:
        return None
    given = as_object(value, "turn_detection")
    only(given, TURNS, "turn_detection")
    kind = given.get("type", "server_vad")
    if kind == "semantic_vad":
        return {"type": kind, "eagerness": _eagerness(given.get("eagerness", "auto"))}
    if kind != "server_vad":
        message = f"`turn_detection.type` is {kind!r}; say server_vad or semantic_vad, or null to commit yourself."
        raise FieldInvalid(message, field="turn_detection.type")
    silence_ms = given.get("silence_duration_ms", SERVER_VAD["silence_duration_ms"])
    _whole(silence_ms, "turn_detection.silence_duration_ms", 1, LONGEST_SILENCE_MS)
    return SERVER_VAD | {name: each for name, each in given.items() if each is not None}


def _eagerness(value: object) -> str:
    if not isinstance(value, str) or value not in EAGERNESS:
        message = f"`turn_detection.eagerness` is {value!r}; say one of {', '.join(EAGERNESS)}."
        raise FieldInvalid(message, field="turn_detection.eagerness")
    return value


def _noise_reduction(value: object, _: object) -> Json | None:
    return as_object(value, "noise_reduction") or None


def _whole(value: object, name: str, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise FieldInvalid(f"`{name}` is {value!r}; give a whole number from {lowest} to {highest}.", field=name)
    return value


_CHECKS: Mapping[str, Callable[[object, Any], Json | None]] = {
    "format": _format,
    "noise_reduction": _noise_reduction,
    "transcription": _transcription,
    "turn_detection": _turn_detection,
}
