"""Whole files through the core: in by the second, all answers gathered. Must not know HTTP or a foreign shape."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from gateway.core import Caller, Core
from parley import media
from parley.client import requests_of
from parley.media import Recording
from parley.v1.asr_pb2 import Transcript
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest, Revision, Turn
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest, Translation

PIECE_S = 1.0
PIECE_CHARACTERS = 1 << 16


@dataclass
class Heard:
    """What became of a recording."""

    duration_s: float
    models: dict[str, str] = field(default_factory=dict)
    finals: list[Transcript] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was said."""
        return " ".join(text for final in self.finals if (text := final.text.strip()))


async def decode(file: bytes, longest_s: float) -> Recording:
    """A file's samples; decoding is work, so a thread does it."""
    return await asyncio.to_thread(media.read, file, longest_s)


def _format(recording: Recording) -> AudioFormat:
    return AudioFormat(encoding="AUDIO_ENCODING_PCM_S16LE", sample_rate_hz=recording.rate_hz, channels=1)


async def transcribe(core: Core, recording: Recording, config: PipelineConfig, caller: Caller) -> Heard:
    """The words of a recording."""
    config.format.CopyFrom(_format(recording))
    heard = Heard(recording.duration_s)
    requests: Any = requests_of(PipelineRequest, config, recording.chunks(PIECE_S))
    async with aclosing(core.pipeline(requests, caller)) as answers:
        async for answer in answers:
            if answer.HasField("opened"):
                heard.models.update(answer.opened.models)
            elif answer.HasField("notice"):
                heard.notices.append(answer.notice)
            elif answer.HasField("transcript") and answer.transcript.is_final:
                heard.finals.append(answer.transcript)
    return heard


async def clean(
    core: Core, recording: Recording, config: DenoiseConfig, caller: Caller, model: str
) -> tuple[Recording, str]:
    """A recording without its noise, and the model that took it away."""
    config.format.CopyFrom(_format(recording))
    served, data = "", bytearray()
    requests = requests_of(DenoiseRequest, config, recording.chunks(PIECE_S))
    async with aclosing(_stage(core, "denoise", requests, caller, model)) as answers:
        async for answer in answers:
            served = answer.opened.model or served
            data += answer.audio.data
    return Recording(bytes(data), recording.rate_hz), served


async def turns(
    core: Core, recording: Recording, config: DiarizeConfig, caller: Caller, model: str
) -> tuple[list[Turn], str]:
    """Who spoke when, after every revision, and the model that heard it."""
    config.format.CopyFrom(_format(recording))
    served, told = "", dict[str, Turn]()
    requests = requests_of(DiarizeRequest, config, recording.chunks(PIECE_S))
    async with aclosing(_stage(core, "diarize", requests, caller, model)) as answers:
        async for answer in answers:
            served = answer.opened.model or served
            if answer.HasField("turn"):
                told[answer.turn.id] = answer.turn
            elif answer.HasField("revision"):
                told = _revised(told, answer.revision)
    return sorted(told.values(), key=lambda turn: turn.interval.start.ToNanoseconds()), served


def _revised(told: dict[str, Turn], revision: Revision) -> dict[str, Turn]:
    kept = {} if revision.is_whole else {key: told[key] for key in told if key not in revision.withdrawn_ids}
    return kept | {turn.id: turn for turn in revision.turns}


async def translate(
    core: Core, texts: list[str], config: TranslateConfig, caller: Caller, model: str
) -> tuple[list[list[Translation]], str]:
    """The pieces of each text, translated in one stream, and the model that did it."""
    served, pieces, done = "", [list[Translation]() for _ in texts], 0
    ends = _ends(texts)
    requests = requests_of(TranslateRequest, config, _flushed(texts))
    async with aclosing(_stage(core, "translate", requests, caller, model)) as answers:
        async for answer in answers:
            served = answer.opened.model or served
            if answer.HasField("translation"):
                # A flush stands between two texts, so no piece is of both; together the pieces are all of the source.
                pieces[next(n for n, end in enumerate(ends) if done < end)].append(answer.translation)
                done += len(answer.translation.source_text)
    return pieces, served


def _ends(texts: list[str]) -> list[int]:
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    return ends[1:]


def _flushed(texts: list[str]) -> Iterable[str | None]:
    for text in texts:
        yield from (text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS))
        yield None


def _stage(core: Core, name: str, requests: Any, caller: Caller, model: str) -> AsyncGenerator[Any]:
    return core.stage(name, requests, caller, model)
