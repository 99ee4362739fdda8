"""`python -m loadtest.bench.echo HOST:PORT`: a bare grpc.aio server that writes back what it reads.

The baseline of the transport bench.
"""

import asyncio
import gc
import sys
from typing import Any

import grpc
import uvloop


async def _echo(_: object, context: Any) -> None:
    while (data := await context.read()) is not grpc.aio.EOF:
        await context.write(data)


class _EveryPath(grpc.GenericRpcHandler):
    def service(self, details: object) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.stream_stream_rpc_method_handler(_echo)


async def serve(addresses: list[str]) -> None:
    """Serves until killed."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_EveryPath(),))
    for address in addresses:
        server.add_insecure_port(address)
    await server.start()
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1:]))
