"""Riva's API, called over a real socket; behind it a core that says what it is told to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import pytest_asyncio

from gateway.apis.riva import recognition, server
from gateway.apis.riva.translation import glossary
from gateway.config import GatewayConfig
from gateway.core import Core
from parley.client import dial
from parley.compat import riva_asr_pb2 as asr
from parley.compat import riva_nmt_pb2 as nmt
from parley.errors import FieldInvalid, Overloaded, UnsupportedFormat
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final

PCM = {"encoding": "LINEAR_PCM", "sample_rate_hertz": 16_000, "language_code": "en-US"}
CONFIG = asr.StreamingRecognizeRequest(streaming_config={"config": PCM, "interim_results": True}, id={"value": "r1"})
SOUND = asr.StreamingRecognizeRequest(audio_content=bytes(3200))


@pytest_asyncio.fixture
async def channel(core: FakeCore, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    config = GatewayConfig(upstreams={})
    listening, address = grpc.aio.server(), f"unix:{tmp_path}/riva.sock"
    listening.add_generic_rpc_handlers((server.RivaMethods(cast(Core, core), config),))
    listening.add_insecure_port(address)
    await listening.start()
    async with dial(address) as channel:
        yield channel
    await listening.stop(0)


async def _stream(channel: grpc.aio.Channel, *requests: asr.StreamingRecognizeRequest) -> tuple[list[Any], Any]:
    """Every answer, and the trailers."""
    method: Any = channel.stream_stream(f"/{server.ASR}/StreamingRecognize")
    call = method(iter([request.SerializeToString() for request in requests]))
    answers = [asr.StreamingRecognizeResponse.FromString(answer) async for answer in call]
    return answers, dict(await call.trailing_metadata() or ())


async def _refused(channel: grpc.aio.Channel, *requests: asr.StreamingRecognizeRequest) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await _stream(channel, *requests)
    return refused.value.code().name, refused.value.details() or ""


async def test_a_stream_says_what_the_pipeline_says(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """Interims replace, finals end with a space, the id comes back, and the trailers name the model."""
    interim = PipelineResponse(transcript={"text": "alf", "stability": 0.5})
    core.answers = [interim, PipelineResponse(transcript={"text": " "}), final(" alfa", words=("alfa",))]
    answers, trailers = await _stream(channel, CONFIG, SOUND, SOUND)
    told = [answer.results[0] for answer in answers]
    assert [(each.alternatives[0].transcript, each.is_final) for each in told] == [("alf ", False), ("alfa ", True)]
    assert (told[0].stability, told[1].stability) == (0.5, 0.0)
    assert {answer.id.value for answer in answers} == {"r1"}
    assert trailers["parley-model"] == "echo@1"
    config = core.asked[0].config
    assert (config.asr.language, config.asr.interim_results, config.format.sample_rate_hz) == ("en-US", True, 16_000)


async def test_what_did_not_go_as_asked_is_in_the_trailers(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """A lost diarizer costs the speakers, and is said."""
    core.answers = [PipelineResponse(notice={"stage": "diarize", "reason": "UNAVAILABLE"}), final("alfa")]
    answers, trailers = await _stream(channel, CONFIG, SOUND)
    assert (len(answers), trailers["parley-notices"]) == (1, "diarize UNAVAILABLE")


async def test_a_stream_that_another_replica_takes_over_goes_on(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """Nobody hangs up for what is mended already; the trailers tell."""
    replaced = {"stage": "asr", "reason": "UNAVAILABLE", "interval": {"start": {"seconds": 1}}}
    core.answers = [PipelineResponse(notice=replaced), final("alfa")]
    answers, trailers = await _stream(channel, CONFIG, SOUND)
    assert (len(answers), trailers["parley-notices"]) == (1, "asr UNAVAILABLE")


async def test_a_stream_without_words_to_come_does_not_go_quiet(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """Riva has no notices: a lost recogniser is an error there."""
    core.answers = [PipelineResponse(notice={"stage": "asr", "reason": "CIRCUIT_OPEN", "message": "No more words."})]
    assert await _refused(channel, CONFIG, SOUND) == ("UNAVAILABLE", "No more words.")


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        ((), "begins with its streaming_config"),
        ((SOUND,), "begins with its streaming_config"),
        ((CONFIG, CONFIG), "one config"),
        ((CONFIG, asr.StreamingRecognizeRequest(runtime_config={"a": "b"})), "audio_content"),
    ],
)
async def test_a_stream_out_of_order_is_told_so(
    channel: grpc.aio.Channel, requests: tuple[asr.StreamingRecognizeRequest, ...], said: str
) -> None:
    """The order is part of the contract."""
    code, words = await _refused(channel, *requests)
    assert (code, said in words) == ("INVALID_ARGUMENT", True)


async def test_what_the_core_refuses_is_a_status(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """Full is RESOURCE_EXHAUSTED."""
    core.error = Overloaded("full", retry_s=1)
    assert await _refused(channel, CONFIG) == ("RESOURCE_EXHAUSTED", "full")


async def test_a_lost_translator_is_an_error(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """The source text must not pass for its translation."""
    core.answers = [final("alfa"), PipelineResponse(notice={"stage": "translate", "reason": "UNAVAILABLE"})]
    config: dict[str, Any] = {"asr_config": {"config": PCM}, "translation_config": {"target_language_code": "de"}}
    first = nmt.StreamingTranslateSpeechToTextRequest(config=config)
    method: Any = channel.stream_stream(f"/{server.NMT}/StreamingTranslateSpeechToText")
    with pytest.raises(grpc.aio.AioRpcError, match="UNAVAILABLE"):
        [answer async for answer in method(iter([first.SerializeToString()]))]


def test_what_is_not_done_is_refused() -> None:
    """A mask that is not there must not be believed in."""
    with pytest.raises(FieldInvalid, match="profanity_filter"):
        recognition.asked(asr.RecognitionConfig(profanity_filter=True), "")


def test_a_channel_of_its_own_is_a_speaker() -> None:
    """Who asks for both gets tags from the channels."""
    both = asr.RecognitionConfig(enable_separate_recognition_per_channel=True)
    both.diarization_config.enable_speaker_diarization = True
    told = recognition.asked(both, "")
    assert (told.per_channel, told.HasField("diarize"), told.asr.word_times) == (True, False, True)


def test_boosted_words_are_hints_and_any_language_is_none() -> None:
    """Riva's clients send both whatever the model is."""
    config = asr.RecognitionConfig(language_code="multi", speech_contexts=[{"phrases": ["Parley"], "boost": 4.0}])
    told = recognition.asked(config, "").asr
    assert (list(told.phrases), told.hints_only, told.language) == (["Parley"], True, "")


def test_endpointing_is_translated_only_where_it_is_said() -> None:
    """-1 and 0 mean the server's own."""
    told = recognition.asked(asr.RecognitionConfig(endpointing_config={"stop_history": 320, "start_history": -1}), "")
    assert told.asr.endpointing.stop_silence.ToMilliseconds() == 320
    assert not told.asr.endpointing.HasField("start_speech")
    told = recognition.asked(
        asr.RecognitionConfig(endpointing_config={"start_history": 300, "start_threshold": 0.5}), ""
    )
    assert told.asr.endpointing.start_speech.ToMilliseconds() == 150


@pytest.mark.parametrize(
    ("config", "encoding"),
    [
        ({}, None),
        ({"encoding": "FLAC", "sample_rate_hertz": 16_000}, None),
        ({"encoding": "ALAW"}, AudioEncoding.AUDIO_ENCODING_ALAW),
        ({"sample_rate_hertz": 16_000}, AudioEncoding.AUDIO_ENCODING_PCM_S16LE),
    ],
)
def test_only_a_file_needs_no_format(config: dict[str, Any], encoding: AudioEncoding | None) -> None:
    """Bare samples have one by what is declared."""
    form = recognition.form(asr.RecognitionConfig(**config))
    assert (form and form.encoding) == encoding


@pytest.mark.parametrize("config", [{"encoding": 9}, {"encoding": "LINEAR_PCM", "sample_rate_hertz": -1}])
def test_a_format_that_cannot_be_is_refused(config: dict[str, Any]) -> None:
    """Not an overflow somewhere behind."""
    with pytest.raises(UnsupportedFormat):
        recognition.form(asr.RecognitionConfig(**config))


def test_phrases_come_one_by_one_or_joined_by_commas() -> None:
    """Nothing after ## keeps a phrase; white space and empty entries do not count."""
    told = [(each.source, each.target) for each in glossary(["Ann##, Bob##Rob", "Eve", "##x", ""])]
    assert told == [("Ann", ""), ("Bob", "Rob"), ("Eve", "")]


async def test_a_made_up_model_is_refused_and_a_known_one_is_ours(channel: grpc.aio.Channel, core: FakeCore) -> None:
    """Names of Riva's own models mean the default; one that nobody gave is NOT_FOUND with the nearest."""
    core.answers = [final("alfa")]
    named = {"config": PCM | {"model": "parakeet-1.1b-en-US-asr-streaming"}}
    _, trailers = await _stream(channel, asr.StreamingRecognizeRequest(streaming_config=named), SOUND)
    assert trailers["parley-model"] == "echo@1"
    assert dict(core.asked[0].config.models) == {}
    wrong = asr.StreamingRecognizeRequest(streaming_config={"config": PCM | {"model": "wisper-1"}})
    code, details = await _refused(channel, wrong)
    assert (code, "did you mean `whisper-1`?" in details) == ("NOT_FOUND", True)
