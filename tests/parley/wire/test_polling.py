"""How the servers' gRPC waits for bytes."""

import os
import subprocess
import sys

import pytest

from parley.wire.polling import WITHOUT_EVENT_ENGINE
from tests.contract.source import ROOT

SERVES = """
import asyncio, os
import {package}
import grpc

async def serve():
    server = grpc.aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.stop(0)

asyncio.run(serve())
print(os.environ["GRPC_EXPERIMENTS"])
"""


def said(package: str, **env: str) -> tuple[str, str]:
    """What a server of this package runs gRPC with, and gRPC's complaints."""
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"} | env
    command = (sys.executable, "-c", SERVES.format(package=package))
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize("package", ["gateway", "services"])
def test_servers_read_their_sockets_in_one_thread(package: str) -> None:
    """And this gRPC still knows the names of what it is told to leave; it complains of those that it does not."""
    assert said(package) == (WITHOUT_EVENT_ENGINE, "")


def test_what_an_operator_has_set_holds() -> None:
    """Also where it is nothing."""
    assert said("gateway", GRPC_EXPERIMENTS="")[0] == ""


def test_a_name_that_grpc_does_not_know_would_be_seen() -> None:
    """Else the first test could not fail."""
    assert "Unknown experiment" in said("gateway", GRPC_EXPERIMENTS="-no_such_thing")[1]
