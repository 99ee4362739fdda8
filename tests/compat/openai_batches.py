"""What the real `openai` package makes of our Files and Batches APIs, as JSON. Must not know Parley but its address.

python -m tests.compat.openai_batches URL FILE
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from openai import APIStatusError, OpenAI

TRANSCRIPTIONS: Any = "/v1/audio/transcriptions"  # the package's hints do not know it
TRANSLATIONS: Any = "/v1/audio/translations"
OVER = ("completed", "failed", "expired", "cancelled")


def line(name: str, file: str, url: str = TRANSCRIPTIONS, **body: Any) -> dict[str, Any]:
    """One request of a batch."""
    return {"custom_id": name, "method": "POST", "url": url, "body": {"file": file, "model": "whisper-1"} | body}


def submitted(client: OpenAI, lines: list[dict[str, Any]], endpoint: Any = TRANSCRIPTIONS) -> Any:
    """A batch of them."""
    data = "".join(json.dumps(each) + "\n" for each in lines).encode()
    file = client.files.create(file=("lines.jsonl", data), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"day": "monday"}
    )


def unheeded(client: OpenAI, sound: str) -> str | None:
    """What the server says that it does not heed of a batch."""
    data = json.dumps(line("json", sound)).encode()
    file = client.files.create(file=("lines.jsonl", data), purpose="batch")
    answer = client.batches.with_raw_response.create(
        input_file_id=file.id,
        endpoint=TRANSCRIPTIONS,
        completion_window="24h",
        output_expires_after={"anchor": "created_at", "seconds": 3600},
    )
    return answer.headers.get("parley-ignored")


def ended(client: OpenAI, batch: Any) -> Any:
    """As people wait for it."""
    until = time.monotonic() + 60
    while (batch := client.batches.retrieve(batch.id)).status not in OVER and time.monotonic() < until:
        time.sleep(0.2)
    return batch


def read(client: OpenAI, id_: str | None) -> list[Any]:
    """The lines of a file."""
    return [json.loads(text) for text in client.files.content(id_).text.splitlines()] if id_ else []


def refusal(ask: Any) -> dict[str, Any]:
    """What the package raises."""
    try:
        ask()
    except APIStatusError as error:
        return {"class": type(error).__name__, "code": error.code, "param": error.param, "status": error.status_code}
    return {}


def asked(client: OpenAI, talk: Path) -> dict[str, Any]:
    """From uploading to forgetting."""
    sound = client.files.create(file=talk, purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600})
    broken = client.files.create(file=("broken.wav", b"no sound"), purpose="user_data")
    shapes = ("json", "text", "srt", "vtt", "verbose_json", "diarized_json")
    batch = submitted(client, [*(line(each, sound.id, response_format=each) for each in shapes), line("x", broken.id)])
    told: dict[str, Any] = {"sound": sound.model_dump(), "created": batch.model_dump()}
    over = ended(client, batch)
    told |= {"ended": over.model_dump(), "output": read(client, over.output_file_id)}
    told |= {"errors": read(client, over.error_file_id)}
    english = ended(client, submitted(client, [line("e", sound.id, TRANSLATIONS)], TRANSLATIONS))
    told["english"] = read(client, english.output_file_id)
    wrong = [line("a", "file-nope"), line("a", sound.id, bogus="1"), line("b", sound.id, TRANSLATIONS)]
    told["wrong"] = submitted(client, wrong).model_dump()
    many = submitted(client, [line(str(n), sound.id) for n in range(300)])
    client.batches.cancel(many.id)
    told["cancelled"] = ended(client, many).model_dump()
    told["batches"] = [each.id for each in client.batches.list(limit=2)]
    told["files"] = [each.id for each in client.files.list(purpose="user_data", limit=1)]
    told["again"] = client.files.content(sound.id).read() == talk.read_bytes()
    told["unheeded"] = unheeded(client, sound.id)
    told["deleted"] = client.files.delete(sound.id).model_dump()
    told["refusals"] = [
        refusal(lambda: client.files.retrieve(sound.id)),
        refusal(lambda: client.batches.retrieve("batch_none")),
        refusal(lambda: client.batches.cancel(batch.id)),
        refusal(
            lambda: client.batches.create(input_file_id=broken.id, endpoint=TRANSCRIPTIONS, completion_window="24h")
        ),
        refusal(
            lambda: client.batches.create(input_file_id="x", endpoint="/v1/chat/completions", completion_window="24h")
        ),
    ]
    return told


if __name__ == "__main__":
    with OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=30) as client:
        print(json.dumps(asked(client, Path(sys.argv[2]))))
