"""`python -m parley.cli.processes.health deploy/config/<process>.toml`: whether it serves, on this machine."""

import asyncio
import os
import socket
import sys
import tomllib
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from parley.cli.outcome import exit_of
from parley.client import Client
from parley.errors import BadInput, ParleyError, Unavailable

ANYWHERE = ("0.0.0.0:", "[::]:")
WAIT_S = 3.0


def check(config: Path) -> None:
    """Asks the process at the address in its own config."""
    try:
        table = tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{config} cannot be read ({error}); name a process's config.") from None
    if not {"http", "listen"} & set(table):  # it takes no calls: that it tells its numbers must do
        _listens(_here(os.environ.get("PARLEY_TELEMETRY__METRICS", table["telemetry"]["metrics"])))
        return
    key = "http" if "http" in table else "listen"
    address = _here(os.environ.get(f"PARLEY_{key.upper()}", table[key]))
    if table.get("tls") or os.environ.get("PARLEY_TLS__CERT"):
        _listens(address)
    elif key == "http":
        _healthz(address)
    else:
        asyncio.run(_grpc(address))


def _here(address: str) -> str:
    for anywhere in ANYWHERE:
        address = address.replace(anywhere, "127.0.0.1:")
    return address


def _listens(address: str) -> None:
    """Behind TLS it may want a certificate that we do not have: that it takes calls must do."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), WAIT_S).close()
    except (OSError, ValueError) as error:
        raise Unavailable(f"{address} is not well: {error}.") from None


def _healthz(address: str) -> None:
    try:
        build_opener(ProxyHandler({})).open(f"http://{address}/healthz", timeout=WAIT_S).close()
    except OSError as error:
        raise Unavailable(f"{address} is not well: {error}.") from None


async def _grpc(address: str) -> None:
    async with Client(address) as client:
        await client.health(timeout_s=WAIT_S)


def main() -> None:
    """For a container's health check."""
    try:
        check(Path(sys.argv[1] if len(sys.argv) > 1 else ""))
    except ParleyError as error:
        print(f"health: {error}", file=sys.stderr)
        sys.exit(exit_of(error))


if __name__ == "__main__":
    main()
