"""Where a job's recording comes from: it was sent, lies on this machine, or is fetched. Must not know the queue.

An address was allowed by its name when the job was submitted. Redirects are not followed.
"""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import httpx

from parley.errors import BadConfig, BadInput, ParleyError, Unavailable
from parley.extras import install, is_installed
from parley.jobs import uploads
from parley.jobs.files import JobFiles
from parley.jobs.job import BUCKET, UPLOAD, WHOLE, Job
from parley.wire import outward
from services.jobs.config import WorkerConfig

NOT_NOW = (408, 425, 429, 500, 502, 503, 504)
SILENT_S = 30.0


class FetchRefused(BadInput):
    """A recording at an address is not one that is fetched."""

    reason = "FETCH_REFUSED"


async def at_hand(job: Job, files: JobFiles, config: WorkerConfig) -> Path:
    """The recording as a file on this machine."""
    if job.source == UPLOAD:
        return files.path(job.id)
    if job.source == WHOLE:
        return files.path(job.parent)
    if job.source.startswith(uploads.PREFIX):
        return await _there(files.path(job.source), f"The file {job.source}")
    if not job.source.startswith(("http://", "https://", BUCKET)):
        return await _there(Path(job.source), job.source)
    if not await asyncio.to_thread(files.path(job.id).exists):  # else an earlier attempt has fetched it
        await _fetch(job, files, config)
    return files.path(job.id)


async def _there(file: Path, name: str) -> Path:
    if not await asyncio.to_thread(file.is_file):
        raise BadInput(f"{name} is not there any more.")
    return file


async def _fetch(job: Job, files: JobFiles, config: WorkerConfig) -> None:
    try:
        with files.adding(job.id) as file:
            async with asyncio.timeout(config.fetch_s):
                await (_object if job.source.startswith(BUCKET) else _download)(job.source, file, config)
    except TimeoutError:
        raise FetchRefused(f"{job.source} did not come within {config.fetch_s:g} s.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{job.source} cannot be fetched ({str(error) or type(error).__name__}).") from None
    files.take_upload(job.id, Path(file.name))


async def _object(url: str, file: BinaryIO, config: WorkerConfig) -> None:
    if not is_installed("obstore"):
        raise BadConfig(f"Buckets are read with an extra: {install('s3')}.")
    from parley.jobs import buckets

    async with aclosing(buckets.read(url, config.fetch_bytes)) as pieces:
        async for piece in pieces:
            file.write(piece)


async def _download(address: str, file: BinaryIO, config: WorkerConfig) -> None:
    url = httpx.URL(address)
    async with (
        outward.client(SILENT_S) as client,
        outward.stream(client, "GET", url, config.private, {"accept-encoding": "identity"}) as answer,
    ):
        _check(url, answer, config.fetch_bytes)
        size = 0
        async for piece in answer.aiter_raw():
            if (size := size + len(piece)) > config.fetch_bytes:
                raise _too_large(url, config.fetch_bytes)
            file.write(piece)
        declared = answer.headers.get("content-length", "")
        if declared.isdecimal() and size != int(declared):
            raise FetchRefused(f"{url} said {declared} bytes and sent {size}.")


def _check(url: httpx.URL, answer: httpx.Response, most: int) -> None:
    if answer.status_code in NOT_NOW:
        raise Unavailable(f"{url} answers {answer.status_code}.")
    if answer.is_redirect:
        where = answer.headers.get("location", "")
        raise FetchRefused(f"{url} leads to {where[:200]}; submit that address, if it may be called.")
    if answer.status_code != 200:
        raise FetchRefused(f"{url} answers {answer.status_code}; check the address.")
    declared = answer.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(url, most)


def _too_large(url: httpx.URL, most: int) -> ParleyError:
    return FetchRefused(f"{url} is larger than {most} bytes, which is the most that is fetched.")
