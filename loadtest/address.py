"""The server under test, ours or not: addresses and key. Must not know what is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True)
class Where:
    """A server's addresses."""

    grpc: str = "127.0.0.1:50051"  # host:port, grpcs://host:port or unix:/path
    http: str = "http://127.0.0.1:8080"
    wyoming: str = "127.0.0.1:10300"  # of Home Assistant's protocol
    key: str = ""  # that its callers show
    model: str = "whisper-1"  # what its OpenAI API calls a recogniser

    @property
    def credentials(self) -> dict[str, str]:
        """The key as HTTP headers or gRPC metadata."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    def environment(self) -> dict[str, str]:
        """Environment variables that give these addresses to another process."""
        return {f"SLA_{each.name.upper()}": getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Reads the variables of `environment`; those that are missing keep their defaults."""
        names = {each.name: f"SLA_{each.name.upper()}" for each in fields(cls)}
        return cls(**{name: given[variable] for name, variable in names.items() if variable in given})
