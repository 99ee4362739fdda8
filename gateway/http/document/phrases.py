"""How an operation is described: the phrases of the OpenAPI document. Must not know which operations there are."""

from gateway.http.document.schema import Json, ref

REASONS = {
    "400": "The request cannot be understood; the message says what would be right.",
    "401": "A key is needed; send it as Authorization: Bearer.",
    "403": "The key is not for this.",
    "404": "There is no such model.",
    "408": "The body does not arrive.",
    "409": "Not as things are now; the message says what to do first.",
    "413": "The body is too large.",
    "429": "Too many calls are open; come back after Retry-After.",
    "500": "Something broke; the message names the log's report.",
    "503": "A stage cannot serve; come back after Retry-After.",
    "507": "The disk is full; what was accepted stays. Come back after Retry-After.",
    "504": "The work took longer than a request may.",
}
FILE: Json = {"type": "string", "format": "binary", "description": "WAV, MP3, M4A, FLAC, OGG or WebM."}
MODEL: Json = {"type": "string", "description": "An exact name@version or an alias stage/name.", "examples": ["echo@1"]}
TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "array", "items": TEXT}
ONE_OR_MORE: Json = {"oneOf": [TEXT, TEXTS]}
CALL = "curl -F file=@talk.wav"
TALK = "http://localhost:8080/v1/audio"
SERVED: Json = {
    "parley-model": {"description": "The exact model that served.", "schema": TEXT},
    "parley-cache": {"description": "hit: the answer was given before; miss: it is kept now.", "schema": TEXT},
    "parley-ignored": {"description": "LibreTranslate's API: fields that are not known.", "schema": TEXT},
    "parley-notices": {"description": "Stage and reason of what did not go as asked; absent: all did.", "schema": TEXT},
}


def content(kind: str, schema: Json, example: object = None) -> Json:
    """A body of one media type."""
    return {kind: {"schema": schema} | ({} if example is None else {"example": example})}


def fields(required: tuple[str, ...] = (), **properties: Json) -> Json:
    """An object's schema."""
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def refusals(shape: str) -> Json:
    """An operation's error responses, in its API's shape."""
    return {
        status: {"description": description, "content": content("application/json", ref(shape))}
        for status, description in REASONS.items()
    }


def operation(summary: str, answer: Json, body: Json | None = None, shape: str = "Error", curl: str = "") -> Json:
    """One method of one path."""
    described: Json = {"summary": summary, "responses": {"200": answer} | refusals(shape)}
    if body is not None:
        described["requestBody"] = {"required": True, "content": body}
    return described | ({"description": f"```bash\n{curl}\n```"} if curl else {})


def good(description: str, bodies: Json, headers: Json | None = None) -> Json:
    """The 200 response."""
    return {"description": description, "content": bodies} | ({"headers": headers} if headers else {})
