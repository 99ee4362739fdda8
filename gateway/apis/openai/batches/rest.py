"""OpenAI's Files and Batches APIs. No decisions in them."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import replace

from starlette.responses import FileResponse, JSONResponse, Response

from gateway.apis.openai.batches import shapes
from gateway.apis.openai.batches.lines import ENDPOINTS
from gateway.apis.openai.batches.submitted import Submitted
from gateway.apis.openai.requests import Named
from gateway.caller import Caller
from gateway.http.endpoint import Endpoint, ignored
from gateway.http.fields import Fields
from gateway.jobs import Jobs, session_of
from parley.errors import FieldInvalid
from parley.jobs.uploads import PREFIX, Upload

FILES, BATCHES = "/v1/files", "/v1/batches"
PURPOSES = ("user_data", "batch", "assistants", "fine-tune", "vision", "evals")
MOST_FILES, MOST_BATCHES, USUALLY = 10_000, 100, 20
SOONEST_S, LATEST_S = 3600, 2_592_000
REQUIRED, HEEDED = ("input_file_id", "endpoint", "completion_window"), ("metadata",)  # of a batch
METADATA = (16, 64, 512)  # pairs, letters of a name, of a value
Json = dict[str, object]


class BatchesApi:
    """One method an endpoint."""

    def __init__(self, jobs: Jobs, named: Named) -> None:
        self._jobs, self._submitted = jobs, Submitted(jobs, named)

    def endpoints(self) -> list[Endpoint]:
        """What answers plain requests."""
        served = [
            ("POST", FILES, self.upload),
            ("GET", FILES, self.files),
            ("GET", f"{FILES}/{{id}}", self.file),
            ("DELETE", f"{FILES}/{{id}}", self.delete),
            ("GET", f"{FILES}/{{id}}/content", self.content),
            ("POST", BATCHES, self.create),
            ("GET", BATCHES, self.batches),
            ("GET", f"{BATCHES}/{{id}}", self.batch),
            ("POST", f"{BATCHES}/{{id}}/cancel", self.cancel),
        ]
        return [Endpoint(method, path, handler, shapes.refusal) for method, path, handler in served]

    async def upload(self, fields: Fields, caller: Caller) -> Response:
        """A file is kept."""
        fields.only(("file", "purpose", "expires_after"))
        data, name = fields.file(), fields.name if fields.name.isprintable() and fields.name else "file"
        if not fields.text("purpose"):
            raise FieldInvalid("`purpose` is missing; say batch for lines, user_data for recordings.", field="purpose")
        purpose, keep_s = fields.choice("purpose", PURPOSES), _expires_after(fields)
        upload = Upload(f"{PREFIX}{secrets.token_hex(12)}", self._jobs.owner(caller), purpose, name[:255], len(data))
        upload = replace(upload, session=session_of(caller))
        queue, files = self._jobs.queue, self._jobs.files
        await asyncio.to_thread(files.make, upload.id, data)
        try:
            return JSONResponse(shapes.file(await queue.uploads.add(upload, keep_s)))
        except BaseException:
            files.remove(upload.id)
            raise

    async def files(self, fields: Fields, caller: Caller) -> Response:
        """This key's files."""
        fields.only(("purpose", "limit", "order", "after"))
        most, newest = (
            fields.count("limit", MOST_FILES) or MOST_FILES,
            fields.choice("order", ("desc", "asc")) == "desc",
        )
        asked = (self._jobs.owner(caller), fields.text("purpose"), fields.text("after"), most + 1)
        found = await self._jobs.queue.uploads.page(*asked, newest=newest)
        return _page(map(shapes.file, found), most)

    async def file(self, fields: Fields, caller: Caller) -> Response:
        """One file, without what is in it."""
        return JSONResponse(shapes.file(await self._file(fields, caller)))

    async def content(self, fields: Fields, caller: Caller) -> Response:
        """What is in a file."""
        upload = await self._file(fields, caller)
        return FileResponse(self._jobs.files.path(upload.id), media_type="application/octet-stream")

    async def delete(self, fields: Fields, caller: Caller) -> Response:
        """Nothing is left of a file; jobs that have not read it yet will fail."""
        id_ = fields.text("id")
        await self._jobs.queue.uploads.delete(self._jobs.owner(caller), id_)
        await asyncio.to_thread(self._jobs.files.remove, id_)
        return JSONResponse({"id": id_, "object": "file", "deleted": True})

    async def _file(self, fields: Fields, caller: Caller) -> Upload:
        return await self._jobs.queue.uploads.get(self._jobs.owner(caller), fields.text("id"))

    async def create(self, fields: Fields, caller: Caller) -> Response:
        """A file's lines become jobs."""
        fields.only((*REQUIRED, *HEEDED, "output_expires_after"))
        for name in REQUIRED:
            if not fields.text(name):
                raise FieldInvalid(f"`{name}` is missing.", field=name)
        endpoint = fields.choice("endpoint", ENDPOINTS)
        fields.choice("completion_window", (shapes.WINDOW,))
        batch = await self._submitted.create(fields.text("input_file_id"), endpoint, _metadata(fields), caller)
        return JSONResponse(await self._submitted.shown(batch), headers=ignored(fields, (*REQUIRED, *HEEDED)))

    async def batches(self, fields: Fields, caller: Caller) -> Response:
        """This key's batches, the newest first."""
        fields.only(("limit", "after"))
        most = fields.count("limit", MOST_BATCHES) or USUALLY
        rows = await self._jobs.queue.batches.page(self._jobs.owner(caller), fields.text("after"), most + 1)
        return _page([await self._submitted.shown(row) for row in rows], most)

    async def batch(self, fields: Fields, caller: Caller) -> Response:
        """One batch; where all its jobs have ended, with its files."""
        row = await self._jobs.queue.batches.get(self._jobs.owner(caller), fields.text("id"))
        return JSONResponse(await self._submitted.shown(row))

    async def cancel(self, fields: Fields, caller: Caller) -> Response:
        """Ends what has not ended yet."""
        return JSONResponse(await self._submitted.shown(await self._submitted.cancel(fields.text("id"), caller)))


def _page(objects: Iterable[Json], most: int) -> Response:
    found = list(objects)
    return JSONResponse(shapes.page(found[:most], more=len(found) > most))


def _expires_after(fields: Fields) -> float:
    """Seconds from now; 0: nothing was said."""
    name = "expires_after[seconds]"
    if name not in fields.values:
        return 0.0
    return fields.number(name, SOONEST_S, LATEST_S)


def _metadata(fields: Fields) -> Json:
    given, (pairs, name, value) = fields.values.get("metadata") or {}, METADATA
    if isinstance(given, dict) and len(given) <= pairs:
        texts = {str(k): v for k, v in given.items() if isinstance(v, str) and len(k) <= name and len(v) <= value}
        if len(texts) == len(given):
            return dict(texts)
    message = f"`metadata` must be up to {pairs} pairs of texts, names of {name} letters, values of {value}."
    raise FieldInvalid(message, field="metadata")
