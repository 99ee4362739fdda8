"""A translator whose model fails now and then: who translates instead is told, once, and that it is over too."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

from parley.v1.asr_pb2 import AsrResponse
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import TranslateResponse
from tests.gateway.pipeline.test_pipeline import run

FALLBACKS = {
    "away": {"reason": "UNAVAILABLE", "message": "It is away. small@1 translates instead.", "model": "small@1"},
    "full": {"reason": "RATE_LIMITED", "message": "It is full. small@1 translates instead.", "model": "small@1"},
    "none": {"reason": "ANSWER_UNUSABLE", "message": "It is odd. The source text stands alone."},
    "gone": {"reason": "CIRCUIT_OPEN", "message": "It is gone. The source text stands alone."},
}
heard: list[tuple[str, str]] = []


async def now_and_then(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Texts name what goes wrong with them."""
    async for request in requests:
        if request.HasField("config"):
            yield TranslateResponse(opened={"model": "llm@1"})
        elif request.HasField("text"):
            text = request.text.text
            heard.append((text, request.text.speaker))
            fallback: Any = FALLBACKS.get(text)
            done = text.upper() if fallback is None or "model" in fallback else ""
            both = {"source_language": "en", "target_language": "de", "fallback": fallback}
            yield TranslateResponse(translation={"source_text": text, "text": done, **both})


async def parrot(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Each chunk is a final of what it spells."""
    async for request in requests:
        if request.HasField("config"):
            yield AsrResponse(opened={"model": "asr@1"})
        elif request.HasField("audio"):
            final = {"text": request.audio.data.decode(), "is_final": True, "speaker": "Ann"}
            yield AsrResponse(transcript={**final, "interval": {"end": timedelta(seconds=1)}})


async def said(*texts: bytes) -> list[tuple[str, str]]:
    """Translations and notices, in order."""
    config = PipelineConfig(asr={}, translate=[{"target_language": "de"}])
    answers = await run(config, list(texts), asr=parrot, translate=now_and_then)
    told = []
    for answer in answers:
        if answer.HasField("translation"):
            told.append((answer.translation.text, answer.translation.fallback.model))
        elif answer.HasField("notice"):
            assert answer.notice.interval.end.seconds == 1
            told.append((answer.notice.reason, answer.notice.message))
    return told


async def test_who_translates_instead_is_told_until_it_is_over() -> None:
    """Before the first piece, when the reason is another one, and when it is over; not each time."""
    assert await said(b"good", b"away", b"away", b"full", b"good", b"good") == [
        ("GOOD", ""),
        ("FALLBACK", FALLBACKS["away"]["message"]),
        ("AWAY", "small@1"),
        ("AWAY", "small@1"),
        ("FALLBACK", FALLBACKS["full"]["message"]),
        ("FULL", "small@1"),
        ("FALLBACK_OVER", "translate's own model works again."),
        ("GOOD", ""),
        ("GOOD", ""),
    ]


async def test_what_nobody_translated_is_told_each_time() -> None:
    """With whether it would be, were the model there; the stream goes on."""
    assert await said(b"none", b"none", b"gone", b"good") == [
        ("UNTRANSLATED", FALLBACKS["none"]["message"]),
        ("UNTRANSLATED", FALLBACKS["none"]["message"]),
        ("UNTRANSLATED_NOW", FALLBACKS["gone"]["message"]),
        ("FALLBACK_OVER", "translate's own model works again."),
        ("GOOD", ""),
    ]


async def test_the_translator_hears_who_speaks() -> None:
    """Where recognition or diarization knows."""
    heard.clear()
    await said(b"good")
    assert heard == [("good", "Ann")]
