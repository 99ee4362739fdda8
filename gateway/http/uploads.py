"""A request's body -> fields, within limits of size and time. Must not know what the fields mean."""

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message, Receive

from gateway.access.upload_memory import Reservation
from gateway.http import transcode
from gateway.http.fields import Fields
from parley.budget import Budget
from parley.errors import BadInput, UploadTooLarge, UploadTooSlow

SILENT_S = 30.0  # the longest pause between two pieces of a body
LONGEST_TEXT = 4 << 20  # bytes of a body or form field that is not a file
MOST_FIELDS = 200  # of a form; 128 texts may be among them


async def read(request: Request, most: int, budget: Budget, reservation: Reservation) -> Fields:
    """Everything a request says; what its body says goes before what its query says."""
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise BadInput(f"The body is compressed ({coding}); send it as it is.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    plain = kind != "multipart/form-data" and not _is_raw(kind)
    limited = Request(request.scope, _limited(request, min(most, LONGEST_TEXT) if plain else most, budget, reservation))
    query = folded(request.query_params.multi_items())
    if request.method in ("GET", "HEAD"):
        return Fields(query)
    if _is_raw(kind):
        return Fields(query, await limited.body())
    if kind == "application/json":
        body = await limited.body()
        return Fields(query | (transcode.object_of(body, "body") if body else {}))  # OpenAI's package sends none so
    try:
        return await _form(limited, query, kind)
    except (HTTPException, MultiPartException) as error:
        detail = error.detail if isinstance(error, HTTPException) else error.message
        raise BadInput(f"The form cannot be read ({detail.rstrip('.')}); send one file at most.") from None


def _is_raw(kind: str) -> bool:
    return kind.startswith(("audio/", "video/")) or kind == "application/octet-stream"


def _limited(request: Request, most: int, budget: Budget, reservation: Reservation) -> Receive:
    """The body, refused as soon as it is too large or does not come."""
    seen = 0
    declared = request.headers.get("content-length", "")

    async def receive() -> Message:
        nonlocal seen
        if declared.isdecimal() and int(declared) > most:
            raise _too_large(most)
        try:
            message = await asyncio.wait_for(request.receive(), min(SILENT_S, budget.left))
        except TimeoutError:
            raise UploadTooSlow("The request's body does not arrive; send it faster, or less of it.") from None
        seen += (size := len(message.get("body", b"")))
        if seen > most:
            raise _too_large(most)
        reservation.take(size)
        return message

    return receive


def _too_large(most: int) -> UploadTooLarge:
    return UploadTooLarge(f"The request is too large; send at most {most} bytes.")


class _Held(MultiPartParser):
    """Keeps an uploaded file in memory: on a disk every piece of it would cost a thread's turn."""

    spool_max_size = 0  # never to the disk


async def _form(request: Request, query: dict[str, object], kind: str) -> Fields:
    if kind != "multipart/form-data":
        form = await request.form(max_fields=MOST_FIELDS, max_part_size=LONGEST_TEXT)
        return Fields(query | _texts(form))
    limits = {"max_files": 1, "max_fields": MOST_FIELDS, "max_part_size": LONGEST_TEXT}
    form = await _Held(request.headers, request.stream(), **limits).parse()
    files = [value for value in form.values() if isinstance(value, UploadFile)]
    try:
        if not files:
            return Fields(query | _texts(form))
        return Fields(query | _texts(form), await files[0].read(), files[0].filename or "")
    finally:
        await form.close()


def _texts(form: FormData) -> dict[str, object]:
    return folded((key, value) for key, value in form.multi_items() if isinstance(value, str))


def folded(items: Iterable[tuple[str, Any]]) -> dict[str, object]:
    """Names and values; a name that is given more than once has a list."""
    found: dict[str, object] = {}
    for key, value in items:
        before = found.get(key)
        found[key] = value if key not in found else [*(before if isinstance(before, list) else [before]), value]
    return found
