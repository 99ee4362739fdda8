"""Whole files through the core: sent by the second, answers collected. Must not know HTTP or a foreign API."""

from bisect import insort
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from gateway.audio.recording import RecordingSound
from gateway.core import Caller, Core
from gateway.pipeline import notices
from gateway.pipeline.speakers import Speakers
from parley.client import requests_of
from parley.errors import BadInput, Unavailable
from parley.v1.asr_pb2 import Transcript
from parley.v1.denoise_pb2 import DenoiseConfig, DenoiseRequest, DenoiseResponse
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest, Revision, Turn
from parley.v1.pipeline_pb2 import Notice, PipelineConfig, PipelineRequest, PipelineResponse
from parley.v1.translate_pb2 import TextChunk, TranslateConfig, TranslateRequest, Translation
from parley.wire.error_names import of_reason
from parley.wire.stages import STAGES

PIECE_CHARACTERS = 1 << 16


@dataclass
class Transcription:
    """The results for a recording."""

    duration_s: float = 0.0
    models: dict[str, str] = field(default_factory=dict)
    finals: list[Transcript] = field(default_factory=list)
    turns: dict[str, Turn] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(text for final in self.finals if (text := final.text.strip()))

    @property
    def language(self) -> str:
        """The language that most was spoken in, where the model reports it."""
        spoken = Counter[str]()
        for final in self.finals:
            spoken[final.language] += len(final.text) if final.language else 0
        return max(spoken, key=lambda tag: spoken[tag], default="")

    def take(self, answer: PipelineResponse) -> None:
        """Adds one answer of the pipeline."""
        if answer.HasField("opened"):
            self.models.update(answer.opened.models)
        elif answer.HasField("notice"):
            self.notices.append(answer.notice)
        elif answer.HasField("turn"):
            self.turns[answer.turn.id] = answer.turn
        elif answer.HasField("revision"):
            self.turns = _revised(self.turns, answer.revision)
        elif answer.HasField("transcript") and answer.transcript.is_final:
            insort(self.finals, answer.transcript, key=_start)  # channels take turns as they please

    def label(self) -> None:
        """Labels the words with speakers again: the last revision knows more than the first turns did."""
        speakers = Speakers()
        for turn in self.turns.values():
            speakers.hear(turn)
        for final in self.finals:
            speakers.label(final)


async def hear(
    core: Core, recording: RecordingSound, config: PipelineConfig, caller: Caller
) -> AsyncGenerator[PipelineResponse]:
    """What the pipeline says of a recording. Raises if asr is lost: a partial transcript would look complete."""
    config.format.CopyFrom(recording.form)
    requests: Any = requests_of(PipelineRequest, config, recording.pieces())
    async with aclosing(core.pipeline(requests, caller)) as answers:
        async for answer in answers:
            if answer.HasField("notice") and (lost := notices.loss(answer.notice, "asr")):
                raise lost
            yield answer


async def transcribe(core: Core, recording: RecordingSound, config: PipelineConfig, caller: Caller) -> Transcription:
    """The words of a recording, and who said them where that was asked."""
    heard = Transcription()
    async with aclosing(hear(core, recording, config, caller)) as answers:
        async for answer in answers:
            heard.take(answer)
    heard.duration_s = recording.duration_s
    if config.HasField("diarize"):
        heard.label()
    return heard


async def turn_into(core: Core, heard: Transcription, target: str, caller: Caller) -> None:
    """Translates every final into `target`, unless it is in it."""
    others = [final for final in heard.finals if final.language.split("-")[0] != target]
    if not others:
        return
    texts = [TextChunk(text=final.text, language=final.language) for final in others]
    config = TranslateConfig(target_language=target)
    translated, heard.models["translate"] = await translate(core, texts, config, caller, "")
    lacking = [_untranslated(final, pieces) for final, pieces in zip(others, translated, strict=True)]
    heard.notices += [*filter(None, lacking), *fallbacks(translated)]
    if all(lacking) and (last := lacking[-1]):
        raise BadInput(f"{last.message} Say which `language` is spoken.")
    for final, pieces, notice in zip(others, translated, lacking, strict=True):
        if notice is None:
            final.text, final.language = "".join(piece.text for piece in pieces), target


def _untranslated(final: Transcript, pieces: Iterable[Translation]) -> Notice | None:
    """Why a final stays as it is; None: it is translated."""
    for piece in pieces:
        piece.interval.CopyFrom(final.interval)
        if notice := notices.untranslated(STAGES["translate"], piece):
            return notice
    return None


async def clean(
    core: Core, recording: RecordingSound, config: DenoiseConfig, caller: Caller, model: str
) -> AsyncGenerator[DenoiseResponse]:
    """The denoised recording as it comes; the first answer names the model."""
    config.format.CopyFrom(recording.form)
    requests = requests_of(DenoiseRequest, config, recording.pieces())
    async with aclosing(_stage(core, "denoise", requests, caller, model)) as answers:
        async for answer in answers:
            yield answer


async def turns(
    core: Core, recording: RecordingSound, config: DiarizeConfig, caller: Caller, model: str
) -> tuple[list[Turn], str]:
    """The speaker turns after every revision, and the model that served."""
    config.format.CopyFrom(recording.form)
    served, latest = "", dict[str, Turn]()
    requests = requests_of(DiarizeRequest, config, recording.pieces())
    async with aclosing(_stage(core, "diarize", requests, caller, model)) as answers:
        async for answer in answers:
            served = answer.opened.model or served
            if answer.HasField("turn"):
                latest[answer.turn.id] = answer.turn
            elif answer.HasField("revision"):
                latest = _revised(latest, answer.revision)
    return sorted(latest.values(), key=_start), served


def _start(event: Transcript | Turn) -> int:
    return int(event.interval.start.ToNanoseconds())


def _revised(latest: dict[str, Turn], revision: Revision) -> dict[str, Turn]:
    kept = {} if revision.is_whole else {key: latest[key] for key in latest if key not in revision.withdrawn_ids}
    return kept | {turn.id: turn for turn in revision.turns}


async def translate(
    core: Core, texts: Sequence[str | TextChunk], config: TranslateConfig, caller: Caller, model: str
) -> tuple[list[list[Translation]], str]:
    """Each text's translated pieces, from one stream, and the model that served."""
    served, pieces, done = "", [list[Translation]() for _ in texts], 0
    chunks = [TextChunk(text=text) if isinstance(text, str) else text for text in texts]
    ends = _ends(chunks)
    requests = [TranslateRequest(config=config), *_flushed(chunks)]
    for answer in await core.whole("translate", requests, caller, model):
        served = answer.opened.model or served
        if answer.HasField("translation"):
            # A flush stands between two texts, so no piece is of both; together the pieces are all of the source.
            pieces[next(n for n, end in enumerate(ends) if done < end)].append(answer.translation)
            done += len(answer.translation.source_text)
            _check(answer.translation)
    return pieces, served


def _check(piece: Translation) -> None:
    """Raises where no model has translated it: who asks for a text has no other use for the answer."""
    if piece.HasField("fallback") and not piece.fallback.model:
        raise of_reason(Unavailable.code.value, piece.fallback.reason)(piece.fallback.message)


def fallbacks(translated: Iterable[Iterable[Translation]]) -> list[Notice]:
    """What another model than the one asked for has translated."""
    pieces = [piece for text in translated for piece in text if piece.HasField("fallback")]
    return [notices.instead(STAGES["translate"], piece) for piece in pieces[:1]]


def _ends(chunks: Iterable[TextChunk]) -> list[int]:
    return list(accumulate(len(chunk.text) for chunk in chunks))


def _flushed(chunks: Iterable[TextChunk]) -> Iterator[TranslateRequest]:
    for chunk in chunks:
        for at in range(0, len(chunk.text), PIECE_CHARACTERS):
            piece = chunk.text[at : at + PIECE_CHARACTERS]
            yield TranslateRequest(text=TextChunk(text=piece, language=chunk.language))
        yield TranslateRequest(control={"action": "CONTROL_ACTION_FLUSH"})


def _stage(core: Core, name: str, requests: Any, caller: Caller, model: str) -> AsyncGenerator[Any]:
    return core.stage(name, requests, caller, model)
