"""A small server that speaks S3: it lists and gives objects to who signs with the right secret, and to nobody else."""

import hashlib
import hmac
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET = "ada", "0123456789"


class S3:
    """One bucket, `calls`, in memory."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects, self.asked = dict(objects), list[str]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self._answer(*outer.answer(self.command, self.path, dict(self.headers.items())))

            def do_HEAD(self) -> None:
                self.do_GET()

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")
                self.send_header("etag", f'"{hashlib.md5(body).hexdigest()}"')
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.env = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": "us-east-1"}
        self.env |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        parts = urlsplit(path)
        if not _is_signed(method, path, {name.lower(): value for name, value in headers.items()}):
            return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if bucket != "calls":
            return 404, b"<Error><Code>NoSuchBucket</Code></Error>"
        if key:
            found = self.objects.get(key)
            return (404, b"<Error><Code>NoSuchKey</Code></Error>") if found is None else (200, found)
        return 200, self._list(dict(parse_qsl(parts.query)))

    def _list(self, asked: Mapping[str, str]) -> bytes:
        """Two a page."""
        names = sorted(name for name in self.objects if name.startswith(asked.get("prefix", "")))
        at = int(asked.get("continuation-token", "0"))
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.objects[name])}</Size>"
            "<LastModified>2026-01-05T10:00:00.000Z</LastModified><ETag>x</ETag></Contents>"
            for name in names[at : at + 2]
        )
        more = f"<NextContinuationToken>{at + 2}</NextContinuationToken>" if at + 2 < len(names) else ""
        return f"<ListBucketResult>{rows}{more}</ListBucketResult>".encode()


def _is_signed(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """By Amazon's fourth version, with our secret."""
    kind, _, said = headers.get("authorization", "").partition(" ")
    fields = dict(each.strip().split("=", 1) for each in said.split(",") if "=" in each)
    if kind != "AWS4-HMAC-SHA256" or not fields.get("Credential", "").startswith(f"{KEY}/"):
        return False
    _, day, region, service, _ = fields["Credential"].split("/")
    names, parts = fields["SignedHeaders"].split(";"), urlsplit(path)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    lines = [f"{name}:{headers.get(name, '').strip()}" for name in names]
    request = [method, parts.path, query, *lines, "", ";".join(names), headers.get("x-amz-content-sha256", "")]
    told = ["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), f"{day}/{region}/{service}/aws4_request"]
    told.append(hashlib.sha256("\n".join(request).encode()).hexdigest())
    key = f"AWS4{SECRET}".encode()
    for each in (day, region, service, "aws4_request"):
        key = hmac.new(key, each.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, "\n".join(told).encode(), hashlib.sha256).hexdigest(), fields["Signature"])
