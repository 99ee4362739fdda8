"""From a command to the gateway's HTTP API and back. Must not know what is asked."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from parley.cli import options
from parley.errors import BadInput, DeadlinePassed, ParleyError, UploadTooLarge
from parley.wire.error_names import of_code

WAIT_S, UPLOAD_S = 5.0, 120.0
NO_HEADERS: Mapping[str, str] = {}


def ask(
    http: str, path: str, method: str = "GET", body: object = None, headers: Mapping[str, str] = NO_HEADERS
) -> dict[str, Any]:
    """One JSON answer, or the error that the gateway meant."""
    url = f"{http.rstrip('/')}{path}"
    return _object(url, *_sent(url, method, body, headers))


def fetch(http: str, path: str) -> bytes:
    """An answer that may be anything, or the error that the gateway meant."""
    url = f"{http.rstrip('/')}{path}"
    status, data = _sent(url, "GET", None, NO_HEADERS)
    if status >= 400:
        _object(url, status, data)
        raise _stranger(url)
    return data


def _object(url: str, status: int, text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        raise _stranger(url) from None
    if not isinstance(answer, dict):
        raise _stranger(url)
    if status >= 400 and isinstance(error := answer.get("error"), dict):
        raise of_code(str(error.get("code")), str(error.get("reason")))(str(error.get("message")))
    return answer


def _sent(url: str, method: str, body: object, more: Mapping[str, str]) -> tuple[int, bytes]:
    """Bytes are sent as they are, anything else as JSON."""
    # Late: of all commands only these need HTTP.
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

    # To read everybody's certificates takes 20 ms: only where one is checked.
    trusted = [HTTPSHandler(context=ssl.create_default_context())] if url.startswith("https:") else []  # SSL_CERT_FILE
    raw = isinstance(body, bytes)
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    kind = "application/octet-stream" if raw else "application/json"
    headers = ({} if data is None else {"content-type": kind}) | options.credentials() | dict(more)
    try:
        request = Request(_checked(url), data, headers, method=method)
        with build_opener(ProxyHandler({}), *trusted).open(request, timeout=UPLOAD_S if raw else WAIT_S) as answer:
            return answer.status, answer.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()
    except (OSError, HTTPException) as failed:
        if raw and isinstance(getattr(failed, "reason", failed), BrokenPipeError | ConnectionResetError):
            # It answers before all has come, and hangs up; urllib does not read that answer.
            raise UploadTooLarge(
                "The server does not take all of it: it is larger than `limits.upload_bytes`."
            ) from None
        raise DeadlinePassed(f"Nobody answers at {url}; {_why(failed)}") from None


def _checked(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise BadInput(f"{url} is not an address; write e.g. --http {options.HTTP}.")
    return url


def _why(failed: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(failed):
        return "its certificate is not trusted here: name the one that vouches for it, SSL_CERT_FILE=ca.pem."
    return "is `parley up` running? Behind TLS it is https://."


def _stranger(url: str) -> ParleyError:
    return ParleyError(f"{url} does not answer like a Parley gateway; check --http.")
