"""Names that a stream to a model finds, hidden in finals."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest

from gateway.caller import Caller, Wish
from gateway.config import FailoverConfig, GatewayConfig
from gateway.core import Core
from gateway.pipeline.personal import Found
from gateway.pipeline.pipeline import Pipeline
from gateway.pipeline.plan import Plan
from gateway.pipeline.redaction import Redaction
from gateway.pipeline.streams import Requests
from parley.errors import BadInput, FieldInvalid, Unavailable
from parley.v1.asr_pb2 import AsrResponse, Transcript
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from parley.v1.translate_pb2 import TranslateResponse
from tests.gateway.pipeline.redaction.test_redaction import final, guess
from tests.gateway.pipeline.test_pipeline import translate

CONFIG = PipelineConfig(
    asr={"interim_results": True, "word_times": True}, redact=["name", "card"], translate=[{"target_language": "de"}]
)
PEOPLE = ("Ann Lee", "Bob")


async def speaks(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """A guess, then two finals."""
    async for request in requests:
        if request.HasField("config"):
            yield AsrResponse(opened={"model": "asr@1"})
    for said in (
        guess("Hello Ann Lee and", "Hello Ann Lee"),
        final("Hello Ann Lee, 4111 1111 1111 1111."),
        final("Yes Bob."),
    ):
        yield AsrResponse(transcript=said)


async def finds(requests: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    async for request in requests:
        if request.HasField("config"):
            assert request.config.find_names
            yield TranslateResponse(opened={"model": "names@1"})
        elif request.HasField("text"):
            text = request.text.text
            places = [
                {"start": text.index(each), "end": text.index(each) + len(each)} for each in PEOPLE if each in text
            ]
            yield TranslateResponse(found={"source_text": text, "names": places})


class Stages:
    """The finder may fail when it has answered so often; wishes are kept."""

    def __init__(self, fails: list[int] | None = None) -> None:
        self._fails, self.wishes = fails or [], list[Wish]()

    async def open(self, wish: Wish, requests: Requests) -> AsyncGenerator[Any]:
        self.wishes.append(wish)
        if wish.stage == "asr":
            async for answer in speaks(requests()):
                yield answer
            return
        is_finder = wish.origin == "translate/names"
        left = self._fails.pop(0) if is_finder and self._fails else 99
        async for answer in (finds if is_finder else translate)(requests()):
            if left == 0:
                raise Unavailable("gone.")
            yield answer
            left -= 1


async def run(stages: Stages, failover: FailoverConfig | None = None) -> list[PipelineResponse]:
    async def requests() -> AsyncIterator[PipelineRequest]:
        yield PipelineRequest(audio={"data": bytes(3200)})

    pipeline = Pipeline(CONFIG, stages, {}, failover or FailoverConfig())
    return [answer async for answer in pipeline.run(requests())]


@pytest.mark.parametrize("fails", [[], [1], [2], [1, 1]])
async def test_names_are_hidden_from_everybody(fails: list[int]) -> None:
    """Words, translations; before an interim could show one; also where a replica of the finder dies on the way."""
    stages = Stages(fails)
    answers = await run(stages, FailoverConfig(again_s=0.0))
    said = [answer.transcript for answer in answers if answer.HasField("transcript")]
    assert [each.text for each in said] == ["Hello [NAME], [CARD].", "Yes [NAME]."]
    assert [word.text for word in said[0].words] == ["Hello", "[NAME]", "[CARD]"]
    assert "".join(a.translation.text for a in answers) == "HELLO [NAME], [CARD].YES [NAME]."
    assert not any(name in str(answers) for name in ("Ann", "Bob", "1111"))
    assert dict(answers[0].opened.models) == {"asr": "asr@1", "names": "names@1", "translate": "translate@1"}
    assert stages.wishes[0].model != "translate/names"


async def test_without_the_finder_nothing_is_shown() -> None:
    """The stream ends with an error that says why."""
    answers = list[PipelineResponse]()
    with pytest.raises(Unavailable, match="Nobody finds the names"):
        answers += await run(Stages([1, 0, 0, 0, 0, 0, 0]), FailoverConfig(wait_s=0.1))
    assert not any(answer.HasField("transcript") for answer in answers)


def test_who_asks_for_names_where_nothing_finds_them_is_refused() -> None:
    """And told what is missing; with the route it is there."""
    upstreams: dict[str, tuple[str, ...]] = {"asr": ("unix:/nowhere",), "translate": ("unix:/nowhere",)}
    with pytest.raises(FieldInvalid, match="set the route translate/names"):
        Core(GatewayConfig(upstreams=upstreams))._pipeline(PipelineConfig(asr={}, redact=["name"]), Caller())
    routes = {"translate/names": {"rampart@1": 1}}
    assert Core(GatewayConfig(upstreams=upstreams, routes=routes))._pipeline(
        PipelineConfig(asr={}, redact=["name"]), Caller()
    )


def test_a_pipelines_names_are_asked_for_by_redact() -> None:
    """Not as a translation."""
    with pytest.raises(BadInput, match="say `name` in `redact`"):
        Plan(PipelineConfig(asr={}, translate=[{"find_names": True}]))


def test_a_name_that_is_written_otherwise_in_words_is_hidden_there_too() -> None:
    """Where the words are not those of the text, it is looked for again."""
    said: Transcript = final("Hello Ann Lee")
    said.text = "Hello, Ann Lee"

    assert Redaction(["name"]).hide(said, [Found(7, 14, "name")])
    assert (said.text, [word.text for word in said.words]) == ("Hello, [NAME]", ["Hello", "[NAME]"])
