"""An http(s) address -> a file, in pieces that survive an interruption. Must not know what the file is.

What has come lies in NAME.part, and in NAME.part.tag which edition of the file that is: a later call goes on from there
where the server still has the same edition and gives ranges, and else begins anew.
"""

import hashlib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from parley.errors import BadInput, Forbidden, OtherBytes, Unavailable, UnknownModel
from parley.store.files import check_disk, check_size, writing

Progress = Callable[[int, int | None], None]  # bytes so far, and in all where that is known
TRIES, SILENT_S = 4, 30.0
PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # before a server that is full or broken is asked again
GETS_ON = 1 << 20  # bytes: a try that brings so many is none that failed
NOT_NOW = (408, 429, 500, 502, 503, 504)
Facts = Mapping[str, str]  # what the server said of a file: headers, those of redirects included


@dataclass(frozen=True)
class WantedFile:
    """A file to fetch."""

    url: str
    path: Path
    most_bytes: int
    sha256: str = ""  # checked where it is given
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # e.g. a token; not shown to other hosts


class _NotNow(httpx.TransportError):
    """The server asks for patience."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.reason_phrase}")
        self.pause_s = _asked_pause_s(answer.headers)


class Downloads:
    """One client; each file is tried a few times, each time from where the last one broke off."""

    def __init__(
        self,
        progress: Progress = lambda done, total: None,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._progress, self._tries, self._sleep = progress, tries, sleep
        trusted, names = ssl.create_default_context(), {"user-agent": "parley"}
        self._client = httpx.Client(verify=trusted, timeout=SILENT_S, follow_redirects=True, headers=names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.close()

    def fetch(self, wanted: WantedFile) -> Facts | None:
        """What the server says of the file, which then is at its path, whole; None: the server does not have it."""
        part, failures = _Part(wanted.path), 0
        while True:
            before = part.size
            try:
                if (facts := self._go_on(wanted, part)) is None:
                    return None
                break
            except httpx.TransportError as error:
                failures = 1 if part.size >= before + GETS_ON else failures + 1
                self._give_up_or_wait(wanted, part, error, failures)
        _check_sum(part, wanted)
        part.finish()
        return facts

    def _give_up_or_wait(self, wanted: WantedFile, part: "_Part", error: httpx.TransportError, failures: int) -> None:
        pause_s = error.pause_s if isinstance(error, _NotNow) else 0.0
        if failures >= self._tries or pause_s > LONGEST_PAUSE_S:
            fault = str(error) or type(error).__name__
            kept = f"broke off at {part.size} bytes ({fault}); run the command again, and it goes on from there."
            why = kept if part.size else f"cannot be had now ({fault}); try again later, or name another source."
            raise Unavailable(f"{wanted.url} {why}", retry_s=pause_s or None) from None
        self._sleep(pause_s)

    def _go_on(self, wanted: WantedFile, part: "_Part") -> Facts | None:
        headers = {**wanted.headers, **part.headers()}
        with _in_words(wanted.url), self._client.stream("GET", wanted.url, headers=headers) as answer:
            if answer.status_code in (404, 410):
                return None
            if answer.status_code in NOT_NOW:
                raise _NotNow(answer)
            if answer.status_code == 416:  # it has come whole, or the edition is another one
                return self._after_the_end(wanted, part, answer)
            if answer.status_code in (401, 403):
                raise Forbidden(f"{wanted.url} answers {answer.status_code}; set HF_TOKEN, or accept its terms there.")
            if answer.status_code not in (200, 206):
                raise Unavailable(
                    f"{wanted.url} answers {answer.status_code} {answer.reason_phrase}; check the address."
                )
            self._take(wanted, part, answer)
            return _facts(answer)

    def _after_the_end(self, wanted: WantedFile, part: "_Part", answer: httpx.Response) -> Facts | None:
        if answer.headers.get("content-range", "") == f"bytes */{part.size}":
            return _facts(answer)
        part.forget()
        return self._go_on(wanted, part)

    def _take(self, wanted: WantedFile, part: "_Part", answer: httpx.Response) -> None:
        begun = part.begin(answer)
        length = answer.headers.get("content-length", "")
        total = begun + int(length) if length.isdecimal() and "content-encoding" not in answer.headers else None
        check_size(total or 0, wanted.most_bytes, wanted.url)
        check_disk((total or 0) - begun, wanted.path.parent)
        with writing(part.file, wanted.url), part.file.open("ab") as file:
            for piece in answer.iter_bytes():
                begun += len(piece)
                check_size(begun, wanted.most_bytes, wanted.url)
                file.write(piece)
                self._progress(begun, total)
        if total is not None and begun != total:
            raise httpx.ReadError(f"{begun} of {total} bytes came")


def _facts(answer: httpx.Response) -> Facts:
    """Headers in small letters; what a hub says of a file stands in its redirect, which the file's own host repeats."""
    found: dict[str, str] = {}
    for each in (answer, *reversed(answer.history)):
        found |= {name.lower(): value for name, value in each.headers.items()}
    return found


def _asked_pause_s(headers: httpx.Headers) -> float:
    """Retry-After in its two forms, a date by the server's own clock; else a second."""
    after = headers.get("retry-after", "").strip()
    if after.isdecimal():
        return float(after)
    with suppress(TypeError, ValueError):
        until, now = parsedate_to_datetime(after), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    return PAUSE_S


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

    def begin(self, answer: httpx.Response) -> int:
        """How much there is already; nothing, where all of it comes."""
        if answer.status_code != 206:
            self.forget()
            tag, since = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
            self._tag.write_text(since if tag.startswith("W/") or not tag else tag, "utf-8")
        elif not answer.headers.get("content-range", f"bytes {self.size}-").startswith(f"bytes {self.size}-"):
            self.forget()
            raise httpx.ReadError("the server sent another part of the file than the one that is missing")
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
        raise OtherBytes(
            f"{wanted.url} is another file than was asked for: its sha256 is {found}, not {wanted.sha256}."
        )


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise BadInput(f"{url} cannot be fetched ({error}); write an http(s) address.") from None


def missing(url: str) -> UnknownModel:
    """Nothing is there."""
    return UnknownModel(f"{url} is not there; name the address of a folder, a wheel or a zip.")
