"""Recordings in buckets that speak S3: listed, and read. Must not know jobs.

Where buckets are, and who asks, stands in the environment, as for any client of S3: AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from obstore import exceptions
from obstore.store import S3Store

from parley.errors import BadInput, Forbidden, Unavailable
from parley.jobs.job import BUCKET

SILENT = timedelta(seconds=30)


def _opened(url: str) -> tuple[S3Store, str]:
    """The bucket, and what is meant in it."""
    parts = urlsplit(url)
    is_plain = any(os.environ.get(name, "").startswith("http://") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
    store = S3Store(
        parts.netloc,
        client_options={"allow_http": is_plain, "timeout": SILENT, "connect_timeout": SILENT},
        retry_config={"max_retries": 2, "retry_timeout": SILENT},
    )
    return store, parts.path.lstrip("/")


async def listed(url: str) -> AsyncGenerator[tuple[str, int]]:
    """Every object whose name begins like this, folder by folder: its address and its bytes."""
    with _in_words(url):
        store, prefix = _opened(url)
        async for found in store.list(prefix or None):
            for each in found:
                yield f"{BUCKET}{urlsplit(url).netloc}/{each['path']}", each["size"]


async def read(url: str, most: int) -> AsyncGenerator[bytes]:
    """The bytes of an object, as they come; refuses one that is larger."""
    with _in_words(url):
        store, key = _opened(url)
        found = await store.get_async(key)
        if found.meta["size"] > most:
            raise BadInput(f"{url} is larger than {most} bytes, which is the most that is fetched.")
        async for piece in found.stream():
            yield bytes(piece)


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, exceptions.NotFoundError, exceptions.InvalidPathError):
        raise BadInput(f"There is no {url}.") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise Forbidden(f"{url} may not be read with the AWS_... credentials of this process.") from None
    except exceptions.BaseError as error:
        raise Unavailable(
            f"{url} cannot be read just now ({str(error).strip().partition(chr(10))[0][:200]})."
        ) from None
