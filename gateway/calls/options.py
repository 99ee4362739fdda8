"""What a call's parameters ask for, as texts with names -> a pipeline's config. Must not know who carries the call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.http.fields import Fields
from gateway.pipeline.plan import Plan
from parley.v1.asr_pb2 import AsrConfig
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig
from parley.wire import outward

KEY = "key"  # the API key, where no header can carry it
NAMES = (
    "language", "languages", "model", "phrases", "interim_results", "denoise", "translate", "redact", "webhook", KEY,
)  # fmt: skip


@dataclass(frozen=True)
class CallOptions:
    """How a call is heard, and who is told."""

    config: PipelineConfig  # without a format
    webhook: str = ""
    ignored: tuple[str, ...] = ()  # names that were given and mean nothing here


def asked(given: Mapping[str, object], named: Callable[[str], str]) -> CallOptions:
    """Checked as a whole: what makes no sense is refused before the first sound."""
    fields = Fields(given)
    interim = fields.flag("interim_results")
    asr = AsrConfig(language=fields.text("language"), interim_results=interim, word_times=True, hints_only=True)
    asr.languages.extend(() if asr.language else _list(fields, "languages"))
    asr.phrases.extend(_list(fields, "phrases"))
    config = PipelineConfig(asr=asr, redact=_list(fields, "redact"))
    if fields.flag("denoise"):
        config.denoise.SetInParent()
        config.denoise_for = DenoiseFor.DENOISE_FOR_LISTENERS
    for language in _list(fields, "translate"):
        config.translate.add(target_language=language)
    if model := named(fields.text("model")):
        config.models["asr"] = model
    Plan(config)
    return CallOptions(config, _webhook(fields), tuple(fields.unknown(NAMES)))


def _list(fields: Fields, name: str) -> list[str]:
    """Several, given with commas, or the name given several times."""
    return [each for text in fields.texts(name) for part in text.split(",") if (each := part.strip())]


def _webhook(fields: Fields) -> str:
    if url := fields.text("webhook"):
        outward.host_of(url)
    return url


def heard(options: CallOptions, form: AudioFormat) -> PipelineConfig:
    """The config of one side's pipeline."""
    config = PipelineConfig()
    config.CopyFrom(options.config)
    config.format.CopyFrom(form)
    return config
