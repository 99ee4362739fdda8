"""The part of the OpenAPI document that describes OpenAI's files and batches. Must not know how they are served."""

from gateway.apis.openai.batches.lines import ENDPOINTS
from gateway.apis.openai.batches.rest import BATCHES, FILES, MOST_BATCHES, MOST_FILES, PURPOSES
from gateway.apis.openai.batches.shapes import WINDOW
from gateway.http.document.phrases import CALL, FILE, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json

URL = "http://localhost:8080"
FILE_ID, BATCH_ID = "file-7d9f2c4be18a6035", "batch_7d9f2c4be18a6035"
NUMBER: Json = {"type": "integer"}
MAYBE: Json = {"type": ["string", "null"]}
MAYBE_NUMBER: Json = {"type": ["integer", "null"]}
FILE_OBJECT: Json = fields(
    ("id", "object", "bytes", "created_at", "filename", "purpose", "status"),
    id=TEXT,
    object={"enum": ["file"]},
    bytes=NUMBER,
    created_at=NUMBER,
    filename=TEXT,
    purpose={"enum": [*PURPOSES, "batch_output"]},
    status={"enum": ["processed"]},
    status_details=MAYBE,
    expires_at=MAYBE_NUMBER,
)
FILE_EXAMPLE: Json = {"id": FILE_ID, "object": "file", "bytes": 40044, "created_at": 1772359200}
FILE_EXAMPLE |= {"filename": "talk.wav", "purpose": "user_data", "status": "processed", "expires_at": None}
STATUSES = ("in_progress", "failed", "completed", "expired", "cancelling", "cancelled")
COUNTS: Json = fields(("total", "completed", "failed"), total=NUMBER, completed=NUMBER, failed=NUMBER)
BATCH_OBJECT: Json = fields(
    ("id", "object", "endpoint", "input_file_id", "completion_window", "status", "created_at", "request_counts"),
    id=TEXT,
    object={"enum": ["batch"]},
    endpoint={"enum": list(ENDPOINTS)},
    input_file_id=TEXT,
    completion_window={"enum": [WINDOW]},
    status={"enum": list(STATUSES)},
    errors={"type": ["object", "null"], "description": "failed: what is wrong with which line."},
    output_file_id=MAYBE | {"description": "A line for each request that was done."},
    error_file_id=MAYBE | {"description": "A line for each other."},
    metadata={"type": "object"},
    request_counts=COUNTS,
    created_at=NUMBER,
    expires_at=NUMBER,
    **{f"{each}_at": MAYBE_NUMBER for each in ("in_progress", "finalizing", *STATUSES[1:])},
)
BATCH_EXAMPLE: Json = {"id": BATCH_ID, "object": "batch", "endpoint": ENDPOINTS[0], "input_file_id": FILE_ID}
BATCH_EXAMPLE |= {"completion_window": WINDOW, "status": "in_progress", "created_at": 1772359200}
BATCH_EXAMPLE |= {"request_counts": {"total": 100, "completed": 12, "failed": 0}}
EXPIRES: dict[str, Json] = {
    "expires_after[anchor]": {"enum": ["created_at"]},
    "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2_592_000},
}
UPLOAD: Json = fields(
    ("file", "purpose"),
    file=FILE,
    purpose={"enum": list(PURPOSES), "description": "batch: lines; what others are for is not looked at."},
    **EXPIRES,
)
WISH: Json = fields(
    ("input_file_id", "endpoint", "completion_window"),
    input_file_id=TEXT | {"description": "A file of purpose batch. A line's `body.file` is the id of another file."},
    endpoint={"enum": list(ENDPOINTS)},
    completion_window={"enum": [WINDOW]},
    metadata={"type": "object", "additionalProperties": TEXT, "maxProperties": 16},
    output_expires_after={
        "type": "object",
        "description": "Not heeded, which the header parley-ignored says: output is kept as jobs are.",
    },
)
WISHED: Json = {"input_file_id": FILE_ID, "endpoint": ENDPOINTS[0], "completion_window": WINDOW}
AFTER: Json = {"name": "after", "in": "query", "schema": TEXT, "description": "The last id of the page before."}
_BINARY: Json = {"type": "string", "format": "binary"}


def _limit(most: int) -> Json:
    return {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": most}}


def _id(example: str) -> Json:
    return {"name": "id", "in": "path", "required": True, "schema": TEXT | {"minLength": 1}, "example": example}


def _list(kind: Json, example: Json) -> Json:
    page = fields(
        ("object", "data", "has_more"),
        object={"enum": ["list"]},
        data={"type": "array", "items": kind},
        has_more={"type": "boolean"},
        first_id=MAYBE,
        last_id=MAYBE,
    )
    id_ = example["id"]
    shown = {"object": "list", "data": [example], "has_more": False, "first_id": id_, "last_id": id_}
    return good("A page of them.", content("application/json", page, shown))


_A_FILE = good("The file.", content("application/json", FILE_OBJECT, FILE_EXAMPLE))
_A_BATCH = good("The batch as it is.", content("application/json", BATCH_OBJECT, BATCH_EXAMPLE))
_GONE = fields(("id", "deleted"), id=TEXT, object=TEXT, deleted={"type": "boolean"})


def _asked(summary: str, answer: Json, curl: str, *parameters: Json, body: Json | None = None) -> Json:
    described = operation(summary, answer, body, shape="OpenAIError", curl=curl)
    return described | ({"parameters": list(parameters)} if parameters else {})


PATHS: Json = {
    FILES: {
        "post": _asked(
            "Keep a file for batches: lines, or a recording that lines name",
            _A_FILE,
            f"{CALL} -F purpose=user_data {URL}{FILES}",
            body=content("multipart/form-data", UPLOAD, {"file": "talk.wav", "purpose": "user_data"}),
        ),
        "get": _asked(
            "This key's files",
            _list(FILE_OBJECT, FILE_EXAMPLE),
            f"curl {URL}{FILES}",
            {"name": "purpose", "in": "query", "schema": TEXT},
            {"name": "order", "in": "query", "schema": {"enum": ["desc", "asc"]}},
            _limit(MOST_FILES),
            AFTER,
        ),
    },
    f"{FILES}/{{id}}": {
        "get": _asked("One file", _A_FILE, f"curl {URL}{FILES}/{FILE_ID}", _id(FILE_ID)),
        "delete": _asked(
            "Forget a file",
            good(
                "Nothing is left.",
                content("application/json", _GONE, {"id": FILE_ID, "object": "file", "deleted": True}),
            ),
            f"curl -X DELETE {URL}{FILES}/{FILE_ID}",
            _id(FILE_ID),
        ),
    },
    f"{FILES}/{{id}}/content": {
        "get": _asked(
            "What is in a file",
            good("Its bytes.", content("application/octet-stream", _BINARY, "")),
            f"curl {URL}{FILES}/{FILE_ID}/content",
            _id(FILE_ID),
        )
    },
    BATCHES: {
        "post": _asked(
            "Transcribe or translate many uploaded recordings in the background",
            _A_BATCH,
            f'curl {URL}{BATCHES} --json \'{{"input_file_id": "{FILE_ID}", "endpoint": "{ENDPOINTS[0]}", '
            f'"completion_window": "{WINDOW}"}}\'',
            body=content("application/json", WISH, WISHED),
        ),
        "get": _asked(
            "This key's batches, the newest first",
            _list(BATCH_OBJECT, BATCH_EXAMPLE),
            f"curl {URL}{BATCHES}",
            _limit(MOST_BATCHES),
            AFTER,
        ),
    },
    f"{BATCHES}/{{id}}": {
        "get": _asked("One batch", _A_BATCH, f"curl {URL}{BATCHES}/{BATCH_ID}", _id(BATCH_ID)),
    },
    f"{BATCHES}/{{id}}/cancel": {
        "post": _asked(
            "End what of a batch has not ended",
            _A_BATCH,
            f"curl -X POST {URL}{BATCHES}/{BATCH_ID}/cancel",
            _id(BATCH_ID),
        )
    },
}
