"""Transcripts without what identifies somebody."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from gateway.pipeline.plan import Plan
from gateway.pipeline.redaction import Redaction
from parley.errors import BadInput
from parley.v1.asr_pb2 import AsrResponse, Transcript
from parley.v1.pipeline_pb2 import PipelineConfig
from tests.gateway.pipeline.test_pipeline import run

EVERY = ("email", "phone", "card", "iban", "ssn")


def final(text: str) -> Transcript:
    """A word lasts a second."""
    said = Transcript(text=text, is_final=True, committed_characters=len(text))
    for n, word in enumerate(text.split()):
        interval: Any = {"start": {"seconds": n}, "end": {"seconds": n + 1}}
        said.words.add(text=word, interval=interval, confidence=0.5 + n / 100)
    return said


def guess(text: str, committed: str) -> Transcript:
    return Transcript(text=text, committed_characters=len(committed))


def test_a_piece_of_several_words_is_one_word() -> None:
    """From the start of the first to the end of the last; the others keep their times."""
    said = final("Pay with 4111 1111 1111 1111, please.")
    assert Redaction(EVERY).hide(said)
    assert said.text == "Pay with [CARD], please."
    assert [word.text for word in said.words] == ["Pay", "with", "[CARD]", "please."]
    times = [(word.interval.start.seconds, word.interval.end.seconds) for word in said.words]
    assert times == [(0, 1), (1, 2), (2, 6), (6, 7)]
    assert said.committed_characters == len(said.text)


def test_two_pieces_side_by_side_are_two_words() -> None:
    """Each by itself."""
    said = final("ann@example.com bob@example.com")
    Redaction(EVERY).hide(said)
    assert [word.text for word in said.words] == ["[EMAIL]", "[EMAIL]"]


def test_what_is_not_there_changes_nothing() -> None:
    """Not a letter."""
    said = final("Nothing to hide, at 10 in room 204.")
    before = Transcript()
    before.CopyFrom(said)
    Redaction(EVERY).hide(said)
    assert said == before


@pytest.mark.parametrize(
    ("committed", "rest", "shown"),
    [
        ("My number is", " 4111", "My number"),
        ("My number is 4111", " 1111", "My number is"),
        ("My number is 4111 1111 1111 1111 so", " pay", "My number is"),
        ("My number is 4111 1111 1111 1111 so pay", " now", "My number is [CARD] so"),
        ("Write to ann at example dot com", " or", "Write to"),
        ("Write to ann at example dot com or", " call", "Write to [EMAIL]"),
        ("Good morning everybody", " how", "Good morning"),
        ("", "Hello", ""),
    ],
)
def test_an_interim_shows_what_is_decided(committed: str, rest: str, shown: str) -> None:
    """Committed words alone, and of them none that may become part of a piece."""
    said = guess(committed + rest, committed)
    assert Redaction(EVERY).hide(said) == bool(shown)
    assert said.text == shown
    assert said.committed_characters == len(said.text)


def test_what_is_shown_only_grows() -> None:
    """Interim by interim, up to the final."""
    text, before = "Please call me at 212 555 1234 or write to ann at example dot com thank you", ""
    words = text.split()
    for count in range(1, len(words) + 1):
        said = guess(" ".join(words[:count]), " ".join(words[:count]))
        if Redaction(EVERY).hide(said):
            assert said.text.startswith(before)
            before = said.text
    last = final(" ".join(words))
    Redaction(EVERY).hide(last)
    assert last.text == "Please call me at [PHONE] or write to [EMAIL] thank you"
    assert last.text.startswith(before)


@pytest.mark.parametrize(
    ("config", "right"),
    [
        ({"asr": {}, "redact": ["crad"]}, "did you mean `card`?"),
        ({"asr": {"tokens": True, "recording": True}, "redact": ["card"]}, "Tokens would show"),
        ({"denoise": {}, "redact": ["card"]}, "ask for asr too"),
    ],
)
def test_what_cannot_be_hidden_is_refused(config: dict[str, Any], right: str) -> None:
    """Nobody believes to be without what is there."""
    with pytest.raises(BadInput, match=right.replace("?", r"\?")):
        Plan(PipelineConfig(**config))


async def speaks(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """A guess that has come to the number, then all of it."""
    async for request in requests:
        if request.HasField("config"):
            yield AsrResponse(opened={"model": "asr@1"})
    for said in (guess("My number is 4111 1111 11", "My number is 4111"), final("My number is 4111 1111 1111 1111.")):
        yield AsrResponse(transcript=said)


async def test_nobody_behind_the_pipeline_gets_what_is_hidden() -> None:
    """Neither its caller nor the stage that translates."""
    asked: dict[str, Any] = {"asr": {"interim_results": True}, "translate": [{"target_language": "de"}]}
    config = PipelineConfig(**asked, redact=EVERY)
    answers = await run(config, [bytes(3200)], asr=speaks)
    texts = [answer.transcript.text for answer in answers if answer.HasField("transcript")]
    assert texts == ["My number is", "My number is [CARD]."]
    translated = "".join(answer.translation.text for answer in answers if answer.HasField("translation"))
    assert translated == "MY NUMBER IS [CARD]."
    assert "1111" not in str(answers)
