"""From a command to the gateway's HTTP doors and back. Must not know what is asked."""

from typing import Any

from parley.cli import options
from parley.errors import BadInput, DeadlinePassed, ParleyError, of_code

WAIT_S = 5.0


def ask(http: str, path: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    """One JSON answer, or the error that the gateway meant."""
    import httpx

    url = f"{http.rstrip('/')}{path}"
    try:
        answer = httpx.request(method, url, json=body, timeout=WAIT_S, trust_env=False, headers=options.credentials())
        told = answer.json()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise BadInput(f"{url} is not an address; write e.g. --http {options.HTTP}.") from None
    except httpx.HTTPError:
        raise DeadlinePassed(f"Nobody answers at {url}; is `parley up` running?") from None
    except ValueError:
        raise _stranger(url) from None
    if not isinstance(told, dict):
        raise _stranger(url)
    if answer.is_error and isinstance(told.get("error"), dict):
        error = told["error"]
        raise of_code(str(error.get("code")), str(error.get("reason")))(str(error.get("message")))
    return told


def _stranger(url: str) -> ParleyError:
    return ParleyError(f"{url} does not answer like a Parley gateway; check --http.")
