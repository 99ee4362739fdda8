"""OpenAI's REST API: what is streamed, who is named, what becomes English."""

import asyncio
import base64
import json
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from parley.errors import BadInput, CircuitOpen
from parley.v1.asr_pb2 import Token
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from tests.fakes import PATIENCE_S
from tests.gateway.conftest import FakeCore, final, tone

TRANSCRIBE, TRANSLATE = "/v1/audio/transcriptions", "/v1/audio/translations"
WHISPER = {"model": "whisper-1"}
STREAM = WHISPER | {"stream": "true"}


def _events(body: str) -> list[dict[str, Any]]:
    """The data of every frame; a frame that is nothing else."""
    frames = body.removesuffix("\n\n").split("\n\n")
    assert all(frame.startswith("data: ") for frame in frames)
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def test_a_streamed_transcription_ends_with_its_one_done(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Deltas in order, then `done` with all of them, once and last."""
    core.answers = [final("alfa"), final("bravo", 1000, 2500)]
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["parley-model"] == "echo@1"
    assert _events(answer.text) == [
        {"type": "transcript.text.delta", "delta": "alfa"},
        {"type": "transcript.text.delta", "delta": " bravo"},
        {"type": "transcript.text.done", "text": "alfa bravo"},
    ]


def test_a_stream_that_cannot_begin_is_refused_with_its_status(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Nobody has to read a 200 to learn of a 503."""
    core.error = CircuitOpen("no")
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=STREAM)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "circuit_open")


def test_a_stream_that_breaks_says_so_and_is_never_done(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """OpenAI's client raises what stands under `error`."""

    async def answers(*_: object) -> Any:
        yield PipelineResponse(opened={})
        yield final("alfa")
        raise CircuitOpen("gone")

    core.pipeline = answers  # type: ignore[method-assign, assignment]
    events = _events(client.post(TRANSCRIBE, files={"file": talk}, data=STREAM).text)
    assert [event.get("type") for event in events] == ["transcript.text.delta", None]
    assert events[-1]["error"]["message"] == "gone"


@pytest.mark.parametrize("path", [TRANSCRIBE, TRANSLATE])
def test_half_of_the_words_are_not_passed_off_as_all(
    client: TestClient, core: FakeCore, talk: bytes, path: str
) -> None:
    """A recogniser that is lost for good is an error; one that another has replaced is not."""
    notice = {"stage": "asr", "reason": "UNAVAILABLE", "message": "No more words come."}
    core.answers = [final("alfa"), PipelineResponse(notice=notice)]
    answer = client.post(path, files={"file": talk}, data=WHISPER)
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "No more words come.")
    core.answers = [PipelineResponse(notice=notice | {"interval": {"start": {"seconds": 1}}}), final("alfa")]
    assert client.post(path, files={"file": talk}, data=WHISPER).json()["text"] == "alfa"


async def test_hanging_up_ends_a_stream(http_app: Starlette, core: FakeCore) -> None:
    """A caller who leaves in the middle holds nothing."""
    core.hang = True
    hung_up, sent = asyncio.Event(), []
    body = _multipart(STREAM, tone(0.5))
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    scope = {"type": "http", "method": "POST", "path": TRANSCRIBE, "query_string": b"", "headers": headers}
    call = asyncio.create_task(http_app(scope, receive, cast(Any, send)))
    await asyncio.wait_for(core.opened.wait(), PATIENCE_S)
    hung_up.set()
    await asyncio.wait_for(call, PATIENCE_S)
    assert sent[0]["status"] == 200
    assert core.open == 0


def _multipart(fields: dict[str, str], file: bytes) -> bytes:
    name = b'--x\r\ncontent-disposition: form-data; name="%s"'
    texts = b"".join(name % key.encode() + b"\r\n\r\n" + value.encode() + b"\r\n" for key, value in fields.items())
    return texts + name % b"file" + b'; filename="a.wav"\r\n\r\n' + file + b"\r\n--x--\r\n"


def test_channels_stay_apart_where_they_are_to(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Both reach the pipeline, and what it says of them is told in the order of the recording."""
    stereo = talk[:22] + b"\2\0" + talk[24:32] + b"\4\0" + talk[34:]
    core.answers = [final("bravo", 1000, 1200), final("alfa", 500, 1500)]
    answer = client.post(TRANSCRIBE, files={"file": stereo}, data=WHISPER | {"per_channel": "true"})
    config = core.asked[0].config
    assert (config.per_channel, config.format.channels, answer.json()["text"]) == (True, 2, "alfa bravo")
    assert sum(len(request.audio.data) for request in core.asked) == len(talk) - 44
    assert answer.json()["usage"]["seconds"] == 2


def test_known_voices_are_enrolled_at_the_recordings_rate(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Whatever rate a voice was recorded at, the stage gets it in its stream's format."""
    url = f"data:audio/wav;base64,{base64.b64encode(tone(2.0, 16_000)).decode()}"
    known = {"known_speaker_names[]": "Ann", "known_speaker_references[]": url}
    client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER | {"response_format": "diarized_json"} | known)
    (enrolled,) = core.asked[0].config.diarize.enrolments
    assert (enrolled.name, len(enrolled.audio)) == ("Ann", 2 * 2 * 8000)


def test_the_last_revision_decides_who_spoke(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Words that were said before a revision get its speaker."""
    told = final("alfa", 0, 1000, ("alfa",))
    told.transcript.speaker = told.transcript.words[0].speaker = "1"
    turn = {"id": "t1", "speaker": "2", "interval": told.transcript.interval}
    core.answers = [told, PipelineResponse(revision={"turns": [turn], "is_whole": True})]
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER | {"response_format": "diarized_json"})
    assert [segment["speaker"] for segment in answer.json()["segments"]] == ["B"]


def test_english_is_not_translated_into_english(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """What was said in English comes back as it was said, and no translator is asked."""
    core.answers = [final("alfa"), final("bravo")]
    answer = client.post(TRANSLATE, files={"file": talk}, data=WHISPER)
    assert answer.json()["text"] == "alfa bravo"
    assert not any(request.DESCRIPTOR.name == "TranslateRequest" for request in core.asked)


@pytest.mark.parametrize("shape", ["json", "text", "srt", "vtt", "verbose_json"])
def test_other_languages_become_english_final_by_final(
    client: TestClient, core: FakeCore, talk: bytes, shape: str
) -> None:
    """Every shape says the translation, and segments keep their times."""
    core.answers = [final("guten tag"), final("auf wiedersehen", 1000, 2500)]
    for each in core.answers:
        each.transcript.language = "de-DE"
    answer = client.post(TRANSLATE, files={"file": talk}, data=WHISPER | {"response_format": shape})
    assert "GUTEN TAG" in answer.text
    assert "wiedersehen" not in answer.text
    config, *texts = (request for request in core.asked if request.DESCRIPTOR.name == "TranslateRequest")
    assert (config.config.source_language, config.config.target_language) == ("", "en")
    assert [each.text.language for each in texts if each.HasField("text")] == ["de-DE", "de-DE"]
    if shape == "verbose_json":
        told = answer.json()
        assert (told["task"], told["language"], told["segments"][1]["start"]) == ("translate", "en", 1.0)


def test_a_language_that_no_translator_knows_is_an_honest_error(
    client: TestClient, core: FakeCore, talk: bytes
) -> None:
    """The original is never passed off as English."""
    told = final("saluton")
    told.transcript.language = "eo"
    core.answers = [told]
    core.errors = {"translate": BadInput("opus@1 does not know the language 'eo'; it knows de, en.")}
    answer = client.post(TRANSLATE, files={"file": talk}, data=WHISPER)
    assert answer.status_code == 400
    assert "'eo'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("data", [{"response_format": "diarized_json"}, {"model": ""}])
def test_a_translation_that_is_not_offered_is_refused(client: TestClient, talk: bytes, data: dict[str, str]) -> None:
    """OpenAI has no diarized translation either."""
    assert client.post(TRANSLATE, files={"file": talk}, data=WHISPER | data).status_code == 400


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/audio/translations"])
@pytest.mark.parametrize(
    ("data", "status", "told"),
    [
        ({"model": "wisper-1"}, 404, "There is no asr model 'wisper-1'; did you mean `whisper-1`?"),
        (
            WHISPER | {"responce_format": "srt"},
            400,
            "no field `responce_format`; did you mean `response_format`?",
        ),
        (WHISPER | {"vad_filter": "true"}, 400, "There is no field `vad_filter`; known here: file, model, "),
    ],
)
def test_a_mistyped_wish_is_told_the_right_one(
    client: TestClient, core: FakeCore, talk: bytes, path: str, data: dict[str, str], status: int, told: str
) -> None:
    """OpenAI refuses both; another model's words, or another format, would look as if they were what was asked."""
    answer = client.post(path, files={"file": talk}, data=data)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")
    assert told in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == ("model_not_found" if status == 404 else "field_invalid")
    assert not core.asked


def test_what_openais_own_clients_send_is_taken(client: TestClient, talk: bytes) -> None:
    """Every field of their current library, whether we heed it or not."""
    every = {"temperature": "0", "chunking_strategy[type]": "server_vad", "include[]": "logprobs", "languages[]": "en"}
    every |= {"keywords[]": "Parley", "language": "en", "prompt": "So far"}
    assert client.post("/v1/audio/transcriptions", files={"file": talk}, data=WHISPER | every).status_code == 200


@pytest.mark.parametrize("stage", ["denoise", "diarize"])
def test_our_own_api_refuses_unknown_fields_too(client: TestClient, talk: bytes, stage: str) -> None:
    """Nearest first."""
    answer = client.post(f"/v1/audio/{stage}", files={"file": talk}, data={"modle": "echo@1"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "FIELD_INVALID")
    assert "did you mean `model`?" in answer.json()["error"]["message"]


def _asked(core: FakeCore) -> PipelineConfig:
    """What the last pipeline was."""
    return [asked.config for asked in core.asked if isinstance(asked, PipelineRequest) and asked.HasField("config")][-1]


def test_a_file_is_a_recording(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """It is there at once, so it is heard in windows; it is cut into sentences where the shape shows them."""
    for shape, timed in (("json", False), ("text", False), ("srt", True), ("vtt", True), ("verbose_json", True)):
        for path in (TRANSCRIBE, TRANSLATE):
            assert client.post(path, files={"file": talk}, data=WHISPER | {"response_format": shape}).status_code == 200
            asr = _asked(core).asr
            assert (asr.recording, asr.word_times, asr.tokens, asr.interim_results) == (True, timed, False, False)


def test_a_file_is_sent_no_finer_than_it_is_heard(client: TestClient, core: FakeCore) -> None:
    """48 kHz cost three times as much on the way to the recogniser and three times the room for a replay."""
    for rate_hz, sent in ((48_000, 16_000), (16_000, 16_000), (8000, 8000)):
        client.post(TRANSCRIBE, files={"file": tone(0.5, rate_hz)}, data=WHISPER)
        assert _asked(core).format.sample_rate_hz == sent


SURE = [{"text": b" al", "log_probability": -0.25}, {"text": b"fa", "log_probability": -0.5}]
TOLD = [
    {"token": " al", "bytes": [32, 97, 108], "logprob": -0.25},
    {"token": "fa", "bytes": [102, 97], "logprob": -0.5},
]
INCLUDE = WHISPER | {"include[]": "logprobs"}


def test_logprobs_are_told_where_asked_for(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Each token with its bytes and its logarithm, in the answer, in each delta and at the end."""
    heard = final("alfa")
    heard.transcript.tokens.extend(Token(**token) for token in SURE)  # type: ignore[arg-type]
    core.answers = [heard]
    assert client.post(TRANSCRIBE, files={"file": talk}, data=INCLUDE).json()["logprobs"] == TOLD
    assert _asked(core).asr.tokens
    events = _events(client.post(TRANSCRIBE, files={"file": talk}, data=INCLUDE | {"stream": "true"}).text)
    assert [event["logprobs"] for event in events] == [TOLD, TOLD]
    core.answers = [final("alfa")]
    assert "logprobs" not in client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER).json()


@pytest.mark.parametrize("wrong", [{"include[]": "sources"}, {"include": "logprobs", "response_format": "srt"}])
def test_what_cannot_be_included_is_refused(client: TestClient, talk: bytes, wrong: dict[str, str]) -> None:
    """Not silently left out."""
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER | wrong)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "include")


@pytest.mark.parametrize(
    ("asked", "told"),
    [(["word"], {"words"}), (["segment"], {"segments"}), (["word", "segment"], {"words", "segments"})],
)
def test_granularities_are_those_asked_for(
    client: TestClient, core: FakeCore, talk: bytes, asked: list[str], told: set[str]
) -> None:
    """Words, segments, or both; nothing else."""
    core.answers = [final("alfa bravo", 250, 1000)]
    form = WHISPER | {"response_format": "verbose_json", "timestamp_granularities[]": asked}
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=form).json()
    assert {"words", "segments"} & set(answer) == told
    if "segments" in told:
        (segment,) = answer["segments"]
        assert (segment["start"], segment["end"], segment["text"]) == (0.25, 1.0, "alfa bravo")
