"""From a command to the server's gRPC API and back. Must not know what is asked.

Configs are plain dictionaries here, so that a command need not load protobuf before it runs.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from parley.cli import options
from parley.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from parley.client import Client

CONNECT_TIMEOUT_S = 1.0
LIST_S, LOAD_S = 60.0, 660.0  # a version is tried, and then opened; the gateway gives up before we do
Items = Iterable[Any] | AsyncIterable[Any]

# Logs are for servers: what a person needs to know is in the error.
logging.getLogger("parley").addHandler(logging.NullHandler())


@asynccontextmanager
async def connected(server: str) -> "AsyncIterator[Client]":
    """A client whose errors tell "nobody is there" from "it is there and cannot"."""
    from parley.client import Client

    async with Client(server, options.credentials()) as client:
        try:
            yield client
        except Unavailable:
            await client.ready(CONNECT_TIMEOUT_S)
            raise


async def stream(
    server: str, service: str, config: Mapping[str, Any], items: Items, *, model: str = "", resumes: bool = False
) -> AsyncGenerator[Any]:
    """One stream of a service: a config and pieces go, answers come; a pipeline may survive its connection."""
    from google.protobuf.message_factory import GetMessageClass

    from parley.client import requests_of
    from parley.wire.resuming import ResumingStream
    from parley.wire.stages import SERVICES

    kind: Any = GetMessageClass(SERVICES[service].methods_by_name["Stream"].input_type)
    requests = requests_of(kind, kind(config=config).config, items)
    async with connected(server) as client:
        connect = partial(client.stream, service, model=model)
        flow = ResumingStream(connect).answers(requests) if resumes else connect(requests)
        async with aclosing(flow) as answers:
            async for answer in answers:
                yield answer


async def models(server: str, method: str, stage: str, **fields: Any) -> Any:
    """One call of a stage's Models service."""
    from google.protobuf.message_factory import GetMessageClass

    from parley.wire.stages import SERVICES

    kind: Any = GetMessageClass(SERVICES["Models"].methods_by_name[method].input_type)
    async with connected(server) as client:
        timeout_s = LIST_S if method == "List" else LOAD_S
        return await client.models(method, kind(**fields), known_stage(stage), timeout_s)


async def voices(server: str, method: str, **fields: Any) -> Any:
    """One call of the gateway's Voices service."""
    from google.protobuf.message_factory import GetMessageClass

    from parley.wire.stages import SERVICES

    kind: Any = GetMessageClass(SERVICES["Voices"].methods_by_name[method].input_type)
    async with connected(server) as client:
        return await client.unary("Voices", method, kind(**fields))


def stages() -> tuple[str, ...]:
    """Those that have models."""
    from parley.wire.stages import STAGES

    return tuple(STAGES)


def known_stage(stage: str) -> str:
    """The same, unless there is no such stage."""
    if stage not in stages():
        raise NotFound(f"There is no stage {stage!r}; there are {', '.join(stages())}.")
    return stage
