"""The pipeline, with stages that a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline import pipeline as pipeline_module
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.streams import Requests
from parley.errors import BadInput, ConfigRepeated, Overloaded, ParleyError, PartialSample, Unavailable
from parley.v1.asr_pb2 import AsrResponse
from parley.v1.denoise_pb2 import DenoiseResponse, Quality
from parley.v1.diarize_pb2 import DiarizeResponse
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig, PipelineRequest, PipelineResponse
from parley.v1.translate_pb2 import TranslateResponse

NEVER = FailoverConfig(wait_s=0.0)
Script = Callable[[AsyncIterator[Any]], AsyncGenerator[Any]]


async def asr(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Each chunk is a final that says how many bytes it had."""
    async for request in requests:
        if request.HasField("config"):
            yield AsrResponse(opened={"model": "asr@1"})
        elif request.HasField("audio"):
            end = timedelta(seconds=1)
            yield AsrResponse(
                transcript={"text": f"{request.audio.data!r}", "is_final": True, "interval": {"end": end}}
            )


async def denoise(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Cleaning makes letters small."""
    async for request in requests:
        if request.HasField("config"):
            yield DenoiseResponse(opened={"model": "denoise@1"})
        elif request.HasField("audio"):
            yield DenoiseResponse(audio={"data": request.audio.data.lower()})


async def diarize(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """One speaker, known at the first chunk."""
    async for request in requests:
        if request.HasField("config"):
            yield DiarizeResponse(opened={"model": "diarize@1"})
        elif request.HasField("audio"):
            turn = {"id": "t1", "speaker": "ann", "interval": {"end": timedelta(seconds=9)}, "is_open": True}
            yield DiarizeResponse(turn=turn)


async def translate(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Every text comes back in two pieces."""
    async for request in requests:
        if request.HasField("config"):
            yield TranslateResponse(opened={"model": "translate@1"})
        elif request.HasField("text"):
            text = request.text.text
            for piece in (text[:2], text[2:]):
                yield TranslateResponse(translation={"source_text": piece, "text": piece.upper()})


class Scripted:
    """Opens the stages that it is given."""

    def __init__(self, scripts: dict[str, Script]) -> None:
        self._scripts = scripts

    def open(self, wish: Wish, requests: Requests) -> AsyncGenerator[Any]:
        return self._scripts[wish.stage](requests())


def breaking(after: int, error: ParleyError, script: Script = denoise) -> Script:
    """A stage that breaks after so many answers."""

    async def broken(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        answers = 0
        async for answer in script(requests):
            yield answer
            answers += 1
            if answers > after:
                raise error

    return broken


async def run(config: PipelineConfig, chunks: list[Any], **scripts: Script) -> list[PipelineResponse]:
    """Everything a pipeline says."""
    stages: dict[str, Script] = {"asr": asr, "denoise": denoise, "diarize": diarize, "translate": translate} | scripts

    async def requests() -> AsyncIterator[PipelineRequest]:
        for chunk in chunks:
            yield chunk if isinstance(chunk, PipelineRequest) else PipelineRequest(audio={"data": chunk})
            await asyncio.sleep(0.01)  # a live stream: answers come between two chunks

    pipeline = Pipeline(config, Scripted(stages), {"denoise": 0.2, "asr": 0.2}, NEVER)
    async with asyncio.timeout(10):
        return [answer async for answer in pipeline.run(requests())]


def texts(answers: list[PipelineResponse]) -> list[str]:
    return [answer.transcript.text for answer in answers if answer.HasField("transcript")]


def sound(answers: list[PipelineResponse]) -> bytes:
    return b"".join(answer.audio.data for answer in answers)


def notices(answers: list[PipelineResponse]) -> list[tuple[str, str]]:
    return [(answer.notice.stage, answer.notice.reason) for answer in answers if answer.HasField("notice")]


ASR = PipelineConfig(asr={})


async def test_the_first_answer_names_every_model() -> None:
    """`opened` comes before everything else."""
    config = PipelineConfig(asr={}, diarize={}, denoise={}, translate=[{"target_language": "de"}])
    first = (await run(config, [b"AA"]))[0]
    assert dict(first.opened.models) == {name: f"{name}@1" for name in ("asr", "diarize", "denoise", "translate")}


@pytest.mark.parametrize(
    ("to", "heard", "returned"),
    [
        (DenoiseFor.DENOISE_FOR_CLIENT, "b'AA'", b"aa"),
        (DenoiseFor.DENOISE_FOR_LISTENERS, "b'aa'", b""),
        (DenoiseFor.DENOISE_FOR_BOTH, "b'aa'", b"aa"),
    ],
)
async def test_cleaned_sound_goes_where_it_was_asked_for(to: DenoiseFor, heard: str, returned: bytes) -> None:
    """Listeners hear raw sound unless they were to hear cleaned sound."""
    answers = await run(PipelineConfig(asr={}, denoise={}, denoise_for=to), [b"AA"])
    assert texts(answers) == [heard]
    assert sound(answers) == returned


async def test_a_verdict_on_the_sound_goes_through() -> None:
    """What denoise says of the sound reaches the client as it was said."""

    async def judging(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        async for answer in denoise(requests):
            yield answer
            if answer.HasField("audio"):
                yield DenoiseResponse(quality={"input_snr_db": 3.5, "bandwidth_hz": 3400})

    answers = await run(PipelineConfig(denoise={}), [b"AA"], denoise=judging)
    (verdict,) = [each.quality for each in answers if each.HasField("quality")]
    assert (verdict.input_snr_db, verdict.bandwidth_hz) == (3.5, 3400)


async def test_an_event_without_a_field_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every event of a stage is that this gateway's answers have no field for; its track stays readable."""
    monkeypatch.delitem(pipeline_module._FIELDS, Quality.DESCRIPTOR.full_name)

    async def judging(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        async for answer in denoise(requests):
            yield answer
            if answer.HasField("audio"):
                yield DenoiseResponse(quality={"input_snr_db": 3.5, "track": "left"})

    answers = await run(PipelineConfig(denoise={}), [b"AA"], denoise=judging)
    (packed,) = [each.stage_event for each in answers if each.HasField("stage_event")]
    assert (packed.stage, packed.kind, packed.track) == ("denoise", "quality", "left")
    verdict = Quality()
    assert packed.event.Unpack(verdict)
    assert verdict.input_snr_db == 3.5


@pytest.mark.parametrize("after", [1, 2, 3])
async def test_a_lost_filter_loses_and_doubles_no_sound(after: int) -> None:
    """When denoise breaks in mid-stream the raw audio goes on exactly where the cleaned one ended, with a notice."""
    config = PipelineConfig(asr={}, denoise={}, denoise_for=DenoiseFor.DENOISE_FOR_BOTH)
    chunks = [b"AA", b"BB", b"CC", b"DD", b"EE"]
    answers = await run(config, chunks, denoise=breaking(after, Unavailable("gone")))
    assert sound(answers).upper() == b"".join(chunks)
    assert "".join(texts(answers)).upper() == "".join(f"{chunk!r}" for chunk in chunks).upper()
    assert notices(answers) == [("denoise", "UNAVAILABLE")]


async def test_words_come_without_speakers_when_diarize_is_lost() -> None:
    """A lost diarize costs the speakers, not the words, and is said."""
    config = PipelineConfig(asr={}, diarize={})
    answers = await run(config, [b"AA", b"BB"], diarize=breaking(0, Overloaded("full"), diarize))
    assert texts(answers) == ["b'AA'", "b'BB'"]
    assert notices(answers) == [("diarize", "QUEUE_FULL")]


async def test_words_get_their_speaker() -> None:
    """A final said inside a turn carries its speaker, and open turns are kept from clients who did not ask."""
    answers = await run(PipelineConfig(asr={}, diarize={}), [b"AA"])
    assert [a.transcript.speaker for a in answers if a.HasField("transcript")] == ["ann"]
    assert not any(a.HasField("turn") for a in answers)


async def test_every_target_language_translates_every_final() -> None:
    """Two languages, two finals, two pieces each; every piece knows its time."""
    config = PipelineConfig(asr={}, translate=[{"target_language": "de"}, {"target_language": "fr"}])
    answers = [a.translation for a in await run(config, [b"AA", b"BB"]) if a.HasField("translation")]
    assert sorted(a.source_text for a in answers) == sorted(["b'", "AA'", "b'", "BB'"] * 2)
    assert {a.interval.end.ToTimedelta() for a in answers} == {timedelta(seconds=1)}


async def test_the_source_stands_alone_when_translate_is_lost() -> None:
    """A lost translation costs no words."""
    config = PipelineConfig(asr={}, translate=[{"target_language": "de"}])
    answers = await run(config, [b"AA", b"BB"], translate=breaking(0, Unavailable("gone"), translate))
    assert texts(answers) == ["b'AA'", "b'BB'"]
    assert notices(answers) == [("translate", "UNAVAILABLE")]


async def test_losing_the_only_stage_is_an_error() -> None:
    """A pipeline with nothing left does not pretend to go on."""
    with pytest.raises(Unavailable):
        await run(ASR, [b"AA"] * 5, asr=breaking(1, Unavailable("gone"), asr))


async def test_a_clients_own_fault_ends_the_stream() -> None:
    """Bad input is told to the client, not papered over with a notice."""
    with pytest.raises(PartialSample):
        await run(PipelineConfig(asr={}, diarize={}), [b"A"], asr=breaking(0, PartialSample("odd"), asr))


async def test_a_stage_that_stops_taking_is_left_behind() -> None:
    """A stalled denoise costs its stall time once, and the stream goes on raw."""

    async def stalled(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        await anext(requests)
        yield DenoiseResponse(opened={"model": "denoise@1"})
        await asyncio.Event().wait()

    chunks = [b"%02d" % n * 1000 for n in range(30)]
    config = PipelineConfig(asr={}, denoise={}, denoise_for=DenoiseFor.DENOISE_FOR_BOTH)
    answers = await run(config, chunks, denoise=stalled)
    assert sound(answers) == b"".join(chunks)
    assert notices(answers) == [("denoise", "DEADLINE_EXCEEDED")]


async def test_an_empty_stream_is_legal() -> None:
    """No audio, no words, no error."""
    answers = await run(PipelineConfig(asr={}, denoise={}, diarize={}), [])
    assert [a.WhichOneof("event") for a in answers] == ["opened"]


async def test_a_second_config_is_refused() -> None:
    """One stream, one config."""
    with pytest.raises(ConfigRepeated):
        await run(ASR, [PipelineRequest(config={})])


@pytest.mark.parametrize(
    "config",
    [
        PipelineConfig(),
        PipelineConfig(denoise={}, translate=[{"target_language": "de"}]),
        PipelineConfig(asr={"format": {"sample_rate_hz": 8000}}),
        PipelineConfig(denoise={}, format={"channels": 2}),
        PipelineConfig(asr={}, models={"sing": "a@1"}),
    ],
)
async def test_a_senseless_config_is_refused(config: PipelineConfig) -> None:
    """What cannot be meant is said before any stage is opened."""
    with pytest.raises(BadInput):
        await run(config, [b"AA"])


async def test_hanging_up_stops_every_stage() -> None:
    """A client who leaves in mid-stream leaves no task behind."""
    before = asyncio.all_tasks()

    async def endless() -> AsyncIterator[PipelineRequest]:
        while True:
            yield PipelineRequest(audio={"data": b"AA"})
            await asyncio.sleep(0)

    stages: dict[str, Script] = {"asr": asr, "denoise": denoise, "diarize": diarize}
    config = PipelineConfig(asr={}, denoise={}, diarize={})
    pipeline = Pipeline(config, Scripted(stages), {}, NEVER)
    answers = pipeline.run(endless())
    for _ in range(20):
        await anext(answers)
    await answers.aclose()
    assert asyncio.all_tasks() == before
