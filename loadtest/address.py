"""What is talked to, ours or not, and as whom. Must not know what is said."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True)
class Where:
    """A server's addresses."""

    grpc: str = "127.0.0.1:50051"  # host:port, grpcs://host:port or unix:/path
    http: str = "http://127.0.0.1:8080"
    key: str = ""  # that its callers show
    model: str = "whisper-1"  # what its OpenAI API calls a recogniser

    @property
    def credentials(self) -> dict[str, str]:
        """As HTTP and gRPC take them."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    def told(self) -> dict[str, str]:
        """For the environment of another process."""
        return {f"SLA_{each.name.upper()}": getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Self:
        """Back again, from an environment; what it does not say is as usual."""
        names = {each.name: f"SLA_{each.name.upper()}" for each in fields(cls)}
        return cls(**{name: told[variable] for name, variable in names.items() if variable in told})
