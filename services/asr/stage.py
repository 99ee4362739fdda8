"""What the asr folder declares."""

from dataclasses import dataclass, field, replace

from parley.audio import RATE_HZ, Ear, Format
from parley.errors import BadInput
from parley.model import ModelSpec
from parley.stage import ServiceConfig, Stage, read_audio
from parley.v1 import asr_pb2 as v1
from services.asr.endpoint import EndpointConfig
from services.asr.engine import open_engine
from services.asr.session import AsrSession, Wishes


@dataclass(frozen=True, kw_only=True)
class AsrServiceConfig(ServiceConfig):
    """Beside what every service has: when utterances end, and how often to guess."""

    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    interim_every_s: float = 0.5


def begin(config: v1.AsrConfig, spec: ModelSpec, settings: AsrServiceConfig) -> AsrSession:
    """Check what is asked, and open a stream's memory."""
    language = config.language or next(iter(spec.languages), "")
    if spec.languages and language.split("-")[0] not in spec.languages:
        raise BadInput(f"{spec.ref} does not know the language {language!r}; it knows {', '.join(spec.languages)}.")
    every = round(settings.interim_every_s * RATE_HZ)
    wishes = Wishes(language, config.interim_results, config.word_times, every)
    return AsrSession(Ear(Format.of(config.format)), _endpoint(config.endpointing, settings.endpoint), wishes)


def _endpoint(asked: v1.Endpointing, ours: EndpointConfig) -> EndpointConfig:
    theirs = {"start_s": asked.start_speech, "stop_s": asked.stop_silence, "longest_s": asked.max_utterance}
    given = {key: value.ToTimedelta().total_seconds() for key, value in theirs.items() if value.ByteSize()}
    for key, seconds in given.items():
        if not 0 < seconds <= ours.longest_s:
            raise BadInput(f"Endpointing {key} is {seconds} s; give more than 0 and at most {ours.longest_s} s.")
    return replace(ours, disabled=asked.disabled, **given)


STAGE = Stage(v1.DESCRIPTOR.services_by_name["Asr"], AsrServiceConfig, open_engine, begin, read_audio)
