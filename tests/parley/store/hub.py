"""A model hub on this machine: files behind redirects, editions, ranges, commits, sums, and all its troubles."""

import hashlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE = 32_768
LARGE = 1000  # bytes: from here on a file lies elsewhere, and is redirected to


@dataclass
class Trouble:
    """What goes wrong, and how often."""

    breaks: list[int] = field(default_factory=list)  # a large file ends after so many bytes
    full: list[str] = field(default_factory=list)  # answered 429 with this Retry-After; "" is none
    down: int = 0  # answered 503
    grows: bool = False  # a large file is another one, and longer, when it is asked for again
    lies: bool = False  # other bytes than the hub's own sum says
    no_ranges: bool = False
    slow_s: float = 0.0  # for each piece of a file
    wants_token: str = ""


@dataclass
class Hub:
    """What it has, and what it was asked."""

    files: dict[str, bytes]
    trouble: Trouble = field(default_factory=Trouble)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, range
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    """One request to the hub of its server."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        hub.asked.append((path, self.headers.get("range", "")))
        hub.headers.append({name.lower(): value for name, value in self.headers.items()})
        name = path.rpartition("/")[2]
        if hub.trouble.full:
            after = hub.trouble.full.pop(0)
            return self._say(429, **({"retry-after": after} if after else {}))
        if hub.trouble.down:
            hub.trouble.down -= 1
            return self._say(503)
        if hub.trouble.wants_token and self.headers.get("authorization") != f"Bearer {hub.trouble.wants_token}":
            return self._say(401) if "/resolve/" in path else self._send(hub.files[name])
        if name not in hub.files:
            return self._say(404)
        data = hub.files[name]
        if "/resolve/" in path and len(data) >= LARGE:
            total = hashlib.sha256(data).hexdigest()
            facts = {"x-repo-commit": COMMIT, "x-linked-etag": f'"{total}"', "x-linked-size": str(len(data))}
            return self._say(302, location=f"{hub.address}/elsewhere/{name}?signature=x", **facts)
        return self._send(data, **({"x-repo-commit": COMMIT} if "/resolve/" in path else {}))

    def _say(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("content-length", "0")
        self.end_headers()

    def _send(self, data: bytes, **headers: str) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        if hub.trouble.lies:
            data = data[:-1] + b"?"
        if hub.trouble.grows and len(hub.asked) > 2:
            data = data + b"more"
        edition = f'"{hashlib.md5(data).hexdigest()}"'
        span = self.headers.get("range", "")
        since = int(span.removeprefix("bytes=").rstrip("-") or 0)
        if hub.trouble.no_ranges or self.headers.get("if-range") != edition:
            since = 0
        self.send_response(206 if since else 200)
        self.send_header("etag", edition)
        if since:
            self.send_header("content-range", f"bytes {since}-{len(data) - 1}/{len(data)}")
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(data) - since))
        self.end_headers()
        broken = bool(hub.trouble.breaks) and len(data) >= LARGE
        most = hub.trouble.breaks.pop(0) if broken else len(data)
        self._write(data[since:][:most], hub.trouble.slow_s)
        if broken:
            self.close_connection = True

    def _write(self, data: bytes, slow_s: float) -> None:
        if not slow_s:
            self.wfile.write(data)
            return
        with suppress(ConnectionError):  # whoever asked was killed
            for at in range(0, len(data), PIECE):
                self.wfile.write(data[at : at + PIECE])
                time.sleep(slow_s)


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Hub]:
    """The hub, for HF_ENDPOINT."""
    hub = Hub(files)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.hub = hub  # type: ignore[attr-defined]
        hub.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hub
        server.shutdown()


def entry(files: dict[str, bytes], sources: list[str], known: bool = True, **more: Any) -> str:
    """A table for a catalogue: a denoise model of these files."""
    sums = {name: hashlib.sha256(data).hexdigest() if known else "" for name, data in files.items()}
    table: dict[str, Any] = {
        "model": "tiny@1",
        "stage": "denoise",
        "backend": "onnx",
        "about": "a test",
        "license": "MIT",
    }
    table |= {"megabytes": 3, "sources": sources, **more}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    listed = "".join(f'"{name}" = "{total}"\n' for name, total in sums.items())
    return f"[tiny]\n{lines}[tiny.sha256]\n{listed}[tiny.options]\nhop = 256\n"
