"""A call of several channels, with stages that a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.caller import Wish
from gateway.config import FailoverConfig
from gateway.pipeline.channels import Channels, apart, together
from gateway.pipeline.pipeline import Pipeline
from parley.errors import BadInput, ChunkTooLarge, ConfigRepeated, PartialSample, Unavailable
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.denoise_pb2 import DenoiseResponse
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig, PipelineRequest, PipelineResponse
from tests.gateway.pipeline.test_pipeline import sound
from tests.gateway.pipeline.test_pipeline_failover import CHUNKS, WORDS, Stages

STEREO = AudioFormat(channels=2)
LOUD = [chunk.replace(b"0", b"x") for chunk in CHUNKS]
PATIENT = FailoverConfig()
ASR = PipelineConfig(format=STEREO, asr={}, per_channel=True)


async def run(
    config: PipelineConfig, chunks: list[Any], stages: Any, failover: FailoverConfig = PATIENT
) -> list[PipelineResponse]:
    """Everything that is said of a call."""

    def begin(alone: PipelineConfig) -> Pipeline:
        return Pipeline(alone, stages, {}, failover)

    async def requests() -> AsyncIterator[PipelineRequest]:
        for chunk in chunks:
            yield chunk if isinstance(chunk, PipelineRequest) else PipelineRequest(audio={"data": chunk})
            await asyncio.sleep(0.005)  # a live stream: answers come between two chunks

    async with asyncio.timeout(10):
        return [answer async for answer in Channels(config, begin).run(requests())]


def stereo(left: list[bytes], right: list[bytes]) -> list[bytes]:
    return [together(pair, 2) for pair in zip(left, right, strict=True)]


def said(answers: list[PipelineResponse], kind: str, track: str) -> str:
    return "".join(getattr(answer, kind).text for answer in answers if getattr(answer, kind).track == track)


@given(st.sampled_from([1, 2, 4]), st.integers(1, 8), st.binary(max_size=99))
def test_what_is_taken_apart_goes_together_again(width: int, count: int, data: bytes) -> None:
    """Whatever the samples are, channel by channel."""
    whole = data[: len(data) // (width * count) * width * count]
    parts = apart(whole, width, count)
    assert together(parts, width) == whole
    assert parts[-1][:width] == whole[width * (count - 1) : width * count]


async def test_every_channel_is_heard_by_itself() -> None:
    """Its words and their translations carry its number, and all of it begins with one `opened`."""
    config = PipelineConfig(translate=[{"target_language": "de"}])
    config.MergeFrom(ASR)
    answers = await run(config, stereo(CHUNKS, LOUD), Stages("nobody"))
    kinds = [answer.WhichOneof("event") for answer in answers]
    assert (kinds[0], kinds.count("opened")) == ("opened", 1)
    for kind in ("transcript", "translation"):
        assert said(answers, kind, "1") == WORDS
        assert said(answers, kind, "2") == WORDS.replace("0", "x")
    finals = [answer.transcript for answer in answers if answer.HasField("transcript")]
    assert all(final.speaker == final.track for final in finals)


@pytest.mark.parametrize("breaks", [(1, None), (3, 2), (None, 4)])
async def test_each_channel_loses_and_doubles_no_word(breaks: tuple[int | None, ...]) -> None:
    """One channel's replica may break where the other's does not; the notice says whose it was."""
    stages = Stages("asr", *breaks)
    answers = await run(ASR, stereo(CHUNKS, LOUD), stages)
    assert said(answers, "transcript", "1") == WORDS
    assert said(answers, "transcript", "2") == WORDS.replace("0", "x")
    noticed = {answer.notice.track for answer in answers if answer.HasField("notice")}
    assert noticed == {str(n) for n, broke in enumerate(breaks, 1) if broke is not None}


async def test_cleaned_sound_comes_back_with_all_channels() -> None:
    """In step, though one channel is cleaned late."""

    class Cleaned(Stages):
        late = 0.0

        async def open(self, wish: Wish, again: Any) -> AsyncGenerator[Any]:
            self.late += 0.01
            late = self.late
            yield DenoiseResponse(opened={"model": "denoise@1"})
            async for request in again():
                await asyncio.sleep(late)  # each channel later than the one before
                if request.HasField("audio"):
                    yield DenoiseResponse(audio={"data": request.audio.data.lower()})
                    yield DenoiseResponse(quality={"silent": True})

    config = PipelineConfig(format=STEREO, denoise={}, per_channel=True)
    loud = [chunk.upper() for chunk in LOUD]
    answers = await run(config, stereo(CHUNKS, loud), Cleaned("nobody"))
    assert answers[0].opened.format.channels == 2
    assert sound(answers) == b"".join(stereo(CHUNKS, LOUD))
    assert {each.quality.track for each in answers if each.HasField("quality")} == {"1", "2"}


async def test_a_filter_lost_in_one_channel_leaves_both_in_step() -> None:
    """The raw sound of that channel goes on beside the cleaned one of the other."""
    config = PipelineConfig(denoise={}, denoise_for=DenoiseFor.DENOISE_FOR_BOTH)
    config.MergeFrom(ASR)
    call = stereo(CHUNKS, LOUD)
    answers = await run(config, call, Stages("denoise", 3, None, Unavailable("gone"), Unavailable("gone")))
    assert sound(answers) == b"".join(call)
    assert said(answers, "transcript", "1") == WORDS


async def test_a_call_of_one_channel_is_a_call() -> None:
    """It has track 1."""
    answers = await run(PipelineConfig(asr={}, per_channel=True), list(CHUNKS), Stages("nobody"))
    assert said(answers, "transcript", "1") == WORDS


async def test_a_call_that_says_nothing_is_legal() -> None:
    """It opens, and ends."""
    answers = await run(ASR, [], Stages("nobody"))
    assert [answer.WhichOneof("event") for answer in answers] == ["opened"]


@pytest.mark.parametrize(
    ("config", "chunk", "error"),
    [
        (ASR, b"abc", PartialSample),
        (ASR, bytes(2 << 20), ChunkTooLarge),
        (ASR, PipelineRequest(config=ASR), ConfigRepeated),
        (PipelineConfig(format=STEREO, asr={}, diarize={}, per_channel=True), b"", BadInput),
        (PipelineConfig(format={"channels": 9}, asr={}, per_channel=True), b"", BadInput),
    ],
)
async def test_what_cannot_be_meant_ends_the_call(config: PipelineConfig, chunk: Any, error: type[BadInput]) -> None:
    """In one sentence, and nothing is left behind."""
    before = asyncio.all_tasks()
    with pytest.raises(error):
        await run(config, [chunk], Stages("nobody"))
    assert asyncio.all_tasks() == before


async def test_a_channel_without_words_to_come_ends_the_call() -> None:
    """Half a call must not look like all of it."""
    with pytest.raises(Unavailable):
        await run(ASR, stereo(CHUNKS, LOUD), Stages("asr", 1, None), FailoverConfig(wait_s=0.0))
