"""Whether Twilio itself opens a socket: its signature over the address that it called. Pure."""

import base64
import hmac
from collections.abc import Iterator
from hashlib import sha1
from urllib.parse import urlsplit, urlunsplit

from gateway.config import TwilioConfig
from parley.errors import Forbidden

HEADER = "x-twilio-signature"


class SignatureWrong(Forbidden):
    """Somebody else than Twilio calls, or Twilio calls another address than we think."""

    reason = "SIGNATURE_INVALID"


def signed(token: str, url: str) -> str:
    """The signature of a WebSocket's handshake, which has no fields that would be part of it."""
    return base64.b64encode(hmac.new(token.encode(), url.encode(), sha1).digest()).decode()


def check(config: TwilioConfig, signature: str, called: str) -> None:
    """Raises unless one of the account's tokens signed the address; without a token nothing is asked for."""
    tokens = [each for token in config.auth_token.split(",") if (each := token.strip())]
    given = signature.encode()
    good = [hmac.compare_digest(signed(t, url).encode(), given) for t in tokens for url in _ways(config.url or called)]
    if tokens and not any(good):
        wrong = f"`{HEADER}` does not fit this address" if signature else f"The header `{HEADER}` is missing"
        raise SignatureWrong(f"{wrong}; `telephony.twilio` in gateway.toml has the account's token and the address.")


def _ways(url: str) -> Iterator[str]:
    """The same address as Twilio may write it: with the port and without, with a slash at the end and without."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    for netloc in dict.fromkeys((parts.netloc, host, f"{host}:443")):
        for path in dict.fromkeys((parts.path, parts.path.rstrip("/"), f"{parts.path.rstrip('/')}/")):
            yield urlunsplit((parts.scheme, netloc, path, parts.query, ""))
