"""Certificates: where they lie, and what a server makes of them. Must not know a transport."""

from dataclasses import dataclass
from pathlib import Path

from parley.errors import BadConfig


@dataclass(frozen=True)
class TlsConfig:
    """PEM files. No certificate: no TLS."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""  # who comes must have a certificate that this one signed

    @property
    def on(self) -> bool:
        """There is TLS."""
        return bool(self.cert)

    @property
    def mutual(self) -> bool:
        """Callers prove who they are."""
        return self.on and bool(self.client_ca)

    def check(self) -> None:
        """Say now what would otherwise be a riddle later."""
        if bool(self.cert) != bool(self.key) or (self.client_ca and not self.cert):
            raise BadConfig("`tls` needs `cert` and `key` together, and `client_ca` only with both.")
        for name in filter(None, (self.cert, self.key, self.client_ca)):
            if not Path(name).is_file():
                raise BadConfig(f"`tls` names {name}, which is no file; write the path of a PEM file.")
