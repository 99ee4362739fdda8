"""What a call asks for and how much it hears, noted for the audit log. Must not know where that is kept.

Of a request only the names of options are noted and numbers: no sound, no text, no name that somebody gave a voice.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from gateway.access.entry import Entry, under_way
from gateway.audio.time_scale import Scale
from gateway.pipeline.plan import asked
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineRequest
from parley.wire import protocol
from parley.wire.stages import STAGES

S_NS = 1_000_000_000
MOST_JOBS = 100
COUNTED = ("voices", "enrolments")  # of diarize: how many, not which


def ask(config: PipelineConfig, off: Sequence[Notice] = ()) -> None:
    """Which stages, what else somebody may want to know later, and what was left out."""
    if (entry := under_way()) is None:
        return
    options: dict[str, object] = {
        "redact": list(config.redact),
        "redact_sound": bool(config.redact_sound),
        "translate_to": [each.target_language[:20] for each in config.translate],
        "voices": sum(len(getattr(config.diarize, name)) for name in COUNTED),
        "per_channel": config.per_channel,
        "recording": config.asr.recording,
        "off": [each.stage for each in off],
    }
    entry.ask((each.stage.name for each in asked(config)), {name: each for name, each in options.items() if each})


def submit(jobs: Iterable[str]) -> None:
    """Which jobs it has made; of very many the first."""
    if entry := under_way():
        entry.jobs += [*jobs][: MOST_JOBS - len(entry.jobs)]


def heard(requests: AsyncIterator[PipelineRequest], form: AudioFormat) -> AsyncIterator[PipelineRequest]:
    """The same requests; their sound is counted where somebody wants to know."""
    entry = under_way()
    return _heard(requests, Scale.of(form), entry) if entry else requests


async def _heard(
    requests: AsyncIterator[PipelineRequest], scale: Scale, entry: Entry
) -> AsyncIterator[PipelineRequest]:
    async for request in requests:
        entry.audio_s += scale.nanoseconds(len(request.audio.data)) / S_NS
        yield request


def heard_alone(stage: str, requests: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same of one stage, whose requests are not read for anything else."""
    entry = under_way()
    if entry:
        entry.ask([stage], {})
    return _counted(stage, requests, entry) if entry and not STAGES[stage].is_rewriter else requests


async def _counted(stage: str, requests: AsyncIterator[bytes], entry: Entry) -> AsyncIterator[bytes]:
    scale = Scale.of(AudioFormat())
    async for data in requests:
        request: Any = protocol.parse(STAGES[stage].request, data)
        if request.HasField("config"):
            scale = Scale.of(request.config.format)
        entry.audio_s += scale.nanoseconds(len(request.audio.data)) / S_NS
        yield data
