"""An http(s) address -> a file, in pieces that survive an interruption. Must not know what the file is.

What has come lies in NAME.part, and in NAME.part.tag which edition of the file that is: a later call goes on from there
where the server still has the same edition and gives ranges, and else begins anew.
"""

import hashlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from parley.errors import BadInput, Unavailable, UnknownModel
from parley.store.files import check_disk, check_size

Progress = Callable[[int, int | None], None]  # bytes so far, and in all where that is known
TRIES, SILENT_S = 4, 30.0


@dataclass(frozen=True)
class WantedFile:
    """A file to fetch."""

    url: str
    path: Path
    most_bytes: int
    sha256: str = ""  # checked where it is given


class Downloads:
    """One client; each file is tried a few times, each time from where the last one broke off."""

    def __init__(self, progress: Progress = lambda done, total: None, tries: int = TRIES) -> None:
        self._progress, self._tries = progress, tries
        trusted, names = ssl.create_default_context(), {"user-agent": "parley"}
        self._client = httpx.Client(verify=trusted, timeout=SILENT_S, follow_redirects=True, headers=names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.close()

    def fetch(self, wanted: WantedFile) -> bool:
        """Whether the server has the file; then it is at its path, whole."""
        part = _Part(wanted.path)
        for attempt in range(self._tries):
            try:
                if not self._go_on(wanted, part):
                    return False
                break
            except httpx.TransportError as error:
                if attempt == self._tries - 1:
                    failure = f"broke off at {part.size} bytes ({error or type(error).__name__})"
                    raise Unavailable(
                        f"{wanted.url} {failure}; run the command again, and it goes on from there."
                    ) from None
        _check_sum(part, wanted)
        part.finish()
        return True

    def _go_on(self, wanted: WantedFile, part: "_Part") -> bool:
        with _in_words(wanted.url), self._client.stream("GET", wanted.url, headers=part.headers()) as answer:
            if answer.status_code in (404, 410):
                return False
            if answer.status_code == 416:  # it has come whole, or the edition is another one
                return self._after_the_end(wanted, part, answer)
            if answer.status_code not in (200, 206):
                raise Unavailable(
                    f"{wanted.url} answers {answer.status_code} {answer.reason_phrase}; check the address."
                )
            self._take(wanted, part, answer)
        return True

    def _after_the_end(self, wanted: WantedFile, part: "_Part", answer: httpx.Response) -> bool:
        if answer.headers.get("content-range", "") == f"bytes */{part.size}":
            return True
        part.forget()
        return self._go_on(wanted, part)

    def _take(self, wanted: WantedFile, part: "_Part", answer: httpx.Response) -> None:
        begun = part.begin(answer.status_code == 206, answer.headers)
        length = answer.headers.get("content-length", "")
        total = begun + int(length) if length.isdecimal() and "content-encoding" not in answer.headers else None
        check_size(total or 0, wanted.most_bytes, wanted.url)
        check_disk((total or 0) - begun, wanted.path.parent)
        with part.file.open("ab") as file:
            for piece in answer.iter_bytes():
                begun += len(piece)
                check_size(begun, wanted.most_bytes, wanted.url)
                file.write(piece)
                self._progress(begun, total)
        if total is not None and begun != total:
            raise httpx.ReadError(f"{begun} of {total} bytes came")


class _Part:
    """What has come of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file, self._tag = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.tag")

    @property
    def size(self) -> int:
        """Bytes."""
        return self.file.stat().st_size if self.file.exists() else 0

    def headers(self) -> dict[str, str]:
        """How the rest is asked for, of the same edition."""
        tag = self._tag.read_text("utf-8") if self._tag.exists() else ""
        plain = {"accept-encoding": "identity"}
        return plain | {"range": f"bytes={self.size}-", "if-range": tag} if tag and self.size else plain

    def begin(self, goes_on: bool, headers: Mapping[str, str]) -> int:
        """How much there is already; nothing, where all of it comes."""
        if not goes_on:
            self.forget()
            tag = headers.get("etag", "")
            self._tag.write_text(headers.get("last-modified", "") if tag.startswith("W/") or not tag else tag, "utf-8")
        return self.size

    def forget(self) -> None:
        """It was of another edition."""
        self.file.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)

    def finish(self) -> None:
        """All of it is there."""
        self.file.replace(self._path)
        self._tag.unlink(missing_ok=True)


def _check_sum(part: _Part, wanted: WantedFile) -> None:
    if not wanted.sha256:
        return
    with part.file.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != wanted.sha256.lower():
        part.forget()
        raise BadInput(f"{wanted.url} is another file than was asked for: its sha256 is {found}, not {wanted.sha256}.")


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise BadInput(f"{url} cannot be fetched ({error}); write an http(s) address.") from None


def missing(url: str) -> UnknownModel:
    """Nothing is there."""
    return UnknownModel(f"{url} is not there; name the address of a folder, a wheel or a zip.")
