"""The pipeline, when replicas come and go."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline.pipeline import Pipeline
from parley.errors import CircuitOpen, Draining, NotFound, ParleyError, Unavailable, UnknownModel
from parley.v1.asr_pb2 import AsrResponse, Transcript
from parley.v1.denoise_pb2 import DenoiseResponse
from parley.v1.diarize_pb2 import DiarizeResponse
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateResponse
from tests.gateway.pipeline.test_pipeline import diarize, notices, sound, texts

CHUNK = 3200  # bytes: a tenth of a second
CHUNKS = [b"%02d" % n * (CHUNK // 2) for n in range(12)]
WORDS = "".join(f"{n:02d}" for n in range(12))


class Stages:
    """Every stage; the streams of one break as they are told, in the order of their opening."""

    def __init__(
        self, stage: str, *breaks: int | ParleyError | None, with_error: type[ParleyError] = Unavailable
    ) -> None:
        self.stage, self.breaks, self.error = stage, list(breaks), with_error
        self.models: list[str] = []

    async def open(self, wish: Wish, again: Any) -> AsyncGenerator[Any]:
        breaks: int | ParleyError | None = None
        if wish.stage == self.stage:
            self.models.append(wish.model)
            breaks = self.breaks.pop(0) if self.breaks else None
        if isinstance(breaks, ParleyError):
            raise breaks
        answers = 0
        async for answer in SCRIPTS[wish.stage](again()):
            if breaks is not None and answers > breaks:
                raise self.error("gone")
            yield answer
            answers += 1


async def asr(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Two chunks are a final."""
    yield AsrResponse(opened={"model": "asr@1"})
    heard, position = b"", 0
    async for request in requests:
        heard += request.audio.data
        while len(heard) >= 2 * CHUNK:
            final = Transcript(text=(heard[:2] + heard[CHUNK : CHUNK + 2]).decode(), is_final=True)
            final.interval.start.FromMilliseconds(position * 100)
            final.interval.end.FromMilliseconds((position + 2) * 100)
            heard, position = heard[2 * CHUNK :], position + 2
            yield AsrResponse(transcript=final)


async def denoise(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    yield DenoiseResponse(opened={"model": "denoise@1"})
    async for request in requests:
        if request.HasField("audio"):
            yield DenoiseResponse(audio={"data": request.audio.data})


async def translate(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    yield TranslateResponse(opened={"model": "translate@1"})
    async for request in requests:
        for piece in (request.text.text[:2], request.text.text[2:]):
            if piece:
                yield TranslateResponse(translation={"source_text": piece, "text": piece})


SCRIPTS: dict[str, Any] = {"asr": asr, "denoise": denoise, "diarize": diarize, "translate": translate}


async def run(stages: Stages, config: PipelineConfig, every_s: float = 0.005) -> list[Any]:
    async def requests() -> AsyncIterator[PipelineRequest]:
        for chunk in CHUNKS:
            yield PipelineRequest(audio={"data": chunk})
            await asyncio.sleep(every_s)  # a live stream: answers come between two chunks

    pipeline = Pipeline(config, stages, {}, FailoverConfig(wait_s=0.5, most=3))
    async with asyncio.timeout(10):
        return [answer async for answer in pipeline.run(requests())]


@pytest.mark.parametrize("breaks", [(1,), (2,), (3,), (1, 1), (1, 2, 1)])
async def test_every_word_once(breaks: tuple[int, ...]) -> None:
    """Wherever asr breaks, all finals come, none twice, at their own places, and each break is told."""
    answers = await run(Stages("asr", *breaks), PipelineConfig(asr={}))
    assert "".join(texts(answers)) == WORDS
    starts = [a.transcript.interval.start.ToMilliseconds() for a in answers if a.HasField("transcript")]
    assert starts == [n * 200 for n in range(6)]
    assert notices(answers) == [("asr", "UNAVAILABLE")] * len(breaks)


async def test_a_stream_may_be_asked_to_move_as_often_as_it_takes() -> None:
    """Replicas that die without a word in between are given up on; those that drain are not."""
    moved = await run(Stages("asr", *[0] * 9, with_error=Draining), PipelineConfig(asr={}))
    assert "".join(texts(moved)) == WORDS
    with pytest.raises(Unavailable, match="gone"):
        await run(Stages("asr", *[0] * 9), PipelineConfig(asr={}))


async def test_the_stream_keeps_its_version_while_it_can() -> None:
    """The next replica is asked for the version that served; when nobody has it any more, for what was wished."""
    stages = Stages("asr", 1, UnknownModel("gone"))
    answers = await run(stages, PipelineConfig(asr={}, models={"asr": "asr/fast"}))
    assert stages.models == ["asr/fast", "asr@1", "asr/fast"]
    assert "".join(texts(answers)) == WORDS


async def test_an_unknown_model_at_the_start_is_the_clients_affair() -> None:
    """Before anything has served, nothing is tried again."""
    with pytest.raises(NotFound):
        await run(Stages("asr", UnknownModel("who?")), PipelineConfig(asr={}))


async def test_when_nobody_comes_it_is_said() -> None:
    """An outage longer than the patience ends as a loss: asr alone fails, beside others it is a second notice."""
    with pytest.raises(Unavailable):
        await run(Stages("asr", 1, *[Unavailable("down")] * 99), PipelineConfig(asr={}))
    answers = await run(Stages("asr", 1, *[Unavailable("down")] * 99), PipelineConfig(asr={}, diarize={}), 0.08)
    assert [stage for stage, _ in notices(answers)] == ["asr", "asr"]
    assert "No more words" in [a.notice.message for a in answers if a.HasField("notice")][-1]


@pytest.mark.parametrize(
    ("stage", "config"),
    [
        ("diarize", PipelineConfig(asr={}, diarize={})),
        ("denoise", PipelineConfig(asr={}, denoise={}, denoise_for=DenoiseFor.DENOISE_FOR_BOTH)),
        ("translate", PipelineConfig(asr={}, translate=[{"target_language": "de"}])),
    ],
)
async def test_a_stage_that_nobody_took_comes_back(stage: str, config: PipelineConfig) -> None:
    """Refused when the stream began, it is done without, tried again, and works from then on; both are told."""
    stages = Stages(stage, CircuitOpen("rests"), CircuitOpen("rests"))
    answers = await run(stages, config, 0.2)
    assert len(stages.models) == 3
    assert "".join(texts(answers)) == WORDS
    assert notices(answers) == [(stage, "CIRCUIT_OPEN"), (stage, "REPLACED")]
    last = [answer.notice for answer in answers if answer.HasField("notice")][-1]
    assert last.interval.start.ToMilliseconds() > 0 or stage == "translate"
    if stage == "denoise":
        assert sound(answers) == b"".join(CHUNKS)
    if stage == "translate":
        assert WORDS.endswith("".join(answer.translation.text for answer in answers))


async def test_words_that_nobody_took_come_back() -> None:
    """Beside another stage, recognition too is tried again; its words have the stream's own times."""
    stages = Stages("asr", Unavailable("gone"))
    answers = await run(stages, PipelineConfig(asr={}, diarize={}), 0.1)
    said = [answer.transcript for answer in answers if answer.HasField("transcript")]
    assert notices(answers) == [("asr", "UNAVAILABLE"), ("asr", "REPLACED")]
    assert "".join(final.text for final in said) in WORDS
    assert said[0].interval.start.ToMilliseconds() == 100 * int(said[0].text[:2]) > 0


async def test_a_stage_that_was_given_up_in_the_middle_comes_back() -> None:
    """An outage that outlasts the patience is not for life."""
    stages = Stages("diarize", 1, *[Unavailable("down")] * 5)
    answers = await run(stages, PipelineConfig(asr={}, diarize={}), 0.25)
    assert notices(answers) == [("diarize", "UNAVAILABLE"), ("diarize", "UNAVAILABLE"), ("diarize", "REPLACED")]
    assert "".join(texts(answers)) == WORDS


async def test_the_end_does_not_wait_for_who_may_come_back() -> None:
    """A stream whose input is over ends, whoever is away."""
    config = PipelineConfig(asr={}, diarize={}, translate=[{"target_language": "de"}])
    for stage in ("diarize", "translate"):
        async with asyncio.timeout(5):
            answers = await run(Stages(stage, *[Unavailable("down")] * 99), config, 0.0)
        assert "".join(texts(answers)) == WORDS


@pytest.mark.parametrize("breaks", [(1,), (3,), (2, 1)])
async def test_the_filter_is_left_and_taken_again(breaks: tuple[int, ...]) -> None:
    """Raw sound fills the gap without a sample lost or doubled; the end of the gap is told too."""
    config = PipelineConfig(asr={}, denoise={}, denoise_for=DenoiseFor.DENOISE_FOR_BOTH)
    answers = await run(Stages("denoise", *breaks), config)
    assert sound(answers) == b"".join(CHUNKS)
    assert "".join(texts(answers)) == WORDS
    assert notices(answers) == [("denoise", "UNAVAILABLE"), ("denoise", "REPLACED")] * len(breaks)


async def test_speakers_come_back() -> None:
    """Words go on without speakers, then have new ones; both are told."""
    answers = await run(Stages("diarize", 1), PipelineConfig(asr={}, diarize={}))
    assert "".join(texts(answers)) == WORDS
    assert notices(answers) == [("diarize", "UNAVAILABLE"), ("diarize", "REPLACED")]


@pytest.mark.parametrize("breaks", [(1,), (2,), (3, 1)])
async def test_a_sentence_is_translated_elsewhere(breaks: tuple[int, ...]) -> None:
    """Every piece of every final is translated once, whichever replica breaks in between."""
    config = PipelineConfig(asr={}, translate=[{"target_language": "de"}])
    answers = await run(Stages("translate", *breaks), config)
    assert "".join(a.translation.text for a in answers) == WORDS
    assert notices(answers) == [("translate", "UNAVAILABLE")] * len(breaks)


async def test_a_lost_diarize_at_the_end_is_not_waited_for() -> None:
    """When nothing comes any more that a new replica could hear, the loss is final."""

    async def dies_at_the_end(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        yield DiarizeResponse(opened={"model": "diarize@1"})
        async for _ in requests:
            pass
        raise Unavailable("gone")

    stages = Stages("diarize")
    before, SCRIPTS["diarize"] = SCRIPTS["diarize"], dies_at_the_end
    try:
        answers = await run(stages, PipelineConfig(asr={}, diarize={}))
    finally:
        SCRIPTS["diarize"] = before
    assert notices(answers) == [("diarize", "UNAVAILABLE")]
    assert len(stages.models) == 1
