"""No log has a key in it, wherever it stood."""

import json
import logging

import pytest

from parley.redaction import DOTS, Redaction
from parley.telemetry import JsonFormatter
from parley.wire.keys import make

SECRET = "sk-Zw9_-secret.0123456789="
OURS = make("ann", ["use"])[0]
PLACES = [
    "< Authorization: Bearer {}",
    "> authorization: Basic {}",
    "Authorization: Token {}",
    "authorization: {}",
    "('authorization', 'Bearer {}')",
    "[(b'authorization', b'Bearer {}'), (b'host', b'x')]",
    '{{"authorization": "Bearer {}", "host": "x"}}',
    "Proxy-Authorization: Basic {}",
    "x-api-key: {}",
    "X-API-Key={}",
    "xi-api-key: {}",
    "{{'xi-api-key': '{}'}}",
    'api_key="{}"',
    '{{"api_key":"{}"}}',
    "GET /v1/realtime?model=whisper-1&api_key={} HTTP/1.1",
    "GET /v1/realtime?token={} HTTP/1.1",
    "GET /v1/stream?key={}&model=x",
    "'GET /v1/stream?access_token={}'",
    "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{}, openai-beta.realtime-v1",
    "subprotocols ['realtime', 'openai-insecure-api-key.{}']",
    "Cookie: session={}; theme=dark",
    "set-cookie: session={}",
    "redis://:{}@redis:6379/0",
    "redis://user:{}@redis:6379",
    "PARLEY_TOKEN={}",
    "password = '{}'",
    "a stray bearer {}",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_not_said(place: str) -> None:
    """In headers, queries, subprotocols, URLs, as text, tuples or JSON; and what stands around it is."""
    text = Redaction().of(place.format(SECRET))
    assert SECRET not in text
    assert "secret" not in text.replace(DOTS, "")
    assert text.startswith(place.partition("{}")[0].replace("{{", "{")[:8])


@pytest.mark.parametrize("place", ["{}", "the key {}.", "/{}/", "'{}'"])
def test_our_own_keys_and_the_token_are_known_anywhere(place: str) -> None:
    """They have a form, and the process knows its token."""
    assert OURS.split("_", 2)[2] not in Redaction().of(place.format(OURS))
    assert "a-token-of-ours" not in Redaction(["a-token-of-ours"]).of(place.format("a-token-of-ours"))


@pytest.mark.parametrize(
    "text",
    [
        "The key 'ann' may make 8/hour calls.",
        "5 tokens, key: none",
        "http://redis:6379/0 at 10:20@30",
        "`token` must have 16 ASCII characters",
        "GET /v1/models?monkey=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Logs must be of use."""
    assert Redaction().of(text) == text


def formatted(message: str, *arguments: object, secrets: tuple[str, ...] = (), **extra: object) -> str:
    record = logging.makeLogRecord({"name": "websockets", "levelno": logging.DEBUG, "msg": message, **extra})
    record.args = arguments
    return JsonFormatter("gateway", secrets).format(record)


def test_every_part_of_a_line_is_looked_at() -> None:
    """Message, arguments, extras of any kind, and an exception's words; the line stays JSON."""
    try:
        raise ValueError(f"Authorization: Bearer {SECRET}")
    except ValueError as error:
        raised = (type(error), error, error.__traceback__)
    lines = [
        formatted("< %s: %s", "Authorization", f"Bearer {SECRET}"),
        formatted("x", headers={"x-api-key": SECRET, "host": "x"}),
        formatted("x", headers=[("xi-api-key", SECRET)]),
        formatted("x", url=f"/v1?token={SECRET}"),
        formatted("x", exc_info=raised),
        formatted("it is %s", SECRET, secrets=(SECRET,)),
    ]
    assert all(SECRET not in line and DOTS in line and json.loads(line) for line in lines)


def test_a_line_is_no_longer_than_somebody_reads() -> None:
    """Four million characters of a caller's do not fill the disk."""
    made = json.loads(formatted("x", fields=["y" * 4_000_000], number=7, flag=True, nothing=None))
    assert len(json.dumps(made)) < 40_000
    assert (made["number"], made["flag"], made["nothing"]) == (7, True, None)
