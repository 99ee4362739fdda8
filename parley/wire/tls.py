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
        """Whether TLS is configured."""
        return bool(self.cert)

    @property
    def mutual(self) -> bool:
        """Whether callers must show a certificate of their own."""
        return self.on and bool(self.client_ca)

    def check(self) -> None:
        """Raises BadConfig where files are missing or do not belong together."""
        if bool(self.cert) != bool(self.key) or (self.client_ca and not self.cert):
            raise BadConfig("`tls` needs `cert` and `key` together, and `client_ca` only with both.")
        _check_files("tls", self.cert, self.key, self.client_ca)


@dataclass(frozen=True)
class UpstreamTls:
    """PEM files for calls to servers that have certificates. No authority: no TLS."""

    ca: str = ""  # who signed the servers' certificates
    cert: str = ""  # ours, where they ask for one
    key: str = ""
    name: str = ""  # that the servers' certificates are for; empty: each one's own host

    @property
    def on(self) -> bool:
        """Whether TLS is configured."""
        return bool(self.ca)

    def check(self) -> None:
        """Raise BadConfig where files are missing."""
        if bool(self.cert) != bool(self.key) or (self.cert and not self.ca):
            raise BadConfig("`upstream_tls` needs `cert` and `key` together, and only with `ca`.")
        _check_files("upstream_tls", self.ca, self.cert, self.key)


def _check_files(table: str, *names: str) -> None:
    for name in filter(None, names):
        if not Path(name).is_file():
            raise BadConfig(f"`{table}` names {name}, which is no file; write the path of a PEM file.")
