import asyncio
import json
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.apis.app import app
from gateway.config import CacheConfig, Limits
from gateway.core import Core
from parley.audio import media
from parley.errors import BadInput, CircuitOpen, DeadlinePassed, Overloaded, UnknownModel
from parley.v1.audio_pb2 import Interval
from parley.v1.diarize_pb2 import DiarizeResponse, Revision, Turn
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.fakes import PATIENCE_S
from tests.gateway.conftest import FakeCore, final, tone

TRANSCRIBE = "/v1/audio/transcriptions"
WHISPER = {"model": "whisper-1"}


def test_transcript_of_a_file_is_its_finals_joined_by_a_space(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """A transcription says every final once, in order, and which model served."""
    core.answers = [final(" alfa bravo "), final("charlie", 1000, 2500)]
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER)
    assert answer.status_code == 200
    assert answer.json() == {"text": "alfa bravo charlie", "usage": {"type": "duration", "seconds": 3}}
    assert answer.headers["parley-model"] == "echo@1"


def test_what_did_not_go_as_asked_is_said(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """A notice of the pipeline is a header of the answer."""
    core.answers = [final("alfa"), PipelineResponse(notice={"stage": "diarize", "reason": "UNAVAILABLE"})]
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER)
    assert (answer.status_code, answer.headers["parley-notices"]) == (200, "diarize UNAVAILABLE")


def test_a_file_is_fed_by_the_second_at_its_own_rate(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """The core gets the config first, then pieces of at most a second, and every sample of the file."""
    client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER)
    first, *pieces = core.asked
    assert first.config.format.sample_rate_hz == 8000
    assert [len(piece.audio.data) for piece in pieces] == [16000, 16000, 8000]


def test_only_our_own_model_names_choose_a_model(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """whisper-1 means the default; name@version and asr/alias reach the router."""
    for name in ("whisper-1", "echo@1", "asr/fast"):
        client.post(TRANSCRIBE, files={"file": talk}, data={"model": name})
    configs = [request.config for request in core.asked if request.HasField("config")]
    assert [dict(config.models) for config in configs] == [{}, {"asr": "echo@1"}, {"asr": "asr/fast"}]


def test_the_caller_is_who_the_headers_say(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """Trace and session travel on, for routes may go by any header; a cookie does not."""
    told = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "parley-session": "s1", "cookie": "secret=1"}
    client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER, headers=told)
    assert core.caller is not None
    assert told.keys() & set(core.caller.metadata) == {"traceparent", "parley-session"}
    assert 0 < core.caller.budget.left <= 5.0


@pytest.mark.parametrize(
    ("data", "param"),
    [
        ({}, "model"),
        (WHISPER | {"response_format": "yaml"}, "response_format"),
        (WHISPER | {"temperature": "hot"}, "temperature"),
        (WHISPER | {"temperature": "nan"}, "temperature"),
        (WHISPER | {"timestamp_granularities": "letter"}, "timestamp_granularities"),
        (WHISPER | {"stream": "true", "response_format": "srt"}, "stream"),
        (WHISPER | {"stream": "perhaps"}, "stream"),
        ({"model": ["a", "b"]}, "model"),
    ],
)
def test_a_wrong_field_is_named_in_openais_shape(
    client: TestClient, talk: bytes, data: dict[str, Any], param: str
) -> None:
    """The caller's own client raises its own error, and that names the field."""
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=data)
    assert answer.status_code == 400
    told = answer.json()["error"]
    assert told["param"] == param
    assert told["type"] == "invalid_request_error"
    assert param in told["message"]


def test_a_missing_file_is_named(client: TestClient) -> None:
    """Without a recording there is nothing to do."""
    answer = client.post(TRANSCRIBE, data=WHISPER)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


@pytest.mark.parametrize("junk", [b"", b"hello", b"RIFF\xff\xff\xff\xffWAVEfmt "])
def test_a_file_that_is_no_audio_is_the_callers_fault(client: TestClient, core: FakeCore, junk: bytes) -> None:
    """Garbage is a 400 and never reaches the core."""
    answer = client.post(TRANSCRIBE, files={"file": junk}, data=WHISPER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "undecodable_media")
    assert not core.asked


def test_a_recording_that_plays_too_long_is_refused(client: TestClient) -> None:
    """The limit is on what is decoded, not only on bytes."""
    answer = client.post(TRANSCRIBE, files={"file": tone(11)}, data=WHISPER)
    assert answer.status_code == 400
    assert "longer than 10 s" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (BadInput("no"), 400, None),
        (UnknownModel("no"), 404, None),
        (Overloaded("no", retry_s=1.2), 429, "2"),
        (CircuitOpen("no"), 503, "1"),
        (DeadlinePassed("no"), 504, None),
    ],
)
def test_every_error_has_its_status(
    client: TestClient, core: FakeCore, talk: bytes, error: Exception, status: int, retry: str | None
) -> None:
    """What the core raises is what HTTP says, in our shape on our own API."""
    core.error = error
    answer = client.post("/v1/audio/denoise", files={"file": talk})
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == retry
    assert answer.json()["error"]["message"] == "no"


def test_an_unexpected_error_gives_an_id_and_no_secret(
    client: TestClient, core: FakeCore, talk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback under the id that the caller gets."""
    core.error = RuntimeError("the password is 123")
    answer = client.post("/v1/audio/denoise", files={"file": talk})
    told = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (500, "INTERNAL")
    assert "password" not in answer.text
    assert told["report"] in caplog.text


def test_denoise_gives_a_wav_at_the_rate_it_came_in(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """As many samples come back as went in."""
    answer = client.post("/v1/audio/denoise?attenuation_limit_db=12", files={"file": talk}, data={"model": "echo@1"})
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["parley-model"] == "echo@1"
    assert media.read(answer.content, 10) == media.read(talk, 10)
    assert (core.asked[0].config.attenuation_limit_db, core.model) == (12, "echo@1")


def test_denoise_gives_flac_where_that_is_wanted(client: TestClient, talk: bytes) -> None:
    """Smaller, and not a sample different."""
    answer = client.post("/v1/audio/denoise", files={"file": talk}, data={"response_format": "flac"})
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.content[:4] == b"fLaC"
    assert media.read(answer.content, 10) == media.read(talk, 10)


def test_a_raw_body_is_a_file_too(client: TestClient, talk: bytes) -> None:
    """`curl --data-binary @talk.wav -H content-type:audio/wav` needs no form."""
    answer = client.post("/v1/audio/denoise", content=talk, headers={"content-type": "audio/wav"})
    assert answer.status_code == 200


def _turn(number: str, speaker: str, start_ms: int, end_ms: int) -> Turn:
    interval = Interval()
    interval.start.FromMilliseconds(start_ms)
    interval.end.FromMilliseconds(end_ms)
    return Turn(id=number, speaker=speaker, interval=interval)


@pytest.fixture
def turns(core: FakeCore) -> None:
    first, second, third = _turn("t1", "1", 0, 900), _turn("t2", "2", 900, 1200), _turn("t3", "1", 1200, 2500)
    revision = Revision(turns=[_turn("t1", "Ann", 0, 1200)], withdrawn_ids=["t2"])
    core.answers = [DiarizeResponse(turn=turn) for turn in (third, first, second)] + [
        DiarizeResponse(revision=revision)
    ]


@pytest.mark.usefixtures("turns")
def test_diarize_tells_the_turns_that_hold_after_revisions(client: TestClient, talk: bytes) -> None:
    """A revised turn is told anew, a withdrawn one not at all, and they come in order."""
    answer = client.post("/v1/audio/diarize", files={"file": talk}).json()
    assert answer["model"] == "echo@1"
    assert [(turn["id"], turn["speaker"]) for turn in answer["turns"]] == [("t1", "Ann"), ("t3", "1")]
    assert answer["turns"][0]["interval"] == {"start": "0s", "end": "1.200s"}


@pytest.mark.usefixtures("turns")
def test_rttm_names_the_file_and_counts_seconds(client: TestClient, talk: bytes) -> None:
    """One SPEAKER line a turn, with start and duration."""
    data = {"response_format": "rttm"}
    answer = client.post("/v1/audio/diarize", files={"file": ("my talk.wav", talk)}, data=data)
    assert answer.text.splitlines()[0] == "SPEAKER my_talk 1 0.000 1.200 <NA> <NA> Ann <NA> <NA>"


def test_whole_revision_replaces_everything(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """After the second look only its turns hold."""
    whole = Revision(turns=[_turn("t9", "1", 0, 2500)], is_whole=True)
    core.answers = [DiarizeResponse(turn=_turn("t1", "1", 0, 900)), DiarizeResponse(revision=whole)]
    answer = client.post("/v1/audio/diarize", files={"file": talk}).json()
    assert [turn["id"] for turn in answer["turns"]] == ["t9"]


def test_models_and_languages_are_what_is_loaded(client: TestClient) -> None:
    """The lists come from the services, in the shape of the API they belong to."""
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["asr/default", "echo@1"]
    assert client.get("/languages").json()[0] == {"code": "de", "name": "German", "targets": ["en"]}


def test_the_process_is_alive_without_its_services(client: TestClient, core: FakeCore) -> None:
    """A lost upstream must not restart the gateway."""
    core.stages = {"asr": False}
    assert client.get("/healthz").json() == {"status": "ok"}


def test_an_unknown_path_and_method_are_told_in_our_shape(client: TestClient) -> None:
    """A wrong URL is answered with where to look."""
    assert client.get("/nope").json()["error"]["reason"] == "NO_SUCH_ROUTE"
    answer = client.get("/translate")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_plain_get_of_the_websocket_is_told_so(client: TestClient) -> None:
    """426, not a puzzle."""
    assert client.get("/v1/pipeline").status_code == 426


async def test_hanging_up_cancels_the_work(http_app: Starlette, core: FakeCore, talk: bytes) -> None:
    """A caller who leaves holds no stream."""
    core.hang = True
    body, hung_up = _multipart(talk), asyncio.Event()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None: ...

    call = asyncio.create_task(http_app(_scope(TRANSCRIBE), receive, cast(Any, send)))
    await asyncio.wait_for(core.opened.wait(), PATIENCE_S)
    hung_up.set()
    await asyncio.wait_for(call, PATIENCE_S)
    assert core.open == 0


async def test_work_that_takes_too_long_ends_with_its_budget(core: FakeCore, talk: bytes) -> None:
    """The answer is a 504 and the stream is released."""
    core.hang = True
    http_app = app(cast(Core, core), Limits(request_s=0.2), CacheConfig())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(http_app), base_url="http://parley") as client:
        answer = await client.post("/v1/audio/diarize", files={"file": talk})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "DEADLINE_EXCEEDED")
    assert core.open == 0


def _multipart(talk: bytes) -> bytes:
    parts = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
    return (
        parts
        + b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + talk
        + b"\r\n--x--\r\n"
    )


def _scope(path: str) -> dict[str, Any]:
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    return {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "app": None}


def test_answers_are_json_even_where_numbers_are_odd(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """A NaN from a model must not make an answer that no parser reads."""
    odd = final("alfa")
    odd.transcript.average_log_probability = float("nan")
    core.answers = [odd]
    answer = client.post(TRANSCRIBE, files={"file": talk}, data=WHISPER | {"response_format": "verbose_json"})
    told = json.loads(answer.text, parse_constant=lambda name: pytest.fail(name))
    assert told["segments"][0]["avg_logprob"] == 0.0
