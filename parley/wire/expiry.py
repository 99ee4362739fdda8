"""When the certificates that a process has loaded stop being good. It holds them until it is started anew."""

from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from prometheus_client import Gauge

from parley.errors import BadConfig

EXPIRES = Gauge("parley_certificate_expires_seconds", "When a file's first certificate expires, since 1970.", ("file",))


def note(files: Mapping[str, str]) -> None:
    """The files by the names of their settings; an empty one is not set."""
    for setting, file in files.items():
        if file:
            EXPIRES.labels(setting).set(_first(setting, file))


def _first(setting: str, file: str) -> float:
    """Of all certificates in it the moment at which one expires."""
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfig(f"`{setting}` names {file}, which holds no certificates in PEM ({error}).") from None
    return min(each.not_valid_after_utc.timestamp() for each in found)
