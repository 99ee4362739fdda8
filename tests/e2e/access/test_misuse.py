"""What clients do wrong, and what they are told: never INTERNAL, never a connection that just drops."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
import pytest_asyncio

from parley.client import Exchange
from parley.errors import BadInput, ChunkTooLarge, Code, ParleyError
from parley.v1 import asr_pb2, audio_pb2, diarize_pb2, translate_pb2
from tests.e2e.process import Running, running
from tests.fakes import PATIENCE_S
from tests.sound import noise, pcm
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/parley.v1.Asr/Stream"
CONFIG = asr_pb2.AsrRequest(config={}).SerializeToString()
TEXT = translate_pb2.TranslateRequest(text={"text": "hello"}).SerializeToString()


def audio(size: int) -> bytes:
    return asr_pb2.AsrRequest(audio={"data": bytes(size)}).SerializeToString()


def config(**fields: Any) -> bytes:
    return asr_pb2.AsrRequest(config=asr_pb2.AsrConfig(**fields)).SerializeToString()


WRONG: dict[str, tuple[list[bytes], str]] = {
    "nothing at all": ([], "CONFIG_EXPECTED"),
    "audio before config": ([audio(320)], "CONFIG_EXPECTED"),
    "an empty message first": ([b""], "CONFIG_EXPECTED"),
    "two configs": ([CONFIG, audio(320), CONFIG], "CONFIG_REPEATED"),
    "a wrong rate": ([config(format={"sample_rate_hz": 500})], "UNSUPPORTED_FORMAT"),
    "an unknown encoding": ([config(format={"encoding": 77})], "UNSUPPORTED_FORMAT"),
    "too many channels": ([config(format={"channels": 4_000_000_000})], "UNSUPPORTED_FORMAT"),
    "an odd byte count": ([CONFIG, audio(321)], "PARTIAL_SAMPLE"),
    "a 10 MB chunk": ([CONFIG, audio(10_000_000)], "CHUNK_TOO_LARGE"),
    "text for an audio stage": ([CONFIG, TEXT], "EMPTY_MESSAGE"),
    "an empty message": ([CONFIG, b""], "EMPTY_MESSAGE"),
    "an unknown control": ([CONFIG, asr_pb2.AsrRequest(control={"action": 9}).SerializeToString()], "EMPTY_MESSAGE"),
    "no control": ([CONFIG, asr_pb2.AsrRequest(control={}).SerializeToString()], "EMPTY_MESSAGE"),
    "garbage": ([CONFIG, b"\xff\xff\xff\xff"], "INVALID_ARGUMENT"),
    "garbage first": ([b"\x0a\xff"], "INVALID_ARGUMENT"),
    "text that is not UTF-8": ([b"\x0a\x03\x12\x01\xff"], "INVALID_ARGUMENT"),
    "an impossible patience": ([config(endpointing={"stop_silence": {"seconds": 99}})], "INVALID_ARGUMENT"),
}
MODELS = {
    "not exact": ("echo", "INVALID_ARGUMENT"),
    "unknown": ("echo@77", "MODEL_NOT_FOUND"),
    "out of the folder": ("../../echo@1", "INVALID_ARGUMENT"),
    "very long": ("x" * 6000 + "@1", "INVALID_ARGUMENT"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asr(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running("asr", tmp_path_factory.mktemp("asr")) as service:
        yield service


async def each(requests: Iterable[bytes], hold: bool = False) -> AsyncIterator[bytes]:
    for request in requests:
        yield request
    if hold:  # the client has more to say, and does not end by itself
        await asyncio.Event().wait()


async def refusal(asr: Running, requests: Iterable[bytes], *, hold: bool = False, model: str = "") -> ParleyError:
    metadata = {"parley-model": model} if model else {}
    async with (
        asyncio.timeout(PATIENCE_S),
        Exchange(asr.channel, PATH, each(requests, hold), metadata) as exchange,
    ):
        with pytest.raises(ParleyError) as refused:
            async for _ in exchange.answers():
                pass
    return refused.value


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("hold", [False, True])
async def test_bad_input_is_told(asr: Running, name: str, hold: bool) -> None:
    """Each fault is refused with its own reason and advice, whether the client has more to say or not."""
    requests, reason = WRONG[name]
    if name == "nothing at all" and hold:
        return  # who has said nothing yet has done nothing wrong
    error = await refusal(asr, requests, hold=hold)
    assert (error.reason, error.code) == (reason, Code.INVALID_ARGUMENT)
    assert len(str(error)) > 20


@pytest.mark.parametrize("name", MODELS)
async def test_a_bad_model_is_told(asr: Running, name: str) -> None:
    """What is no exact model, or not here, is refused, and the words arrive however long the name was."""
    model, reason = MODELS[name]
    error = await refusal(asr, [CONFIG], model=model)
    assert error.reason == reason
    assert error.code in (Code.INVALID_ARGUMENT, Code.NOT_FOUND)


async def test_more_than_a_message_may_hold(asr: Running) -> None:
    """What is too large even to be read is refused by the transport, with a status."""
    error = await refusal(asr, [CONFIG, audio(20_000_000)])
    assert error.code is Code.RESOURCE_EXHAUSTED


async def test_an_unknown_method_has_a_status(asr: Running) -> None:
    """A call that nobody takes is UNIMPLEMENTED, not a hang."""
    async with asyncio.timeout(PATIENCE_S), Exchange(asr.channel, "/parley.v1.Nobody/Stream", each([]), {}) as exchange:
        with pytest.raises(ParleyError):
            async for _ in exchange.answers():
                pass


async def test_early_failures_keep_their_status(asr: Running) -> None:
    """A client that is still writing when its stream fails learns why, every time."""
    many = [CONFIG, audio(321), *[audio(100_000)] * 20]
    errors = await asyncio.gather(*(refusal(asr, many) for _ in range(200)))
    assert {error.reason for error in errors} == {"PARTIAL_SAMPLE"}


async def test_a_client_s_own_error_is_its_own(asr: Running) -> None:
    """When what the client wants to send fails, it sees that error, not the call's end."""

    async def broken() -> AsyncIterator[bytes]:
        yield CONFIG
        raise KeyError("microphone")

    async with asyncio.timeout(PATIENCE_S), Exchange(asr.channel, PATH, broken(), {}) as exchange:
        with pytest.raises(KeyError, match="microphone"):
            async for _ in exchange.answers():
                pass


async def test_a_deadline_is_kept(asr: Running) -> None:
    """A stream that outlives its deadline ends with DEADLINE_EXCEEDED."""
    async with Exchange(asr.channel, PATH, each([CONFIG], hold=True), {}, timeout_s=0.3) as exchange:
        with pytest.raises(ParleyError) as refused:
            async for _ in exchange.answers():
                pass
    assert refused.value.code is Code.DEADLINE_EXCEEDED


async def test_the_model_that_served_is_in_the_trailers(asr: Running) -> None:
    """Well or badly ended, a stream says who served it."""
    for requests in ([CONFIG], [CONFIG, b""]):
        async with Exchange(asr.channel, PATH, each(requests), {}) as exchange:
            try:
                async for _ in exchange.answers():
                    pass
            except BadInput:
                assert requests[-1] == b""
            assert (await exchange.trailers())["parley-model"] == "echo@1"


async def settled(asr: Running) -> tuple[int, int]:
    """Files and threads, once no stream is open any more."""

    async def idle() -> bool:
        return not await asr.streams()

    await until(idle)  # another process tells nobody
    return asr.holds()


async def _hang_up(asr: Running, chance: random.Random) -> None:
    """A client that goes away at some point: before, in or after its audio, or while answers come."""
    sound = pcm(noise(1600))
    requests = [CONFIG, *[asr_pb2.AsrRequest(audio={"data": sound}).SerializeToString()] * chance.randrange(12)]
    hold, reads = chance.random() < 0.7, chance.randrange(4)
    async with Exchange(asr.channel, PATH, each(requests[chance.randrange(2) :], hold), {}) as exchange:
        try:
            async with asyncio.timeout(chance.random() * 0.2):
                answers = exchange.answers()
                for _ in range(reads):
                    await anext(answers)
        except (TimeoutError, StopAsyncIteration, ParleyError):
            return


async def test_hanging_up_leaves_nothing_behind(asr: Running) -> None:
    """After 500 clients that hung up anywhere: no stream, no lease, no file, no thread, no task is left."""
    chance = random.Random(0)
    await asyncio.gather(*(_hang_up(asr, chance) for _ in range(20)))
    before, tasks = await settled(asr), len(asyncio.all_tasks())
    for _ in range(10):
        await asyncio.gather(*(_hang_up(asr, chance) for _ in range(50)))
    after = await settled(asr)
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 2
    assert len(asyncio.all_tasks()) <= tasks + 1
    assert {info.streams for info in (await asr.models()).values()} == {0}


async def test_it_still_works_after_all_that(asr: Running) -> None:
    """The same process, after everything above, answers an honest client."""
    answers = await asr.ask({}, [pcm(noise(16_000))])
    assert [answer.WhichOneof("event") for answer in answers][-1] == "transcript"


async def test_a_text_stage_refuses_sound_and_too_much(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Audio sent to translate is an empty message there, and a text beyond the limit is too large."""
    async with running("translate", tmp_path_factory.mktemp("translate")) as service:
        begin = translate_pb2.TranslateRequest(config={"target_language": "de"}).SerializeToString()
        long = translate_pb2.TranslateRequest(text={"text": "x" * ((1 << 20) + 1)}).SerializeToString()
        for request, reason in ((audio(320), "EMPTY_MESSAGE"), (long, ChunkTooLarge.reason)):
            path = "/parley.v1.Translate/Stream"
            async with Exchange(service.channel, path, each([begin, request]), {}) as exchange:
                with pytest.raises(ParleyError) as refused:
                    async for _ in exchange.answers():
                        pass
            assert refused.value.reason == reason


async def test_an_odd_enrolment_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is wrong inside a config is refused like what is wrong after it."""
    async with running("diarize", tmp_path_factory.mktemp("diarize")) as service:
        enrolment = diarize_pb2.Enrolment(name="Ada", audio=bytes(64_001))
        for form, reason in (({}, "PARTIAL_SAMPLE"), ({"channels": 9}, "UNSUPPORTED_FORMAT")):
            asked = {"enrolments": [enrolment], "format": audio_pb2.AudioFormat(**form)}  # type: ignore[arg-type]
            with pytest.raises(ParleyError) as refused:
                await service.ask(asked, [])
            assert refused.value.reason == reason
