"""From a command to the server and back. Must not know what is asked."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from parley.cli import options
from parley.client import Client
from parley.errors import Unavailable

KNOCK_S = 1.0

# Logs are for servers: what a person needs to know is in the error.
logging.getLogger("parley").addHandler(logging.NullHandler())


@asynccontextmanager
async def connected(server: str) -> AsyncIterator[Client]:
    """A client whose errors tell "nobody is there" from "it is there and cannot"."""
    async with Client(server, options.credentials()) as client:
        try:
            yield client
        except Unavailable:
            await client.ready(KNOCK_S)
            raise
