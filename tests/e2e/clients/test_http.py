"""The HTTP face of real processes."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from parley.audio import media
from tests.e2e.cluster import STAGES, Cluster
from tests.gateway.conftest import tone
from tests.waiting import until_now

CONFIG = {"format": {"sample_rate_hz": 8000}, "asr": {}, "denoise": {}, "diarize": {}}
SPEAK = CONFIG | {"translate": [{"source_language": "en", "target_language": "de"}]}


@pytest.fixture
def client(cluster: Cluster) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{cluster.http}", timeout=20) as client:
        yield client


TALK = tone(2.5)


def test_a_recording_becomes_words(client: httpx.Client) -> None:
    """The same file gives the same words in every format, and the model is named."""
    told = [
        client.post(
            "/v1/audio/transcriptions",
            files={"file": ("talk.wav", TALK)},
            data={"model": "whisper-1", "response_format": shape},
        )
        for shape in ("json", "text", "srt", "vtt", "verbose_json")
    ]
    words = told[0].json()["text"]
    assert len(words.split()) == 5
    assert all(words in answer.text for answer in told)
    assert all(answer.headers["parley-model"] == "echo@1" for answer in told)


def test_the_same_again_is_a_hit(client: httpx.Client) -> None:
    """A second upload of one recording is answered from what was kept; asked of another model it is not."""
    told = [
        client.post("/v1/audio/transcriptions", files={"file": ("again.wav", TALK)}, data={"model": model})
        for model in ("whisper-1", "whisper-1", "echo@1")
    ]
    assert [answer.headers["parley-cache"] for answer in told] == ["miss", "hit", "miss"]
    assert told[0].json() == told[1].json() == told[2].json()


def test_a_recording_becomes_clean(client: httpx.Client) -> None:
    """As many samples as went in, at their rate."""
    answer = client.post("/v1/audio/denoise", files={"file": TALK})
    cleaned, raw = media.read(answer.content, 10), media.read(TALK, 10)
    assert (cleaned.rate_hz, len(cleaned.data)) == (raw.rate_hz, len(raw.data))


def test_a_recording_becomes_turns(client: httpx.Client) -> None:
    """One tone is one speaker."""
    turns = client.post("/v1/audio/diarize", files={"file": TALK}).json()["turns"]
    assert [turn["speaker"] for turn in turns] == ["1"]


def test_text_becomes_text(client: httpx.Client) -> None:
    """White space and all, several texts at once."""
    texts = ["Good morning. How are you?", "", "  two\n lines "]
    answer = client.post("/translate", json={"q": texts, "source": "en", "target": "de"})
    assert answer.json() == {"translatedText": texts}


def test_a_model_that_is_not_there_is_a_404(client: httpx.Client) -> None:
    """In the shape of the API, with what there is."""
    data = {"model": "nope@3"}
    answer = client.post("/v1/audio/transcriptions", files={"file": TALK}, data=data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    answer = client.post("/v1/audio/denoise", files={"file": TALK}, data=data)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (404, "MODEL_NOT_FOUND")


def test_an_upload_that_is_too_large_is_a_413_before_it_is_sent(cluster: Cluster) -> None:
    """The length alone is enough; who waits for the answer sends nothing."""
    sender = http.client.HTTPConnection(cluster.http, timeout=10)
    sender.putrequest("POST", "/v1/audio/denoise")
    sender.putheader("content-type", "audio/wav")
    sender.putheader("content-length", str(200 << 20))
    sender.endheaders()
    answer = sender.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["reason"]) == (413, "UPLOAD_TOO_LARGE")
    sender.close()


def test_models_status_and_metrics(client: httpx.Client) -> None:
    """What runs can be seen."""
    assert {"asr/default", "echo@1"} <= {model["id"] for model in client.get("/v1/models").json()["data"]}
    assert set(client.get("/v1/status").json()["stages"]) == set(STAGES)
    assert "# HELP" in client.get("/metrics").text
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 200


def _talk(cluster: Cluster) -> Connection:
    return connect(f"ws://{cluster.http}/v1/pipeline")


def _events(speaking: Connection) -> tuple[list[dict[str, Any]], bytes]:
    """Everything until the close."""
    events, sound = [], b""
    for frame in speaking:
        if isinstance(frame, bytes):
            sound += frame
        else:
            events.append(json.loads(frame))
    return events, sound


def test_a_live_pipeline_over_a_websocket(cluster: Cluster) -> None:
    """Words, turns, translations and cleaned audio of one stream; as much audio back as went in."""
    with _talk(cluster) as speaking:
        speaking.send(json.dumps(SPEAK))
        pcm = media.read(TALK, 10).data
        for at in range(0, len(pcm), 1600):
            speaking.send(pcm[at : at + 1600])
        speaking.send('{"control": "end"}')
        events, sound = _events(speaking)
        assert speaking.close_code == 1000
    kinds = [event["type"] for event in events]
    assert kinds[0] == "opened"
    assert {"transcript", "turn", "translation"} <= set(kinds)
    assert events[0]["models"] == dict.fromkeys(STAGES, "echo@1")
    assert len(sound) == len(pcm)
    finals = [event["text"] for event in events if event["type"] == "transcript" and event["is_final"]]
    assert finals == [event["source_text"] for event in events if event["type"] == "translation"]


@pytest.mark.parametrize(
    ("frames", "reason", "close"),
    [
        (["hello"], "INVALID_ARGUMENT", 1008),
        ([bytes(320)], "CONFIG_EXPECTED", 1008),
        (["{}"], "INVALID_ARGUMENT", 1008),
        ([json.dumps(CONFIG), bytes(321)], "PARTIAL_SAMPLE", 1008),
        ([json.dumps(CONFIG), json.dumps(CONFIG)], "CONFIG_REPEATED", 1008),
        ([json.dumps(CONFIG | {"models": {"asr": "nope@1"}})], "MODEL_NOT_FOUND", 1008),
        ([json.dumps(CONFIG | {"format": {"sample_rate_hz": 1}})], "UNSUPPORTED_FORMAT", 1008),
    ],
)
def test_bad_frames_are_told_and_closed(cluster: Cluster, frames: list[str | bytes], reason: str, close: int) -> None:
    """Never a dropped connection without a reason."""
    with _talk(cluster) as speaking:
        for frame in frames:
            speaking.send(frame)
        events, _ = _events_until_error(speaking)
    assert (events[-1]["type"], events[-1]["reason"], speaking.close_code) == ("error", reason, close)


def _events_until_error(speaking: Connection) -> tuple[list[dict[str, Any]], bytes]:
    events: list[dict[str, Any]] = []
    try:
        while True:
            frame = speaking.recv(10)
            events += [] if isinstance(frame, bytes) else [json.loads(frame)]
    except ConnectionClosed:
        return events, b""


def _streams(client: httpx.Client) -> int:
    return int(client.get("/v1/status").json()["streams"])


def test_hanging_up_releases_every_stream(cluster: Cluster, client: httpx.Client) -> None:
    """Ten callers who vanish without a word leave nothing behind."""
    with ExitStack() as stack:
        callers = [stack.enter_context(_talk(cluster)) for _ in range(10)]
        for speaking in callers:
            speaking.send(json.dumps(CONFIG))
            assert json.loads(speaking.recv(10))["type"] == "opened"
            speaking.send(bytes(1600))
        assert _streams(client) == 30  # a stream of each stage
        for speaking in callers:
            speaking.socket.shutdown(socket.SHUT_RDWR)
        until_now(lambda: _streams(client) == 0)


def test_a_lost_stage_is_named_and_comes_back(cluster: Cluster, client: httpx.Client) -> None:
    """Its endpoint says 503 with Retry-After, /readyz says which, the others work on."""
    cluster.kill("denoise")
    unheard = {"file": tone(1.5)}  # what was heard before would be answered from what was kept
    answer = client.post("/v1/audio/denoise", files=unheard)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (503, ["denoise"])
    assert client.post("/v1/audio/diarize", files={"file": TALK}).status_code == 200
    cluster.start_service("denoise")
    until_now(lambda: client.post("/v1/audio/denoise", files=unheard).status_code == 200)
