"""What a model may need of the process that opens it: where others lie, and who may be asked. Must not know a stage.

A model.toml names a server; only the config of a service says where that is and which key it wants. So a folder that
somebody was sent cannot choose to whom texts go, nor who gets a key.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from parley.errors import BadConfig

NAME = re.compile(r"[a-z0-9](?:_?[a-z0-9]){0,39}")  # may stand in a variable's name: PARLEY_SERVERS__<NAME>__API_KEY


@dataclass(frozen=True)
class RemoteServer:
    """A server that runs models of its own."""

    base_url: str  # e.g. http://127.0.0.1:8000/v1
    api_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            url = urlsplit(self.base_url)
            good = url.scheme in ("http", "https") and bool(url.hostname) and not (url.query or url.fragment)
            secret = bool(url.username or url.password) or url.port == 0
        except ValueError:
            good = secret = False
        if secret:  # it is not shown: addresses with a password must not reach a log
            raise BadConfig("`servers` has a base_url with a user or a password in it; write that under api_key.")
        if not good:
            raise BadConfig(f"`servers` has the base_url {self.base_url[:80]!r}; write e.g. http://127.0.0.1:8000/v1.")
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise BadConfig("`servers` has an api_key that no header can carry; write letters, digits and signs.")


def check_servers(servers: Mapping[str, RemoteServer]) -> None:
    """Refuse names that no environment variable can carry."""
    for wrong in (name for name in servers if not NAME.fullmatch(name)):
        raise BadConfig(f"`servers` has the name {wrong[:60]!r}; write small letters, digits and single _.")


@dataclass(frozen=True)
class Surroundings:
    """Of one process."""

    roots: tuple[Path, ...] = ()
    servers: dict[str, RemoteServer] = field(default_factory=dict)

    def told(self) -> str:
        """For another process, which opens the model first. Holds keys: to be handed over by a pipe only."""
        servers = {name: asdict(server) for name, server in self.servers.items()}
        return json.dumps({"roots": list(map(str, self.roots)), "servers": servers})

    @classmethod
    def heard(cls, text: str) -> "Surroundings":
        """What was told; nothing: none."""
        table = json.loads(text) if text.strip() else {"roots": [], "servers": {}}
        servers = {name: RemoteServer(**server) for name, server in table["servers"].items()}
        return cls(tuple(map(Path, table["roots"])), servers)
