"""How gRPC waits for bytes in a server process. Must not import grpc, which reads this once, when it is first used."""

import os

# gRPC's names for what it would do otherwise: docs/decisions/0042-grpc-polls-itself.md.
WITHOUT_EVENT_ENGINE = "-event_engine_client,-event_engine_listener"


def set_up() -> None:
    """Sockets are read by the thread that hands the answer on, not by one more; what an operator has set holds."""
    os.environ.setdefault("GRPC_EXPERIMENTS", WITHOUT_EVENT_ENGINE)
