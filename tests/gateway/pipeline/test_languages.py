"""Words in several languages, and a translator that does not know all of them."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

from parley.v1.asr_pb2 import AsrResponse
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import TranslateResponse
from tests.gateway.pipeline.test_pipeline import run


async def knows_german_only(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Goes from German to English, and from nothing else."""
    async for request in requests:
        if request.HasField("config"):
            yield TranslateResponse(opened={"model": "translate@1"})
        elif request.HasField("text"):
            text, language = request.text.text, request.text.language
            english = text.upper() if language == "de" else ""
            both = {"source_language": language, "target_language": "en"}
            yield TranslateResponse(translation={"source_text": text, "text": english, **both})


async def polyglot(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Each chunk is a final in the language that it names."""
    async for request in requests:
        if request.HasField("config"):
            yield AsrResponse(opened={"model": "asr@1"})
        elif request.HasField("audio"):
            language = request.audio.data.decode()
            span = {"end": timedelta(seconds=1)}
            yield AsrResponse(transcript={"text": "x", "is_final": True, "language": language, "interval": span})


async def test_words_are_translated_from_the_language_that_was_heard() -> None:
    """A Notice says, once, that from another one the stage does not go; the words stand there all the same."""
    config = PipelineConfig(asr={}, translate=[{"target_language": "en"}])
    chunks = [b"de", b"fr", b"fr", b"de"]
    answers = await run(config, chunks, asr=polyglot, translate=knows_german_only)
    translated = [a.translation for a in answers if a.HasField("translation")]
    assert [(each.text, each.source_language) for each in translated] == [("X", "de")] * 2
    assert len([a for a in answers if a.HasField("transcript")]) == 4
    (notice,) = [a.notice for a in answers if a.HasField("notice")]
    assert (notice.stage, notice.reason) == ("translate", "LANGUAGE_PAIR")
    assert notice.message == "translate does not go from French to English. The source text stands alone."
    assert notice.interval.end.seconds == 1
