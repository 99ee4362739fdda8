"""What the real `deepgram-sdk` gets, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.deepgram_sdk HOST:PORT FOLDER; in it one talk as talk.pcm (16 kHz), talk.ogg and talk.wav, and
call.pcm of two channels
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core import ApiError
from websockets.exceptions import InvalidStatus

CHUNK = 1600  # 50 ms, as LiveKit sends it
RAW = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000"}


def asked(client: Any, folder: Path) -> dict[str, Any]:
    """Every way of use; each gives what came, as the package parsed it."""
    connect, pcm = client.listen.v1.connect, (folder / "talk.pcm").read_bytes()
    told = {}
    everything = {"interim_results": "true", "vad_events": "true", "utterance_end_ms": "1000", "punctuate": "true"}
    with connect(**RAW, **everything, language="en-US", keyterm=["alfa", "bravo"]) as live:
        _send(live, pcm, pause_s=0.02)  # else nobody has time for interims
        live.send_close_stream()
        told["live"] = [each.dict() for each in live]
    with connect(**RAW, diarize="true") as live:
        live.send_keep_alive()
        _send(live, pcm[: 2 * 16_000])
        live.send_finalize()
        first = _until_finalized(live)
        live.send_finalize()
        second = _until_finalized(live)
        _send(live, pcm[2 * 16_000 :])
        live.send_close_stream()
        told["finalized"] = [first, second, [each.dict() for each in live]]
    with connect(model="nova-3") as live:
        _send(live, (folder / "talk.ogg").read_bytes())
        live.send_close_stream()
        told["ogg"] = [each.dict() for each in live]
    with connect(**RAW, channels="2", multichannel="true") as live:
        call = (folder / "call.pcm").read_bytes()
        _send(live, call[: 4 * 16_000])
        live.send_finalize()
        _send(live, call[4 * 16_000 :])
        live.send_close_stream()
        told["call"] = [each.dict() for each in live]
    return told | _recorded(client, folder) | {"refused": _refused(client)}


def _recorded(client: Any, folder: Path) -> dict[str, Any]:
    transcribe = client.listen.v1.media.transcribe_file
    talk = (folder / "talk.wav").read_bytes()
    heard = transcribe(request=talk, model="nova-3", punctuate=True, utterances=True, diarize=True)
    return {"recorded": heard.dict() | {"class": type(heard).__name__}}


def _refused(client: Any) -> list[dict[str, Any]]:
    def junk() -> None:
        client.listen.v1.media.transcribe_file(request=b"junk", model="nova-3")

    def encoding() -> None:
        with client.listen.v1.connect(model="nova-3", encoding="speex", sample_rate="16000"):
            pass

    return [_error(junk), _error(encoding)]


def _error(call: Callable[[], None]) -> dict[str, Any]:
    try:
        call()
    except ApiError as error:
        return {"class": type(error).__name__, "status": error.status_code, "body": error.body}
    except InvalidStatus as error:  # what the package lets through depends on the version of its library
        return {"status": error.response.status_code, "body": json.loads(error.response.body)}
    return {}


def _send(live: Any, sound: bytes, pause_s: float = 0.0) -> None:
    for at in range(0, len(sound), CHUNK):
        live.send_media(sound[at : at + CHUNK])
        time.sleep(pause_s)


def _until_finalized(live: Any) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    while not heard or not heard[-1].get("from_finalize"):
        heard.append(live.recv().dict())
    return heard


if __name__ == "__main__":
    http, ws = f"http://{sys.argv[1]}", f"ws://{sys.argv[1]}"
    here = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
    print(json.dumps(asked(DeepgramClient(api_key="none", environment=here), Path(sys.argv[2])), default=str))
