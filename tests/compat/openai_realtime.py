"""What the Realtime client of the real `openai` package gets, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.openai_realtime URL FOLDER; in it one talk as talk.pcm (24 kHz), talk.pcmu and talk.pcma
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from openai import OpenAI

COMPLETED = "conversation.item.input_audio_transcription.completed"
VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 600, "silence_duration_ms": 350}
LAST = (COMPLETED, "error")


def asked(client: Any, folder: Path) -> dict[str, Any]:
    """Every way of talking; each gives the events that came, as the package parsed them."""
    connect, transcription = client.realtime.connect, {"intent": "transcription"}
    pcm, telephone = (folder / "talk.pcm").read_bytes(), {kind: folder / f"talk.{kind}" for kind in ("pcmu", "pcma")}
    told = {}
    with connect(extra_query=transcription) as patient:
        told["patient"] = _until(patient, "session.created")
        patient.session.update(session=_session({"type": "audio/pcm", "rate": 24000}, VAD))
        told["patient"] += _until(patient, "session.updated") + _heard(patient, pcm, 2400, 2)
    with connect(model="asr/default", extra_query=transcription) as hasty:
        hasty.session.update(session=_session({"type": "audio/pcm", "rate": 24000}, VAD))
        told["hasty"] = _heard(hasty, pcm, 2400, 2)
    for kind, file in telephone.items():
        with connect(extra_query=transcription) as caller:
            caller.session.update(session=_session({"type": f"audio/{kind}"}, VAD))
            told[kind] = _heard(caller, file.read_bytes(), 400, 2)
    with connect(extra_query=transcription) as handy:
        handy.session.update(session=_session({"type": "audio/pcm", "rate": 24000}, None))
        handy.input_audio_buffer.commit()
        told["empty"] = _until(handy, "error")
        _send(handy, pcm, 2400)
        handy.input_audio_buffer.commit()
        told["by_hand"] = _until(handy, *LAST)
    # The package's older half takes wss unless told otherwise.
    older = client.with_options(websocket_base_url=str(client.base_url).replace("http", "ws", 1))
    with older.beta.realtime.connect(model="whisper-1", extra_query=transcription) as old:
        session = {"input_audio_format": "g711_ulaw", "turn_detection": VAD, "input_audio_transcription": {}}
        old.transcription_session.update(session=session)
        told["beta"] = _heard(old, telephone["pcmu"].read_bytes(), 400, 2)
    return told


def _session(form: dict[str, Any], turns: dict[str, Any] | None) -> dict[str, Any]:
    heard = {"model": "gpt-4o-transcribe", "language": "en"}
    return {
        "type": "transcription",
        "audio": {"input": {"format": form, "transcription": heard, "turn_detection": turns}},
    }


def _send(connection: Any, sound: bytes, size: int) -> None:
    for at in range(0, len(sound), size):
        connection.input_audio_buffer.append(audio=base64.b64encode(sound[at : at + size]).decode())


def _heard(connection: Any, sound: bytes, size: int, turns: int) -> list[dict[str, Any]]:
    _send(connection, sound, size)
    return [event for _ in range(turns) for event in _until(connection, *LAST)]


def _until(connection: Any, *kinds: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in kinds:
        events.append(connection.recv().model_dump(exclude_none=True))
    return events


if __name__ == "__main__":
    with OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=30) as client:
        print(json.dumps(asked(client, Path(sys.argv[2]))))
