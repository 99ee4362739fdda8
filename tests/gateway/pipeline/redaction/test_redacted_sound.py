"""A pipeline's sound, without what its transcripts are without."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from gateway.pipeline.channels import together
from gateway.pipeline.plan import Plan
from parley.errors import BadInput, Unavailable
from parley.v1.asr_pb2 import AsrRequest, AsrResponse, Transcript
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse, RedactSound
from parley.v1.separate_pb2 import SeparateConfig, SeparateResponse
from parley.wire.pipeline import pipeline_config
from tests.gateway.pipeline import test_channels
from tests.gateway.pipeline.test_pipeline import Scripted, breaking, denoise, notices, run, sound

SILENCE = RedactSound.REDACT_SOUND_SILENCE
CONFIG = PipelineConfig(asr={}, denoise={}, redact=["card"], redact_sound=SILENCE)
CHUNK = 16_000  # bytes, half a second
CHUNKS = [bytes([n + 97]) * CHUNK for n in range(8)]
CARD = "4111 1111 1111 1111"


def said(start_s: float, *words: str) -> Transcript:
    """A word lasts a quarter of a second."""
    final = Transcript(text=" ".join(words), is_final=True)
    final.interval.start.FromMilliseconds(round(1000 * start_s))
    final.interval.end.FromMilliseconds(round(1000 * start_s + 250 * len(words)))
    for n, word in enumerate(words):
        spoken = final.words.add(text=word)
        spoken.interval.start.FromMilliseconds(round(1000 * start_s) + 250 * n)
        spoken.interval.end.FromMilliseconds(round(1000 * start_s) + 250 * (n + 1))
    return final


class Asr:
    """One final, as soon as so many chunks are heard."""

    def __init__(self, final: Transcript, after: int = 5) -> None:
        self._final, self._after = final, after
        self.asked = AsrRequest()

    async def __call__(self, requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        heard = 0
        async for request in requests:
            if request.HasField("config"):
                self.asked.CopyFrom(request)
                yield AsrResponse(opened={"model": "asr@1"})
            heard += request.HasField("audio")
            if request.HasField("audio") and heard == self._after:
                yield AsrResponse(transcript=self._final)
                answered = AsrResponse(answered={})
                answered.answered.at.FromMilliseconds(500 * heard)
                yield answered


def kinds(answers: list[PipelineResponse]) -> list[str]:
    return [answer.WhichOneof("event") or "" for answer in answers]


def heard(data: bytes) -> list[tuple[float, float]]:
    """From when to when, in seconds, something is heard."""
    loud = [data[at] != 0 for at in range(0, len(data), 320)]
    edges = [n for n in range(len(loud) + 1) if (n and loud[n - 1]) != (n < len(loud) and loud[n])]
    return list(zip([n / 100 for n in edges[::2]], [n / 100 for n in edges[1::2]], strict=True))


async def test_sound_comes_once_its_words_are_known_and_without_them() -> None:
    """A margin around the words goes too; whoever did not ask for words' times or answers gets none."""
    asr = Asr(said(0.5, "It", "is", *CARD.split(), "right"))
    answers = await run(CONFIG, CHUNKS, asr=asr)
    assert kinds(answers)[:2] == ["opened", "transcript"]
    assert set(kinds(answers)[2:]) == {"audio"}
    assert heard(sound(answers)) == [(0.0, 0.75), (2.25, 4.0)]
    assert len(sound(answers)) == 8 * CHUNK
    final = next(answer.transcript for answer in answers if answer.HasField("transcript"))
    assert (final.text, len(final.words)) == ("It is [CARD] right", 0)
    assert (asr.asked.config.word_times, asr.asked.config.report_heard) == (True, True)


async def test_who_asks_for_words_and_answers_gets_them() -> None:
    """As without."""
    config = PipelineConfig()
    config.CopyFrom(CONFIG)
    config.asr.word_times = config.asr.report_answered = True
    answers = await run(config, CHUNKS, asr=Asr(said(0.5, "Hello", "there")))
    assert "answered" in kinds(answers)
    final = next(answer.transcript for answer in answers if answer.HasField("transcript"))
    assert [word.text for word in final.words] == ["Hello", "there"]
    assert heard(sound(answers)) == [(0.0, 4.0)]


@pytest.mark.parametrize("words", [(), ("4111", "1111")])
async def test_where_nobody_knows_when_it_was_said_all_of_the_final_goes(words: tuple[str, ...]) -> None:
    """A model that gives no times, or words that are not those of the text."""
    final = said(1.0, "It", "is", *CARD.split())
    del final.words[:]
    final.words.extend(said(1.0, *words).words)
    answers = await run(CONFIG, CHUNKS, asr=Asr(final))
    assert heard(sound(answers)) == [(0.0, 0.75), (2.75, 4.0)]


async def test_without_asr_there_is_silence() -> None:
    """It goes on, and the client is told."""
    broken = breaking(1, Unavailable("gone"), Asr(said(0.5, "It"), after=1))
    answers = await run(CONFIG, CHUNKS, asr=broken)
    assert ("asr", "SOUND_SILENT") in notices(answers)
    assert len(sound(answers)) == 8 * CHUNK
    assert heard(sound(answers)) == []


async def separate(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """The voice, and it again as what is beside it."""
    async for request in requests:
        if request.HasField("config"):
            yield SeparateResponse(opened={"model": "separate@1"})
        elif request.HasField("audio"):
            yield SeparateResponse(audio={"data": request.audio.data})
            yield SeparateResponse(other={"name": "music", "audio": {"data": request.audio.data}})


async def test_tracks_are_without_it_too() -> None:
    """The one that comes back and the other."""
    config = pipeline_config([SeparateConfig(others=True)], asr={}, redact=["card"], redact_sound=SILENCE)
    answers = await run(config, CHUNKS, asr=Asr(said(0.5, "It", "is", *CARD.split())), separate=separate)
    other = b""
    for answer in answers:
        event = SeparateResponse(other={})
        if answer.HasField("stage_event") and answer.stage_event.event.Unpack(event.other):
            other += event.other.audio.data
    assert heard(other) == heard(sound(answers)) == [(0.0, 0.75), (2.25, 4.0)]


async def test_each_channel_by_itself() -> None:
    """Sound goes back with all channels; only who said it is not heard."""
    config = PipelineConfig()
    config.CopyFrom(CONFIG)
    config.per_channel, config.format.channels = True, 2
    calls = iter([Asr(said(0.5, "It", "is", *CARD.split())), Asr(said(0.5, "Go", "on"))])

    async def asr(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        async for answer in next(calls)(requests):
            yield answer

    stages = Scripted({"asr": asr, "denoise": denoise})
    answers = await test_channels.run(config, [together((each, each), 2) for each in CHUNKS], stages)
    data = sound(answers)
    channels = [b"".join(data[at : at + 2] for at in range(n, len(data), 4)) for n in (0, 2)]
    assert sorted(map(heard, channels)) == [[(0.0, 0.75), (2.25, 4.0)], [(0.0, 4.0)]]


@pytest.mark.parametrize(
    ("config", "right"),
    [
        ({"asr": {}, "denoise": {}}, "name kinds there"),
        ({"denoise": {}, "redact": ["card"]}, "ask for asr too"),
        ({"asr": {}, "redact": ["card"]}, "e.g. by denoise"),
        ({"asr": {}, "denoise": {}, "denoise_for": "DENOISE_FOR_LISTENERS", "redact": ["card"]}, "e.g. by denoise"),
    ],
)
def test_what_would_hide_nothing_is_refused(config: dict[str, Any], right: str) -> None:
    """Without kinds, without words, without sound."""
    with pytest.raises(BadInput, match=right):
        Plan(PipelineConfig(**config, redact_sound=SILENCE))
