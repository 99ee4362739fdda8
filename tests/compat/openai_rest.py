"""What the real `openai` package makes of our REST API, as JSON on stdout. Must not know Parley but its address.

python -m tests.compat.openai_rest URL FILE
"""

import json
import sys
from pathlib import Path
from typing import Any

from openai import BadRequestError, NotFoundError, OpenAI


def asked(client: Any, file: Path) -> dict[str, Any]:
    """Every shape, by the package's own methods and classes."""
    listen, common = client.audio.transcriptions, {"file": file, "model": "whisper-1"}
    told: dict[str, Any] = {"models": [model.id for model in client.models.list()]}
    told["json"] = listen.create(**common).text
    for shape in ("text", "srt", "vtt"):
        told[shape] = listen.create(**common, response_format=shape)
    verbose = listen.create(**common, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    told["verbose"] = {"class": type(verbose).__name__, **verbose.model_dump()}
    diarized = listen.create(**common, response_format="diarized_json")
    told["diarized"] = {"class": type(diarized).__name__, **diarized.model_dump()}
    for name in ("events", "again"):
        with listen.create(**common, stream=True) as events:
            told[name] = [event.model_dump(exclude_none=True) for event in events]
    told["english"] = client.audio.translations.create(**common).text
    told["refusals"] = [_refusal(listen, file, "nope@1"), _refusal(listen, Path(__file__), "whisper-1")]
    return told


def _refusal(listen: Any, file: Path, model: str) -> dict[str, Any]:
    try:
        listen.create(file=file, model=model)
    except (BadRequestError, NotFoundError) as error:
        return {"class": type(error).__name__, "code": error.code, "message": error.message}
    return {}


if __name__ == "__main__":
    with OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=30) as client:
        print(json.dumps(asked(client, Path(sys.argv[2]))))
