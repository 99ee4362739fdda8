"""From a command to the gateway's HTTP doors and back. Must not know what is asked."""

import ssl
from typing import Any

from parley.cli import options
from parley.errors import BadInput, DeadlinePassed, ParleyError, of_code

WAIT_S = 5.0


def ask(http: str, path: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    """One JSON answer, or the error that the gateway meant."""
    import httpx

    # OpenSSL's own choice of roots: httpx has its own, and would hear of SSL_CERT_FILE only with all its neighbours.
    trusted = ssl.create_default_context()
    url = f"{http.rstrip('/')}{path}"
    try:
        with httpx.Client(verify=trusted, timeout=WAIT_S, trust_env=False, headers=options.credentials()) as client:
            answer = client.request(method, url, json=body)
        told = answer.json()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise BadInput(f"{url} is not an address; write e.g. --http {options.HTTP}.") from None
    except httpx.HTTPError as failed:
        raise DeadlinePassed(f"Nobody answers at {url}; {_why(failed)}") from None
    except ValueError:
        raise _stranger(url) from None
    if not isinstance(told, dict):
        raise _stranger(url)
    if answer.is_error and isinstance(told.get("error"), dict):
        error = told["error"]
        raise of_code(str(error.get("code")), str(error.get("reason")))(str(error.get("message")))
    return told


def _why(failed: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(failed):
        return "its certificate is not trusted here: name the one that vouches for it, SSL_CERT_FILE=ca.pem."
    return "is `parley up` running? Behind TLS it is https://."


def _stranger(url: str) -> ParleyError:
    return ParleyError(f"{url} does not answer like a Parley gateway; check --http.")
