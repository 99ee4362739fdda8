"""Serves the pages, their scripts and the example recordings as files. Must not know what the pages do."""

from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley.places import places

ASSETS = Path(__file__).parent / "assets"
RECORDINGS = "examples"  # under the tree; offered to who has no microphone
# Scripts, styles, sound and connections from this origin only; nothing inline, and no page may frame these.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# The viewer of the API's document comes from elsewhere, and writes styles of its own.
VIEWER = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # asked again each time, and answered 304: a new version shows at once
}


def routes() -> list[BaseRoute]:
    """The pages and what they load."""
    return [
        Route("/", Guarded(StaticPage("talk.html")), methods=["GET"], include_in_schema=False),
        Route("/tracks", Guarded(StaticPage("tracks.html")), methods=["GET"], include_in_schema=False),
        Route("/console", Guarded(StaticPage("console.html")), methods=["GET"], include_in_schema=False),
        Route("/docs", Guarded(StaticPage("docs.html"), VIEWER), methods=["GET"], include_in_schema=False),
        Mount("/assets/recordings", Guarded(StaticFiles(directory=places().tree / RECORDINGS, check_dir=False))),
        Mount("/assets", Guarded(StaticFiles(directory=ASSETS))),
    ]


class StaticPage:
    """One file, whatever the path."""

    def __init__(self, name: str) -> None:
        self._file = ASSETS / name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page."""
        await FileResponse(self._file)(scope, receive, send)


class Guarded:
    """An app whose answers carry the headers that keep foreign scripts out."""

    def __init__(self, app: ASGIApp, policy: str = POLICY) -> None:
        self._app = app
        headers = HEADERS | {"content-security-policy": policy}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, guarded)
