"""The HTTP doors."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.config import Limits
from gateway.core import Core


def app(core: Core, limits: Limits) -> Starlette:
    """Every route."""

    async def readyz(request: Request) -> Response:
        ready = await core.ready()
        return JSONResponse(ready, 200 if all(ready.values()) else 503)

    async def status(request: Request) -> Response:
        return JSONResponse(await core.status())

    return Starlette(routes=[Route("/readyz", readyz), Route("/v1/status", status)])
