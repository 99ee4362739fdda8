"""The part of the OpenAPI document that describes Twilio's contract. Must not know how it is served."""

from gateway.http.document.phrases import TEXT, content, fields
from gateway.http.document.schema import Json, ref
from gateway.http.gate import TWILIO

LIVE = """Twilio's Media Streams: what `<Stream url="wss://HOST/v1/twilio">` opens for a telephone call. Twilio sends
`connected`, `start`, `media` (mu-law, 8 kHz, base64), `dtmf`, `mark` and `stop` as JSON, and is sent nothing. What is
said comes to `/v1/calls/{callSid}/captions` and to the webhook that the parameter `webhook` names. Twilio sends no
header for keys and drops the address's query: the key is the custom parameter `key`, and so is all else below. Names
that are not listed are not heeded, which `call_started` says. What goes wrong ends the stream: its close has a code and
a reason."""
FLAG: Json = {"type": "string", "enum": ["true", "false"]}


def _named(name: str, description: str, schema: Json = TEXT) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


PARAMETERS = [
    _named("key", "The API key, where keys are asked for."),
    _named("language", "BCP-47 tag; empty: found out."),
    _named("languages", "Tags of those that may be spoken, with commas."),
    _named("model", "name@version, or an alias."),
    _named("phrases", "Words and phrases that are likely to be said, with commas."),
    _named("interim_results", "Guesses while people speak, for who listens.", FLAG),
    _named("denoise", "Recognise the sound without its noise.", FLAG),
    _named("translate", "Tags of the languages into which every final is translated, with commas."),
    _named("redact", "email, phone, card, iban, ssn, with commas."),
    _named("webhook", "An address that is told every final."),
]
EXAMPLE = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
PATHS: Json = {
    TWILIO: {
        "get": {
            "summary": "A telephone call over a WebSocket, in Twilio's shape",
            "description": LIVE,
            "parameters": PARAMETERS,
            "responses": {
                "101": {
                    "description": "The WebSocket is open.",
                    "content": content("application/json", fields(("event",), event=TEXT), EXAMPLE),
                },
                "426": {"description": "This is a WebSocket.", "content": content("application/json", ref("Error"))},
            },
        },
    }
}
