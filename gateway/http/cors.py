"""Which answers a web page of another origin may read. Must not know an endpoint, nor who may call."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from gateway.http.cache import CACHE
from parley.wire import protocol

METHODS = ("GET", "HEAD", "POST", "DELETE")
SHOWN = (protocol.MODEL, "parley-notices", "parley-ignored", CACHE, "retry-after", "content-disposition")


def shared(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """The app, whose answers, refusals too, these origins may read; their preflights are answered.

    Keys travel in headers, and no cookie counts here, so browsers are told of no credentials.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=["*"],  # clients add their own, e.g. x-stainless-*; whatever is asked for is mirrored
        expose_headers=SHOWN,
        allow_private_network=True,  # a listed page may be of the internet, and the gateway on a desk
    )
