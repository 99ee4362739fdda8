"""What the asr folder declares."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parley import languages
from parley.audio.pcm import RATE_HZ, Format, PcmDecoder
from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.stage import ServiceConfig, Stage, read_audio
from parley.v1 import asr_pb2 as v1
from services.asr.contract import contract, golden
from services.asr.conversion import CONVERSION
from services.asr.model.engine import open_engine
from services.asr.options import AsrOptions
from services.asr.speech.endpoint import AFTER, BEFORE, EndpointConfig, Endpointer
from services.asr.speech.vad import detector
from services.asr.speech.windows import WindowConfig, Windower
from services.asr.streams.channels import ChannelsSession, OneChannel
from services.asr.streams.recording import RecordingOptions, RecordingSession
from services.asr.streams.session import AsrRequestOptions, AsrSession

OF_LIVE_SOUND = ("interim_results", "endpointing", "report_answered")  # what a recording has nothing of


@dataclass(frozen=True, kw_only=True)
class AsrServiceConfig(ServiceConfig):
    """Beside what every service has: when utterances end, and how often interims are made."""

    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    windows: WindowConfig = field(default_factory=WindowConfig)
    interim_every_s: float = 0.5


def begin(config: v1.AsrConfig, spec: ModelSpec, settings: AsrServiceConfig) -> OneChannel | ChannelsSession:
    """Check what is asked, and open a stream's memory."""
    session = (_recording if config.recording else _live)(config, spec, settings)
    form = Format.of(config.format)
    if not config.per_channel:
        return session(form)
    return ChannelsSession(form, [session(replace(form, channels=1)) for _ in range(form.channels)])


def _live(config: v1.AsrConfig, spec: ModelSpec, settings: AsrServiceConfig) -> Callable[[Format], AsrSession]:
    endpoint = _endpoint(config.endpointing, _bounded(settings.endpoint, spec))
    options = _request_options(config, spec, settings)

    def endpointer_at(start: int) -> Endpointer:
        return Endpointer(endpoint, detector(spec, endpoint.level_db), start)

    return lambda form: AsrSession(PcmDecoder(form), endpointer_at, options)


def _recording(
    config: v1.AsrConfig, spec: ModelSpec, settings: AsrServiceConfig
) -> Callable[[Format], RecordingSession]:
    if given := next((field.name for field, _ in config.ListFields() if field.name in OF_LIVE_SOUND), ""):
        raise BadInput(f"A recording is cut at its longest pauses and said once; leave `{given}` or `recording` out.")
    longest_s = min(settings.windows.longest_s, _longest_s(spec))
    windows, level_db = replace(settings.windows, longest_s=longest_s), settings.endpoint.level_db
    asked = _request_options(config, spec, settings)
    options = RecordingOptions(
        asked.language, asked.languages, config.word_times, config.tokens, config.report_heard, asked.before
    )

    def windower_at(start: int) -> Windower:
        return Windower(windows, detector(spec, level_db), start)

    return lambda form: RecordingSession(PcmDecoder(form), windower_at, options)


def _request_options(config: v1.AsrConfig, spec: ModelSpec, settings: AsrServiceConfig) -> AsrRequestOptions:
    reads = AsrOptions.of(spec).reads_prompts
    if (config.prompt or config.phrases) and not (reads or config.hints_only):
        given = "prompt" if config.prompt else "phrases"
        raise BadInput(f"{spec.ref} was not taught to use `{given}`; leave it empty, or ask for a model that was.")
    language, languages = _languages(config, spec)
    return AsrRequestOptions(
        language=language,
        languages=languages,
        interim_results=config.interim_results,
        word_times=config.word_times,
        report_answered=config.report_answered,
        report_heard=config.report_heard,
        interim_every=round(settings.interim_every_s * RATE_HZ),
        before=" ".join(filter(None, (", ".join(config.phrases), config.prompt))) if reads else "",
    )


def _languages(config: v1.AsrConfig, spec: ModelSpec) -> tuple[str, tuple[str, ...]]:
    """The language; where it is to be found out, those that may be spoken."""
    if config.language and config.languages:
        raise BadInput("`language` is the one that is spoken, `languages` are those that may be; leave one out.")
    only = spec.languages[0] if len(spec.languages) == 1 else ""
    tags = [_language(tag, spec) for tag in _hints(config, spec)]
    spoken = tuple(dict.fromkeys(tag.partition("-")[0] for tag in tags))
    if config.language or len(spoken) == 1:
        return _language(config.language or tags[0], spec), ()
    return only, spoken or (() if only else spec.languages)


def _hints(config: v1.AsrConfig, spec: ModelSpec) -> list[str]:
    """The languages that the caller expects; where these are no more than hints, those of them that the model knows."""
    known = {*spec.languages, ""}
    hints = [tag for tag in config.languages if tag]
    return [tag for tag in hints if tag.replace("_", "-").partition("-")[0].lower() in known or not config.hints_only]


def _language(asked: str, spec: ModelSpec) -> str:
    """A tag that the model knows."""
    spoken, dash, region = asked.replace("_", "-").partition("-")
    if asked and spec.languages and spoken.lower() not in spec.languages:
        known = languages.advice(asked, spec.languages)
        raise BadInput(f"{spec.ref} does not know the language {asked!r}; {known}")
    return f"{spoken.lower()}{dash}{region}"


def _bounded(ours: EndpointConfig, spec: ModelSpec) -> EndpointConfig:
    """No utterance is longer than the model can hear."""
    around = (BEFORE + AFTER) / RATE_HZ
    return replace(ours, longest_s=min(ours.longest_s, _longest_s(spec) - around))


def _longest_s(spec: ModelSpec) -> float:
    options = AsrOptions.of(spec)
    return options.longest_s - options.lead_s


def _endpoint(asked: v1.Endpointing, ours: EndpointConfig) -> EndpointConfig:
    theirs = {"start_s": asked.start_speech, "stop_s": asked.stop_silence, "longest_s": asked.max_utterance}
    given = {key: value.ToTimedelta().total_seconds() for key, value in theirs.items() if value.ByteSize()}
    for key, seconds in given.items():
        if not 0 < seconds <= ours.longest_s:
            raise BadInput(f"Endpointing {key} is {seconds} s; give more than 0 and at most {ours.longest_s} s.")
    return replace(ours, disabled=asked.disabled, **given)


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Asr"],
    AsrServiceConfig,
    open_engine,
    begin,
    read_audio,
    is_live=lambda config: not config.recording,
    contract=contract,
    golden=golden,
    conversion=CONVERSION,
)
