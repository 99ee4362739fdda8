"""What a translation session says, as the types of the real `openai` package read it; JSON on stdout.

The package has these types and no client of its own for them, so the socket is a bare one. Must not know Parley but its
address. python -m tests.compat.openai_translations HOST:PORT FOLDER; in it one talk as talk.pcm (24 kHz)
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from openai.types.realtime import (
    RealtimeTranslationClientEvent,
    RealtimeTranslationServerEvent,
)
from pydantic import TypeAdapter
from websockets.sync.client import connect

SENT: Any = TypeAdapter(RealtimeTranslationClientEvent)
GOT: Any = TypeAdapter(RealtimeTranslationServerEvent)


def asked(address: str, folder: Path) -> dict[str, Any]:
    """One session with both texts."""
    pcm = (folder / "talk.pcm").read_bytes()
    audio = {"input": {"transcription": {"model": "whisper-1"}}, "output": {"language": "de"}}
    with connect(f"ws://{address}/v1/realtime/translations?model=gpt-realtime-translate") as live:
        _send(live, {"type": "session.update", "session": {"audio": audio}})
        for at in range(0, len(pcm), 9600):
            sound = base64.b64encode(pcm[at : at + 9600]).decode()
            _send(live, {"type": "session.input_audio_buffer.append", "audio": sound})
        _send(live, {"type": "session.close"})
        events = [GOT.validate_json(each, strict=True) for each in live]
    return {"events": [event.model_dump() | {"class": type(event).__name__} for event in events]}


def _send(live: Any, event: dict[str, Any]) -> None:
    live.send(SENT.validate_python(event).model_dump_json(exclude_unset=True))


if __name__ == "__main__":
    print(json.dumps(asked(sys.argv[1], Path(sys.argv[2]))))
